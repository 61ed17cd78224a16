//! The canvas kept on disk, step by step, so that a crash loses nothing.

pub mod journal;
pub(crate) mod journal_format;
pub(crate) mod pieces;
mod stack_format;
