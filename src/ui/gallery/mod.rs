//! The right room: every picture on disk.

pub(crate) mod panel;
pub mod rows;
pub mod state;
