//! Closed outlines as pixels: rectangle, lasso and polygon, anti-aliased.

use super::PixelRect;

/// An outline's inside: one byte a pixel of `rect`, row by row, 255 for wholly inside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShapeCover {
    pub rect: PixelRect,
    pub values: Vec<u8>,
}

impl ShapeCover {
    /// One row's values.
    ///
    /// # Panics
    /// When `y` lies outside `rect`.
    #[must_use]
    pub fn row(&self, y: u32) -> &[u8] {
        let width = self.rect.width() as usize;
        &self.values[(y - self.rect.top) as usize * width..][..width]
    }
}

/// Rows are cut into so many lines; along a line the cover is exact.
const LINES_PER_ROW: u32 = 8;

/// The rectangle between two corners, on whole pixels: every pixel that it touches.
#[must_use]
pub fn rectangle(a: [f32; 2], b: [f32; 2], width: u32, height: u32) -> ShapeCover {
    let range = |axis: usize, side: u32| {
        let low = a[axis].min(b[axis]).floor().clamp(0.0, side as f32);
        let high = a[axis].max(b[axis]).ceil().clamp(0.0, side as f32);
        (low as u32, high as u32)
    };
    let ((left, right), (top, bottom)) = (range(0, width), range(1, height));
    let rect = PixelRect::new(left, top, right, bottom);
    ShapeCover { rect, values: vec![255; rect.width() as usize * rect.height() as usize] }
}

/// The inside of a closed line through `corners`; what it runs around several times is inside too.
///
/// Corners are in pixels, from the plane's upper left corner, and may lie outside the plane.
#[must_use]
pub fn polygon(corners: &[[f32; 2]], width: u32, height: u32) -> ShapeCover {
    let usable = corners.len() >= 3 && corners.iter().flatten().all(|value| value.is_finite());
    let rect = if usable { bounds(corners, width, height) } else { PixelRect::default() };
    let mut values = vec![0; rect.width() as usize * rect.height() as usize];
    if rect.is_empty() {
        return ShapeCover { rect: PixelRect::default(), values: Vec::new() };
    }
    let mut sums = vec![0.0f32; rect.width() as usize];
    let mut crossings = Vec::new();
    for (y, row) in (rect.top..rect.bottom).zip(values.chunks_exact_mut(rect.width() as usize)) {
        sums.fill(0.0);
        for line in 0..LINES_PER_ROW {
            let at = y as f32 + (line as f32 + 0.5) / LINES_PER_ROW as f32;
            cross(corners, at, &mut crossings);
            add_inside(&crossings, rect, &mut sums);
        }
        for (value, sum) in row.iter_mut().zip(&sums) {
            *value = (sum * 255.0 / LINES_PER_ROW as f32 + 0.5).clamp(0.0, 255.0) as u8;
        }
    }
    ShapeCover { rect, values }
}

fn bounds(corners: &[[f32; 2]], width: u32, height: u32) -> PixelRect {
    let range = |axis: usize, side: u32| {
        let (low, high) = corners.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), corner| {
            (low.min(corner[axis]), high.max(corner[axis]))
        });
        (low.floor().clamp(0.0, side as f32) as u32, high.ceil().clamp(0.0, side as f32) as u32)
    };
    let ((left, right), (top, bottom)) = (range(0, width), range(1, height));
    let rect = PixelRect::new(left, top, right, bottom);
    if rect.is_empty() { PixelRect::default() } else { rect }
}

/// Where the outline crosses the height `at`, from left to right, and whether upwards or downwards.
fn cross(corners: &[[f32; 2]], at: f32, crossings: &mut Vec<(f32, i32)>) {
    crossings.clear();
    let next = corners.iter().cycle().skip(1);
    for (from, to) in corners.iter().zip(next) {
        let (high, low) = (from[1] <= at, to[1] <= at);
        if high != low {
            let share = (at - from[1]) / (to[1] - from[1]);
            crossings.push((from[0] + share * (to[0] - from[0]), if low { -1 } else { 1 }));
        }
    }
    crossings.sort_by(|a, b| a.0.total_cmp(&b.0));
}

fn add_inside(crossings: &[(f32, i32)], rect: PixelRect, sums: &mut [f32]) {
    let mut winding = 0;
    for pair in crossings.windows(2) {
        winding += pair[0].1;
        if winding != 0 {
            let within = |x: f32| (x - rect.left as f32).clamp(0.0, sums.len() as f32);
            add_span(within(pair[0].0), within(pair[1].0), sums);
        }
    }
}

fn add_span(start: f32, end: f32, sums: &mut [f32]) {
    if end <= start {
        return;
    }
    let (first, last) = (start as usize, (end.ceil() as usize).min(sums.len()));
    for (index, sum) in sums[first..last].iter_mut().enumerate() {
        let left = (first + index) as f32;
        *sum += end.min(left + 1.0) - start.max(left);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(cover: &ShapeCover) -> f64 {
        cover.values.iter().map(|value| f64::from(*value) / 255.0).sum()
    }

    #[test]
    fn an_inside_has_the_area_of_its_outline() {
        let slanted = polygon(&[[10.0, 3.0], [50.0, 20.0], [22.0, 44.0]], 64, 64);
        assert!((area(&slanted) - 718.0).abs() < 3.0, "{}", area(&slanted));
        let half = polygon(&[[2.5, 2.0], [6.5, 2.0], [6.5, 4.0], [2.5, 4.0]], 16, 16);
        assert_eq!(half.rect, PixelRect::new(2, 2, 7, 4));
        assert_eq!(half.row(3), [128, 255, 255, 255, 128]);
    }

    #[test]
    fn a_lasso_that_crosses_itself_or_leaves_the_canvas_is_filled() {
        // Twice around the same square, and a part of it outside.
        let square = [[-5.0, 2.0], [6.0, 2.0], [6.0, 8.0], [-5.0, 8.0]];
        let twice: Vec<[f32; 2]> = square.iter().chain(&square).copied().collect();
        let cover = polygon(&twice, 10, 10);
        assert_eq!((cover.rect, area(&cover) as u32), (PixelRect::new(0, 2, 6, 8), 36));
    }

    #[test]
    fn nothing_comes_of_too_few_corners_or_of_none_in_sight() {
        for corners in [&[[1.0, 1.0], [5.0, 5.0]][..], &[[90.0, 90.0], [95.0, 90.0], [90.0, 99.0]]] {
            assert!(polygon(corners, 10, 10).rect.is_empty());
        }
        assert!(polygon(&[[f32::NAN, 0.0], [5.0, 0.0], [0.0, 5.0]], 10, 10).rect.is_empty());
    }

    #[test]
    fn a_rectangle_takes_every_pixel_it_touches() {
        let cover = rectangle([7.2, 3.9], [1.1, 2.0], 9, 9);
        assert_eq!(cover.rect, PixelRect::new(1, 2, 8, 4));
        assert!(cover.values.iter().all(|value| *value == 255));
    }
}
