//! Known values spread smoothly into the places where nothing is known: an image pyramid pulled up and pushed down.

use rayon::prelude::*;

/// Three values and how much is known of them: 1 is all, 0 nothing.
pub(crate) type Known = [f32; 4];

/// Fills every pixel whose last number is less than 1 from its surroundings, near ones first. Where nothing at all
/// is known, the values stay.
pub(crate) fn spread(pixels: &mut [Known], width: usize, height: usize) {
    if width * height <= 1 {
        return;
    }
    let (small_width, small_height) = (width.div_ceil(2), height.div_ceil(2));
    let mut small = vec![[0.0; 4]; small_width * small_height];
    small.par_chunks_mut(small_width).enumerate().for_each(|(y, row)| {
        for (x, pixel) in row.iter_mut().enumerate() {
            let mut sum = [0.0; 4];
            for source_y in 2 * y..(2 * y + 2).min(height) {
                for source in &pixels[source_y * width + 2 * x..source_y * width + (2 * x + 2).min(width)] {
                    for channel in 0..3 {
                        sum[channel] += source[channel] * source[3];
                    }
                    sum[3] += source[3];
                }
            }
            if sum[3] > 0.0 {
                *pixel = [sum[0] / sum[3], sum[1] / sum[3], sum[2] / sum[3], sum[3].min(1.0)];
            }
        }
    });
    spread(&mut small, small_width, small_height);
    pixels.par_chunks_mut(width).enumerate().for_each(|(y, row)| {
        for (x, pixel) in row.iter_mut().enumerate().filter(|(_, pixel)| pixel[3] < 1.0) {
            let coarse = bilinear(&small, small_width, small_height, x, y);
            let known = pixel[3];
            for channel in 0..3 {
                pixel[channel] = pixel[channel] * known + coarse[channel] * (1.0 - known);
            }
            pixel[3] = known.max(coarse[3]);
        }
    });
}

/// The value of a grid of half the size, at pixel `(x, y)` of the full one.
fn bilinear(small: &[Known], width: usize, height: usize, x: usize, y: usize) -> Known {
    let place = |at: usize, count: usize| {
        let position = (at as f32 * 0.5 - 0.25).clamp(0.0, (count - 1) as f32);
        let low = position as usize;
        (low, (low + 1).min(count - 1), position - low as f32)
    };
    let ((left, right, across), (top, bottom, down)) = (place(x, width), place(y, height));
    let mut mixed = [0.0; 4];
    let corners = [
        (left, top, (1.0 - across) * (1.0 - down)),
        (right, top, across * (1.0 - down)),
        (left, bottom, (1.0 - across) * down),
        (right, bottom, across * down),
    ];
    for (x, y, share) in corners {
        for (sum, value) in mixed.iter_mut().zip(small[y * width + x]) {
            *sum += value * share;
        }
    }
    mixed
}

/// A cell's values at a pixel, by straight lines between the cells' middles.
pub(crate) fn between_cells(
    cells: &[Known],
    [across, down]: [usize; 2],
    cell_px: usize,
    [x, y]: [usize; 2],
) -> [f32; 3] {
    let place = |at: usize, cells: usize| {
        let position = ((at as f32 + 0.5) / cell_px as f32 - 0.5).clamp(0.0, (cells - 1) as f32);
        (position as usize, (position as usize + 1).min(cells - 1), position.fract())
    };
    let ((left, right, share_x), (top, bottom, share_y)) = (place(x, across), place(y, down));
    [0, 1, 2].map(|channel| {
        let at = |x: usize, y: usize| cells[y * across + x][channel];
        let upper = at(left, top) + (at(right, top) - at(left, top)) * share_x;
        let lower = at(left, bottom) + (at(right, bottom) - at(left, bottom)) * share_x;
        upper + (lower - upper) * share_y
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_stays_and_a_gap_lies_between_its_borders() {
        let (width, height) = (37, 11);
        let mut pixels: Vec<Known> = (0..width * height)
            .map(|index| {
                let x = index % width;
                let value = if x < 10 { 0.2 } else { 0.8 };
                if (10..30).contains(&x) { [9.0, 9.0, 9.0, 0.0] } else { [value, 0.5, 1.0 - value, 1.0] }
            })
            .collect();
        let before = pixels.clone();
        spread(&mut pixels, width, height);
        for (now, before) in pixels.iter().zip(&before) {
            if before[3] > 0.0 {
                assert_eq!(now.map(f32::to_bits), before.map(f32::to_bits));
            } else {
                assert!((0.19..=0.81).contains(&now[0]) && (now[1] - 0.5).abs() < 1e-5 && now[3] > 0.99, "{now:?}");
            }
        }
        assert!(pixels[5 * width + 11][0] < pixels[5 * width + 28][0]);
    }
}
