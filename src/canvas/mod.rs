//! What lies on the canvas: the picture, the mask and the layers over it, and every step back. Pixels and what they are
//! for: no window, no tensors.

mod change;
mod document;
mod extend;
mod history;
mod layer;
mod layer_use;
mod layering;
mod mask_layer;
mod merge;
mod painting;
mod picture_layer;
mod posing;
mod prepared;
mod replay;
mod stack;
mod stroke;
mod tiles;
pub mod tools;

pub use change::{Origin, Record, Sheet, TilesChange};
pub use document::{Dirty, Document};
pub use layer::{Content, Layer, LayerId, LayerPart, LayerSettings};
pub use layer_use::{LayerUse, RegionLayer};
pub use mask_layer::{MaskLayer, MaskTile};
pub use merge::cannot_merge;
pub use picture_layer::{ColourTile, PictureLayer};
pub use prepared::{Prepared, Snapshot};
pub use stack::{BaseSettings, LayerMask, LayerState, Stack, StackChange};
pub use stroke::Ink;
pub use tiles::{TILE_PX, TileGrid, TileIndex};
