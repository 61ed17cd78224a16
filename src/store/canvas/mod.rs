//! The canvas kept on disk, step by step, so that a crash loses nothing.

pub mod journal;
pub(crate) mod journal_format;
mod pieces;
mod stack_format;
