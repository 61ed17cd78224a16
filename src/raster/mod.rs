//! Pictures as plain pixels: resized, filled, matched in colour, pasted. No window, no tensors.

mod areas;
mod bridge;
mod colour_match;
mod contact_sheet;
mod difference;
mod extend;
mod fill;
mod geometry;
mod paste;
mod picture;
mod preprocess;
mod resample;
mod resize;
mod spread;

pub use areas::{AreaKind, areas_by_colour};
pub use bridge::bridge_tones;
pub use colour_match::{NEW_REACH_PX, match_colours};
pub use contact_sheet::{ContactSheet, Lettering};
pub use difference::Difference;
pub use difference::difference;
pub use extend::Extension;
pub use extend::{extended, extended_mask, padded};
pub use fill::{filled_from_border, filled_with};
pub use geometry::{crop, largest_inside, middle_part, over_white, resized};
pub use paste::{paste, with_alpha_of};
pub use picture::Picture;
pub use preprocess::normals_of;
pub use preprocess::{PreprocessSettings, Preprocessor};
pub use resample::{Filter, resample};
pub use resize::ResizeMode;
pub use resize::fitted;
