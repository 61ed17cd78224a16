//! Growing and shrinking by true discs, exact for grey values too.
//!
//! A disc is a stack of row spans. The largest value of any span comes from two overlapping windows whose lengths are
//! powers of two, so the inner loops are plain maxima of two rows, which the compiler vectorises.

use std::iter;

use rayon::prelude::*;

use super::{MaskPlane, PixelRect};

impl MaskPlane {
    /// Each pixel becomes the largest value within `radius_px` (Euclidean distance, the rim included).
    #[must_use]
    pub fn grown(&self, radius_px: u32) -> Self {
        match self.bounds() {
            Some(bounds) if radius_px > 0 => self.grown_around(bounds, radius_px),
            _ => self.clone(),
        }
    }

    /// Each pixel becomes the smallest value within `radius_px`. Beyond the picture's edge everything counts as
    /// painted, so a mask that reaches the edge keeps reaching it.
    #[must_use]
    pub fn shrunk(&self, radius_px: u32) -> Self {
        let mut outside = self.clone();
        outside.invert();
        let mut shrunk = outside.grown(radius_px);
        shrunk.invert();
        shrunk
    }

    /// Larger by `pixels`, or smaller when they are negative.
    #[must_use]
    pub fn resized_by(&self, pixels: i32) -> Self {
        if pixels < 0 { self.shrunk(pixels.unsigned_abs()) } else { self.grown(pixels.unsigned_abs()) }
    }

    fn grown_around(&self, bounds: PixelRect, radius_px: u32) -> Self {
        // No two pixels are further apart than this.
        let radius = radius_px.min(self.width().max(self.height()) * 2) as usize;
        let width = self.width() as usize;
        let mut grown = Self::empty(self.width(), self.height());
        let first = (bounds.top as usize).saturating_sub(radius);
        let end = (bounds.bottom as usize + radius).min(self.height() as usize);
        let band_rows = (end - first).div_ceil(rayon::current_num_threads()).max(1);
        let bands = grown.values_mut()[first * width..end * width].par_chunks_mut(band_rows * width).enumerate();
        bands.for_each(|(band, rows)| {
            let top = first + band * band_rows;
            let height = rows.len() / width;
            let sources = top.saturating_sub(radius).max(bounds.top as usize)
                ..(top + height + radius).min(bounds.bottom as usize);
            let mut windows = Windows::new(width, radius);
            for source in sources {
                windows.read(self.row(source as u32));
                let reached = source.saturating_sub(radius).max(top)..(source + radius + 1).min(top + height);
                for target in reached {
                    let half = half_span(radius, source.abs_diff(target));
                    windows.add_to(&mut rows[(target - top) * width..][..width], half);
                }
            }
        });
        grown
    }
}

/// The disc's half width so many rows from its centre.
fn half_span(radius: usize, rows_off: usize) -> usize {
    (radius * radius - rows_off * rows_off).isqrt()
}

/// A row's largest values over windows of 1, 2, 4, … pixels, each beginning at its place; `radius` pixels of nothing
/// on both sides.
struct Windows {
    radius: usize,
    levels: Vec<Vec<u8>>,
}

impl Windows {
    fn new(width: usize, radius: usize) -> Self {
        let levels = (2 * radius + 1).ilog2() as usize + 1;
        Self { radius, levels: vec![vec![0; width + 2 * radius]; levels] }
    }

    fn read(&mut self, row: &[u8]) {
        self.levels[0][self.radius..][..row.len()].copy_from_slice(row);
        for level in 1..self.levels.len() {
            let (finer, coarser) = self.levels.split_at_mut(level);
            let finer = &finer[level - 1];
            let later = finer[1 << (level - 1)..].iter().chain(iter::repeat(&0));
            for ((target, begin), later) in coarser[0].iter_mut().zip(finer).zip(later) {
                *target = *begin.max(later);
            }
        }
    }

    /// Raises each pixel of `target` to the largest value within `half` pixels to its left and right.
    fn add_to(&self, target: &mut [u8], half: usize) {
        let level = (2 * half + 1).ilog2() as usize;
        let windows = &self.levels[level];
        let left = &windows[self.radius - half..];
        let right = &windows[self.radius + half + 1 - (1 << level)..];
        for ((target, left), right) in target.iter_mut().zip(left).zip(right) {
            *target = (*target).max(*left).max(*right);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_masks::random_mask;
    use super::*;

    #[test]
    fn growing_is_the_largest_value_within_a_true_disc() {
        for seed in 0..6 {
            let mask = random_mask(seed);
            for radius in [1, 2, 5, 200] {
                let grown = mask.grown(radius);
                for y in 0..mask.height() {
                    for x in 0..mask.width() {
                        assert_eq!(grown.row(y)[x as usize], largest_within(&mask, x, y, radius), "{x} {y} {radius}");
                    }
                }
            }
        }
    }

    fn largest_within(mask: &MaskPlane, x: u32, y: u32, radius: u32) -> u8 {
        let mut largest = 0;
        for other_y in 0..mask.height() {
            for (other_x, value) in mask.row(other_y).iter().enumerate() {
                let (dx, dy) = ((other_x as u32).abs_diff(x), other_y.abs_diff(y));
                if dx * dx + dy * dy <= radius * radius {
                    largest = largest.max(*value);
                }
            }
        }
        largest
    }

    #[test]
    fn grow_then_shrink_contains_the_original_and_shrink_then_grow_lies_within_it() {
        for seed in 0..20 {
            let mask = random_mask(seed);
            for radius in [0, 1, 3, 7] {
                let closed = mask.grown(radius).shrunk(radius);
                assert!(closed.values().iter().zip(mask.values()).all(|(closed, mask)| closed >= mask));
                let opened = mask.shrunk(radius).grown(radius);
                assert!(opened.values().iter().zip(mask.values()).all(|(opened, mask)| opened <= mask));
            }
        }
    }
}
