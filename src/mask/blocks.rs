//! Work on a whole mask that is done only where something can change: not in the middle of what is masked or empty.

use rayon::prelude::*;

use super::{MaskPlane, PixelRect};

const BLOCK_PX: u32 = 128;

impl MaskPlane {
    /// What `edit` makes of the mask, where it looks no further than `reach_px` around each pixel and leaves even masks as
    /// they are.
    #[must_use]
    pub fn edited_in_blocks(&self, reach_px: u32, edit: impl Fn(&Self) -> Self + Sync) -> Self {
        self.edited_by(BLOCK_PX, reach_px, &edit)
    }

    fn edited_by(&self, block_px: u32, reach_px: u32, edit: &(impl Fn(&Self) -> Self + Sync)) -> Self {
        let (across, down) = (self.width().div_ceil(block_px), self.height().div_ceil(block_px));
        let changed: Vec<(PixelRect, PixelRect, Self)> = (0..across * down)
            .into_par_iter()
            .filter_map(|block| {
                let (left, top) = (block % across * block_px, block / across * block_px);
                let own = PixelRect::new(left, top, left + block_px, top + block_px).intersection(self.rect());
                let seen = PixelRect::new(
                    left.saturating_sub(reach_px),
                    top.saturating_sub(reach_px),
                    own.right.saturating_add(reach_px),
                    own.bottom.saturating_add(reach_px),
                )
                .intersection(self.rect());
                (!self.is_even_in(seen)).then(|| (own, seen, edit(&self.cropped(seen))))
            })
            .collect();
        let mut edited = self.clone();
        for (own, seen, part) in changed {
            for y in own.top..own.bottom {
                let from = (own.left - seen.left) as usize;
                let row = &part.row(y - seen.top)[from..from + own.width() as usize];
                edited.row_mut(y)[own.left as usize..own.right as usize].copy_from_slice(row);
            }
        }
        edited
    }

    fn is_even_in(&self, rect: PixelRect) -> bool {
        let row = |y: u32| &self.row(y)[rect.left as usize..rect.right as usize];
        let Some(first) = row(rect.top).first() else { return true };
        (rect.top..rect.bottom).all(|y| row(y).iter().all(|value| value == first))
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_masks::random_mask;

    #[test]
    fn blocks_give_what_the_whole_gives() {
        for seed in 0..12 {
            let mask = if seed % 2 == 0 { random_mask(seed) } else { random_mask(seed).hardened().grown(6) };
            for block_px in [5, 16, 64] {
                assert_eq!(mask.edited_by(block_px, 8, &|part| part.grown(8)), mask.grown(8));
                assert_eq!(mask.edited_by(block_px, 8, &|part| part.shrunk(8)), mask.shrunk(8));
                assert_eq!(mask.edited_by(block_px, 8, &|part| part.blurred(8)), mask.blurred(8));
            }
        }
    }
}
