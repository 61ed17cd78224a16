//! Masks cut out and brought to another size without losing a stroke.

use super::{MaskPlane, PixelRect};

impl MaskPlane {
    /// The part inside `rect`, which is cut to the plane first.
    #[must_use]
    pub fn cropped(&self, rect: PixelRect) -> Self {
        let rect = rect.intersection(self.rect());
        let mut part = Self::empty(rect.width(), rect.height());
        for y in 0..rect.height() {
            let row = &self.row(rect.top + y)[rect.left as usize..rect.right as usize];
            part.row_mut(y).copy_from_slice(row);
        }
        part
    }

    /// At another size: each pixel holds the largest value of those whose middle falls into it, and of the one that
    /// its own middle falls into. So an edge stays within half a pixel, and no stroke is too thin.
    #[must_use]
    pub fn resized(&self, width: u32, height: u32) -> Self {
        if (width, height) == (self.width(), self.height()) {
            return self.clone();
        }
        let mut resized = Self::empty(width, height);
        if self.values().is_empty() || resized.values().is_empty() {
            return resized;
        }
        let (columns, rows) = (reach(self.width(), width), reach(self.height(), height));
        for (y, (top, bottom)) in rows.into_iter().enumerate() {
            let target = resized.row_mut(y as u32);
            for source in top..bottom {
                let row = self.row(source);
                for (value, (left, right)) in target.iter_mut().zip(&columns) {
                    *value = row[*left as usize..*right as usize].iter().copied().fold(*value, u8::max);
                }
            }
        }
        resized
    }
}

/// For each of `to` pixels the range of the `from` pixels that count for it.
fn reach(from: u32, to: u32) -> Vec<(u32, u32)> {
    let (from_wide, to_wide) = (u64::from(from), u64::from(to));
    (0..to_wide)
        .map(|target| {
            // Doubled, so that middles are whole numbers.
            let own = ((2 * target + 1) * from_wide / (2 * to_wide)).min(from_wide - 1);
            let first = (2 * target * from_wide).saturating_sub(to_wide).div_ceil(2 * to_wide);
            let end = (2 * (target + 1) * from_wide).saturating_sub(to_wide).div_ceil(2 * to_wide);
            (own.min(first) as u32, end.max(own + 1).min(from_wide) as u32)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::test_masks::random_mask;
    use super::*;

    #[test]
    fn one_painted_pixel_survives_any_size() {
        for (x, y) in [(0, 0), (99, 36), (41, 17), (50, 18)] {
            let mut mask = MaskPlane::empty(100, 37);
            mask.row_mut(y)[x] = 200;
            for (width, height) in [(1, 1), (7, 5), (64, 32), (99, 36), (101, 40), (400, 300)] {
                let resized = mask.resized(width, height);
                assert_eq!(resized.values().iter().max(), Some(&200), "{x} {y} {width} {height}");
            }
        }
    }

    #[test]
    fn an_edge_stays_where_it_was() {
        let mut mask = MaskPlane::empty(100, 100);
        for y in 0..100 {
            mask.row_mut(y)[50..].fill(255);
        }
        for width in [96, 48, 200, 10] {
            let row = mask.resized(width, 10).row(3).to_vec();
            assert_eq!(row.iter().position(|value| *value > 0), Some(width as usize / 2), "{width}");
        }
    }

    #[test]
    fn a_crop_is_what_lay_there() {
        let mask = random_mask(4);
        let part = mask.cropped(PixelRect::new(3, 5, 9, 1000));
        assert_eq!((part.width(), part.height()), (6, mask.height() - 5));
        assert_eq!(part.row(2), &mask.row(7)[3..9]);
    }
}
