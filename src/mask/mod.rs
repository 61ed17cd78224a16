//! Masks as plain pixels: no window, no tensors.

mod brush;
mod flood;
mod plane;
mod rect;
pub mod shape;

pub use brush::{Brush, BrushPoint};
pub use flood::flood;
pub use plane::MaskPlane;
pub use rect::PixelRect;
