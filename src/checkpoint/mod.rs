//! What a model is read from: folders, checkpoints in one file, LoRAs, embeddings, and the model inside the program.
//!
//! Names, shapes and configs come from here, tensors when they are asked for. The networks (`crate::model`) build on it;
//! nothing here knows them.

mod archive;
mod builtin;
mod config;
mod error;
mod files;
mod folder;
mod inspect;
mod lora;
mod single_file;
mod textual_inversion;
mod unet_names;
mod weight_files;

pub use archive::{Archive, Numbers};
pub use config::{AttentionConfig, ClipConfig, UnetConfig, VaeConfig};
pub use error::CheckpointError;
pub use files::{ModelFiles, builtin_model};
pub use inspect::{FileKind, FileReport, inspect_file};
pub use lora::{Lora, Patches};
pub use single_file::{Cut, SingleFile, TensorSource};
pub use textual_inversion::TextualInversion;
pub use weight_files::sources_of;
