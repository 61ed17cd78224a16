//! The models, LoRAs, VAEs and embeddings that are on disk.

pub mod entry;
pub mod extras;
pub mod facts;
pub mod file;
pub mod inspection;
pub mod notes;
pub mod prompt_references;
pub mod roots;
