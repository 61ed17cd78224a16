//! The keyboard: every key in one table, what a person changed in it, and what the keys of a frame ask for.

pub(super) mod available;
pub(super) mod escape;
mod gallery_keys;
pub(super) mod keymap;
mod layer_keys;
pub(crate) mod pressed;
pub(super) mod shortcuts;
pub(super) mod synonyms;
