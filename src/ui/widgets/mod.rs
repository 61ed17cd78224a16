//! The window's own controls: every state of each is drawn here, with egui's measures and names.

mod check;
pub mod fields;
mod icon_button;
pub mod look;
mod menu_item;
pub mod paint;
mod primary_button;
mod search_field;
mod segments;
pub mod span;
pub(crate) mod swatch;
mod text_button;
mod tile;
mod tooltip;

pub use check::Check;
pub use icon_button::IconButton;
pub use menu_item::MenuItem;
pub use primary_button::{PrimaryButton, PrimaryResponse};
pub use search_field::SearchField;
pub use segments::{Segment, Segments};
pub use text_button::TextButton;
pub use tile::{Tile, TileStage};
