//! The readers' tables of formats, put together for `FORMATS.md`.

use super::archive::{FORMATS, PRECISIONS, STARTS};
use super::{embedding_forms, lora};
use crate::job::FileFormat;

/// Weights, LoRAs and embeddings: what each table is of, and its rows.
#[must_use]
pub fn format_tables() -> [(&'static str, &'static [FileFormat]); 3] {
    [("Weights", &FORMATS), ("LoRAs", &lora::FORMS), ("Embeddings", &embedding_forms::FORMS)]
}

/// The kinds of numbers that tensors may have.
#[must_use]
pub fn precisions() -> Vec<&'static str> {
    PRECISIONS.iter().map(|row| row.1).collect()
}

/// What is called by its name where weights were wanted, besides pages, pointers and answers of servers.
#[must_use]
pub fn foreign_kinds() -> Vec<&'static str> {
    let mut kinds: Vec<&str> = STARTS.iter().map(|(_, name, _)| *name).collect();
    kinds.dedup();
    kinds
}
