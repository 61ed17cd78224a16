//! The models, LoRAs, VAEs and embeddings that are on disk.

pub mod entry;
pub mod extras;
pub(crate) mod facts;
pub(crate) mod file;
pub(crate) mod folder;
pub mod inspection;
pub mod list;
pub mod notes;
pub mod prompt_references;
pub mod scan;
