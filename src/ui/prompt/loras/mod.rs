//! The shelf of LoRAs in the prompt panel: which are used, how much, and the words that they know.

mod picker;
pub(crate) mod section;
pub(crate) mod state;
pub(crate) mod thumbnail;
