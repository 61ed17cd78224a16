//! The right panel: every picture on disk.

pub(crate) mod about;
pub mod leaving;
pub(crate) mod panel;
mod rows;
pub mod state;
pub mod words;
