//! The right panel: every picture on disk. And the gallery view, in which one of them is seen with all that made it.

pub(crate) mod about;
mod action_bar;
mod export_sheet;
pub mod export_state;
mod filters;
mod grid;
mod header;
mod labels_sheet;
pub mod labels_state;
pub mod leaving;
pub(crate) mod panel;
mod rows;
pub mod selection;
pub(crate) mod sheets;
pub mod state;
mod terms;
mod tiles;
pub mod view;
pub mod words;

/// A chosen tile's ring reaches out so far.
const RING: f32 = 4.0;
