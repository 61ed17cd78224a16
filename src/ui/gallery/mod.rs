//! The right panel: every picture on disk.

pub(crate) mod panel;
mod rows;
pub mod state;
