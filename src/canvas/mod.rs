//! What lies on the canvas: the picture, the mask over it, and every step back. Pixels only: no window, no tensors.

mod change;
mod document;
mod extend;
mod history;
mod mask_layer;
mod picture_layer;
mod prepared;
mod stroke;
mod tiles;
pub mod tools;

pub use change::{Origin, PackedMask, Record, Sheet, TilesChange};
pub use document::{Dirty, Document};
pub use mask_layer::{MaskLayer, MaskTile};
pub use picture_layer::{ColourTile, PictureLayer};
pub use prepared::{Prepared, Snapshot};
pub use stroke::Ink;
pub use tiles::{TILE_PX, TileGrid, TileIndex};
