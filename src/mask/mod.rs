//! Masks as plain pixels: no window, no tensors.

mod plane;
mod rect;

pub use plane::MaskPlane;
pub use rect::PixelRect;
