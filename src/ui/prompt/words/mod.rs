//! Writing in the prompts: completion, words that the model does not know, styles and what was written before.

pub(crate) mod field;
pub(crate) mod menu;
pub(crate) mod state;
mod unknown;
