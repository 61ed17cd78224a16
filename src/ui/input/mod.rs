//! The keyboard: every key in one table, and what a person changed in it.

pub mod keymap;
pub mod shortcuts;
