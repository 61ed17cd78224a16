//! Masks as plain pixels: no window, no tensors.

mod blocks;
mod brush;
mod crop;
mod feather;
mod flood;
mod morphology;
mod ops;
mod outline;
mod plane;
mod rect;
mod resize;
pub mod shape;

pub use brush::Covered;
pub use brush::{Brush, BrushPoint};
pub use flood::flood;
pub use ops::PAINTED;
pub use outline::Outline;
pub use plane::MaskPlane;
pub use rect::PixelRect;

#[cfg(test)]
mod test_masks {
    use super::MaskPlane;

    /// A small mask of blots and grey pixels, another one for each seed.
    pub(crate) fn random_mask(seed: u64) -> MaskPlane {
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let mut next = |below: u32| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 33) as u32 % below
        };
        let mut mask = MaskPlane::empty(20 + next(30), 15 + next(30));
        for _ in 0..=next(3) {
            let (left, top) = (next(mask.width()), next(mask.height()));
            let (right, bottom) = (left + 1 + next(15), top + 1 + next(15));
            let value = if next(2) == 0 { 255 } else { 1 + next(255) as u8 };
            for y in top..bottom.min(mask.height()) {
                let end = right.min(mask.width()) as usize;
                mask.row_mut(y)[left as usize..end].fill(value);
            }
        }
        mask
    }
}
