//! A round brush: how much of every pixel one straight piece of a stroke covers.
//!
//! The piece is measured as a whole, not stamped dot by dot, so a quick stroke leaves no gaps and a slow one no beads.

use rayon::prelude::*;

use super::{MaskPlane, PixelRect};

/// Pieces of this many pixels are shared among the cores.
const SHARED_FROM_PX: u32 = 1 << 16;
/// Pixels of a row that are looked at together.
const STRIDE: usize = 64;

/// The shape of the tip, at full pressure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Brush {
    pub diameter_px: f32,
    /// 0 fades from the middle on, 1 has a sharp (anti-aliased) edge.
    pub hardness: f32,
    /// 0 to 1: what a stroke covers at most, however often it crosses itself.
    pub opacity: f32,
}

/// One position of the pointer. Pixels are squares: the first one's middle is at 0.5, 0.5.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BrushPoint {
    pub x: f32,
    pub y: f32,
    /// Share of the diameter, 0 to 1: a pen's pressure, or 1.
    pub size: f32,
    /// Share of the opacity, 0 to 1.
    pub opacity: f32,
}

impl BrushPoint {
    /// At full pressure.
    #[must_use]
    pub fn at(x: f32, y: f32) -> Self {
        Self { x, y, size: 1.0, opacity: 1.0 }
    }

    fn is_usable(self) -> bool {
        [self.x, self.y, self.size, self.opacity].iter().all(|value| value.is_finite())
    }
}

impl Brush {
    pub const MAX_DIAMETER_PX: f32 = 1000.0;

    /// Raises `coverage` along the straight way between two points and returns what was raised.
    pub fn cover(&self, from: BrushPoint, to: BrushPoint, coverage: &mut MaskPlane) -> Covered {
        if !from.is_usable() || !to.is_usable() {
            return Covered::default();
        }
        let piece = Piece::new(self, from, to);
        let rect = piece.bounds(coverage.width(), coverage.height());
        if rect.is_empty() {
            return Covered::default();
        }
        let width = coverage.width() as usize;
        let cover_row = |(index, row): (usize, &mut [u8])| {
            let y = rect.top + index as u32;
            let (start, end) = piece.span(y, rect);
            if start < end { piece.cover_row(y, start, &mut row[start as usize..end as usize]) } else { (0, 0) }
        };
        let rows = &mut coverage.values_mut()[rect.top as usize * width..rect.bottom as usize * width];
        let changed = if rect.width() * rect.height() < SHARED_FROM_PX {
            rows.chunks_exact_mut(width).enumerate().map(cover_row).collect()
        } else {
            rows.par_chunks_exact_mut(width).enumerate().map(cover_row).collect()
        };
        Covered::new(rect.top, changed)
    }
}

/// What a piece has raised, to within a few pixels: a large brush that moves a little changes little.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Covered {
    /// Around all of it.
    pub rect: PixelRect,
    /// First column and the one behind the last, for each row of `rect`; two equal ones where nothing was raised.
    rows: Vec<(u32, u32)>,
}

impl Covered {
    /// All of a rectangle.
    #[must_use]
    pub fn all_of(rect: PixelRect) -> Self {
        Self { rect, rows: vec![(rect.left, rect.right); rect.height() as usize] }
    }

    fn new(top: u32, mut rows: Vec<(u32, u32)>) -> Self {
        let is_raised = |row: &(u32, u32)| row.0 < row.1;
        let Some(first) = rows.iter().position(is_raised) else { return Self::default() };
        let last = rows.iter().rposition(is_raised).unwrap_or(first);
        rows.truncate(last + 1);
        rows.drain(..first);
        let raised = rows.iter().filter(|row| is_raised(row));
        let (left, right) = raised.fold((u32::MAX, 0), |all, row| (all.0.min(row.0), all.1.max(row.1)));
        let top = top + first as u32;
        Self { rect: PixelRect::new(left, top, right, top + rows.len() as u32), rows }
    }

    /// The part of a row of `within` that was raised.
    #[must_use]
    pub fn span(&self, y: u32, within: PixelRect) -> Option<std::ops::Range<usize>> {
        let (first, end) = *self.rows.get(y.checked_sub(self.rect.top)? as usize)?;
        let (first, end) = (first.max(within.left), end.min(within.right));
        (first < end).then_some(first as usize..end as usize)
    }
}

/// A straight piece whose thickness and opacity run evenly from one end to the other.
struct Piece {
    from: [f32; 2],
    along: [f32; 2],
    /// 1 / length², 0 for a dot.
    inverse_length2: f32,
    /// Where nothing is covered any more, at both ends.
    outer: [f32; 2],
    /// 1 / width of the fading edge, at both ends.
    inverse_edge: [f32; 2],
    /// 0 to 255, at both ends.
    level: [f32; 2],
}

impl Piece {
    fn new(brush: &Brush, from: BrushPoint, to: BrushPoint) -> Self {
        let along = [to.x - from.x, to.y - from.y];
        let length2 = along[0] * along[0] + along[1] * along[1];
        let radius = |point: BrushPoint| {
            let diameter = brush.diameter_px.clamp(1.0, Brush::MAX_DIAMETER_PX) * point.size.clamp(0.0, 1.0);
            diameter.max(1.0) / 2.0
        };
        let radii = [radius(from), radius(to)];
        let softness = 1.0 - brush.hardness.clamp(0.0, 1.0);
        let level = |point: BrushPoint| 255.0 * brush.opacity.clamp(0.0, 1.0) * point.opacity.clamp(0.0, 1.0);
        Self {
            from: [from.x, from.y],
            along,
            inverse_length2: if length2 > 1e-9 { 1.0 / length2 } else { 0.0 },
            // Half a pixel beyond the edge: that is what makes it smooth.
            outer: radii.map(|radius| radius + 0.5),
            inverse_edge: radii.map(|radius| 1.0 / (radius * softness + 1.0)),
            level: [level(from), level(to)],
        }
    }

    fn reach(&self) -> f32 {
        self.outer[0].max(self.outer[1])
    }

    fn bounds(&self, width: u32, height: u32) -> PixelRect {
        let reach = self.reach();
        let range = |axis: usize, side: u32| {
            let end = self.from[axis] + self.along[axis];
            let low = (self.from[axis].min(end) - reach).floor().clamp(0.0, side as f32);
            let high = (self.from[axis].max(end) + reach).ceil().clamp(0.0, side as f32);
            (low as u32, high as u32)
        };
        let ((left, right), (top, bottom)) = (range(0, width), range(1, height));
        PixelRect::new(left, top, right, bottom)
    }

    /// The part of a row that the piece can reach: a long slanted stroke crosses each row only briefly.
    fn span(&self, y: u32, rect: PixelRect) -> (u32, u32) {
        let reach = self.reach();
        let below = y as f32 + 0.5 - self.from[1];
        let [dx, dy] = self.along;
        let (first, last) = if dy.abs() > 1e-6 {
            let (a, b) = ((below - reach) / dy, (below + reach) / dy);
            (a.min(b).clamp(0.0, 1.0), a.max(b).clamp(0.0, 1.0))
        } else {
            (0.0, 1.0)
        };
        let (a, b) = (self.from[0] + first * dx, self.from[0] + last * dx);
        let low = (a.min(b) - reach).floor().clamp(rect.left as f32, rect.right as f32);
        let high = (a.max(b) + reach).ceil().clamp(rect.left as f32, rect.right as f32);
        (low as u32, high as u32)
    }

    /// Returns the columns that were raised, to within a few; two equal ones for none.
    fn cover_row(&self, y: u32, start: u32, row: &mut [u8]) -> (u32, u32) {
        let most = (self.level[0].max(self.level[1]) + 0.5) as i32 as u8;
        let mut raised = (0, 0);
        for (index, pixels) in row.chunks_mut(STRIDE).enumerate() {
            // Where the brush has been before there is nothing left to raise.
            if pixels.iter().all(|value| *value >= most) {
                continue;
            }
            let first = start + (index * STRIDE) as u32;
            if self.cover_pixels(y, first, pixels) {
                let begin = if raised.0 < raised.1 { raised.0 } else { first };
                raised = (begin, first + pixels.len() as u32);
            }
        }
        raised
    }

    /// Returns whether any was raised.
    fn cover_pixels(&self, y: u32, start: u32, row: &mut [u8]) -> bool {
        let below = y as f32 + 0.5 - self.from[1];
        let left = start as f32 + 0.5 - self.from[0];
        let [dx, dy] = self.along;
        let mix = |ends: [f32; 2], share: f32| ends[0] + (ends[1] - ends[0]) * share;
        let mut raised = 0;
        for (index, value) in row.iter_mut().enumerate() {
            let right = left + index as f32;
            let share = ((right * dx + below * dy) * self.inverse_length2).clamp(0.0, 1.0);
            let (off_x, off_y) = (right - share * dx, below - share * dy);
            let distance = (off_x * off_x + off_y * off_y).sqrt();
            let edge = ((mix(self.outer, share) - distance) * mix(self.inverse_edge, share)).clamp(0.0, 1.0);
            let smooth = edge * edge * (3.0 - 2.0 * edge);
            let level = (smooth * mix(self.level, share) + 0.5) as i32 as u8;
            let before = *value;
            *value = before.max(level);
            raised |= before ^ *value;
        }
        raised != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn brush(diameter_px: f32) -> Brush {
        Brush { diameter_px, hardness: 1.0, opacity: 1.0 }
    }

    fn sum(plane: &MaskPlane) -> f64 {
        plane.values().iter().map(|value| f64::from(*value) / 255.0).sum()
    }

    #[test]
    fn a_dot_is_as_large_as_the_brush_says_and_round() {
        for diameter in [1.0, 9.0, 40.0] {
            let mut plane = MaskPlane::empty(64, 64);
            brush(diameter).cover(BrushPoint::at(32.5, 32.5), BrushPoint::at(32.5, 32.5), &mut plane);
            let wanted = std::f64::consts::PI * f64::from(diameter * diameter) / 4.0;
            let found = sum(&plane);
            assert!((found - wanted).abs() < wanted * 0.03 + 0.3, "{diameter}: {found} for {wanted}");
            let transposed: Vec<u8> = (0..64 * 64).map(|at| plane.row(at % 64)[at as usize / 64]).collect();
            assert_eq!(plane.values(), transposed, "as wide as high");
        }
    }

    #[test]
    fn a_stroke_in_many_pieces_is_the_stroke_in_one() {
        let tip = Brush { diameter_px: 15.0, hardness: 0.4, opacity: 0.7 };
        let (mut whole, mut pieces) = (MaskPlane::empty(90, 60), MaskPlane::empty(90, 60));
        tip.cover(BrushPoint::at(10.0, 10.0), BrushPoint::at(80.0, 45.0), &mut whole);
        let at = |step: u8| BrushPoint::at(10.0 + 7.0 * f32::from(step), 10.0 + 3.5 * f32::from(step));
        for step in 0..10 {
            tip.cover(at(step), at(step + 1), &mut pieces);
        }
        for (a, b) in whole.values().iter().zip(pieces.values()) {
            assert!(a.abs_diff(*b) <= 1, "{a} and {b}");
        }
        assert_eq!(whole.values().iter().max(), Some(&179), "never more than the opacity");
    }

    #[test]
    fn what_is_painted_lies_in_the_rectangle_that_is_returned() {
        let mut plane = MaskPlane::empty(100, 80);
        let rect = brush(21.0).cover(BrushPoint::at(-30.0, 5.0), BrushPoint::at(70.0, 90.0), &mut plane).rect;
        let bounds = plane.bounds().unwrap();
        assert_eq!(bounds.union(rect), rect);
        assert!(bounds.left == 0 && bounds.bottom == 80, "a stroke may leave the canvas: {bounds:?}");
    }

    #[test]
    fn pressure_narrows_a_stroke_and_a_soft_edge_fades() {
        let mut plane = MaskPlane::empty(120, 60);
        let light = BrushPoint { size: 0.2, ..BrushPoint::at(100.0, 30.0) };
        brush(40.0).cover(BrushPoint::at(20.0, 30.0), light, &mut plane);
        let height = |x: usize| (0..60).filter(|y| plane.row(*y)[x] > 127).count();
        assert!(height(20) >= 39 && height(99) <= 10, "{} {}", height(20), height(99));

        let mut soft = MaskPlane::empty(60, 60);
        let tip = Brush { hardness: 0.0, ..brush(40.0) };
        tip.cover(BrushPoint::at(30.5, 30.5), BrushPoint::at(30.5, 30.5), &mut soft);
        let row = soft.row(30);
        assert!(
            row[30] > 250 && row[30..50].windows(2).all(|pair| pair[0] >= pair[1]) && row[40] < 200 && row[40] > 60,
            "{row:?}"
        );
    }

    #[test]
    fn a_point_that_is_nowhere_paints_nothing() {
        let mut plane = MaskPlane::empty(8, 8);
        assert!(brush(5.0).cover(BrushPoint::at(f32::NAN, 0.0), BrushPoint::at(4.0, 4.0), &mut plane).rect.is_empty());
        brush(5.0).cover(BrushPoint::at(1e30, 1e30), BrushPoint::at(-1e9, 1e9), &mut plane);
        assert!(MaskPlane::empty(0, 0).is_empty());
        brush(5.0).cover(BrushPoint::at(0.0, 0.0), BrushPoint::at(1.0, 1.0), &mut MaskPlane::empty(0, 0));
    }
}
