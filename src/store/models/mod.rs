//! The models, LoRAs, VAEs, embeddings and wildcard files that are on disk.

pub mod entry;
pub(crate) mod extras;
pub(crate) mod facts;
pub(crate) mod file;
pub(crate) mod folder;
pub mod inspection;
pub mod list;
pub(crate) mod notes;
pub(crate) mod prompt_references;
pub mod scan;
pub(crate) mod told_files;
pub(crate) mod wildcards;
