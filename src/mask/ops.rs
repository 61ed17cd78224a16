//! Masks combined, inverted, made hard, and brought to the latents' size: one pixel or one cell at a time.

use super::MaskPlane;

/// From this value on, half and more, a pixel counts as painted where only yes or no will do (diffusers' rule).
pub const PAINTED: u8 = 128;

impl MaskPlane {
    /// Keeps what was repainted and the other way round. Twice is nothing.
    pub fn invert(&mut self) {
        for value in self.values_mut() {
            *value = 255 - *value;
        }
    }

    /// The larger value of both. Masks of another size add nothing beyond what they share.
    pub fn add(&mut self, other: &Self) {
        self.combine(other, u8::max);
    }

    /// Takes the other mask's share away.
    pub fn subtract(&mut self, other: &Self) {
        self.combine(other, |mine, theirs| mine.min(255 - theirs));
    }

    fn combine(&mut self, other: &Self, join: impl Fn(u8, u8) -> u8) {
        for y in 0..self.height().min(other.height()) {
            for (mine, theirs) in self.row_mut(y).iter_mut().zip(other.row(y)) {
                *mine = join(*mine, *theirs);
            }
        }
    }

    /// Yes (255) from `PAINTED` on, else no (0).
    #[must_use]
    pub fn hardened(&self) -> Self {
        let mut hard = self.clone();
        for value in hard.values_mut() {
            *value = if *value >= PAINTED { 255 } else { 0 };
        }
        hard
    }

    /// The largest value of each cell of `cell_px × cell_px` pixels, so that no stroke is too thin for the latents.
    /// Cells at the right and the lower edge may be cut.
    ///
    /// # Panics
    /// When `cell_px` is 0.
    #[must_use]
    pub fn cell_maximum(&self, cell_px: u32) -> Self {
        let mut cells = Self::empty(self.width().div_ceil(cell_px), self.height().div_ceil(cell_px));
        for y in 0..self.height() {
            let row = cells.row_mut(y / cell_px);
            for (cell, pixels) in row.iter_mut().zip(self.row(y).chunks(cell_px as usize)) {
                *cell = pixels.iter().copied().fold(*cell, u8::max);
            }
        }
        cells
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_masks::random_mask;

    #[test]
    fn invert_twice_is_nothing() {
        for seed in 0..20 {
            let mask = random_mask(seed);
            let mut twice = mask.clone();
            twice.invert();
            assert_ne!(twice, mask);
            twice.invert();
            assert_eq!(twice, mask);
        }
    }

    #[test]
    fn every_painted_pixel_reaches_its_cell() {
        for seed in 0..20 {
            let mask = random_mask(seed);
            for cell in [1, 3, 8] {
                let cells = mask.cell_maximum(cell);
                for y in 0..mask.height() {
                    for x in 0..mask.width() {
                        let value = cells.row(y / cell)[(x / cell) as usize];
                        assert!(value >= mask.row(y)[x as usize]);
                    }
                }
                assert_eq!(cells.values().iter().max(), mask.values().iter().max());
            }
        }
    }

    #[test]
    fn what_is_subtracted_is_gone_and_what_is_added_is_there() {
        let (mut mask, other) = (random_mask(1).hardened(), random_mask(1 + 20).hardened());
        let before = mask.clone();
        mask.add(&other);
        assert!(mask.values().iter().zip(before.values()).all(|(now, before)| now >= before));
        mask.subtract(&other);
        for y in 0..mask.height().min(other.height()) {
            for (now, theirs) in mask.row(y).iter().zip(other.row(y)) {
                assert!(*now == 0 || *theirs == 0);
            }
        }
    }
}
