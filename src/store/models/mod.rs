//! The models, LoRAs, VAEs, embeddings and wildcard files that are on disk.

pub mod controls;
pub mod entry;
pub(crate) mod extras;
pub(crate) mod facts;
pub(crate) mod file;
pub(crate) mod folder;
pub mod image_adapters;
pub mod inspection;
pub mod list;
pub(crate) mod named_files;
pub(crate) mod notes;
pub(crate) mod prompt_references;
pub mod scan;
pub mod upscalers;
pub(crate) mod wildcards;
