//! The right room: every picture on disk.

pub(crate) mod panel;
pub(crate) mod picture_menu;
pub mod rows;
pub mod state;
