//! What a model is read from: folders, checkpoints in one file, LoRAs, embeddings, and the model inside the program.
//!
//! Names, shapes and configs come from here, tensors when they are asked for. The networks (`crate::model`) build on it;
//! nothing here knows them.

mod archive;
mod builtin;
mod config;
mod control;
mod embedding_forms;
mod error;
mod few_steps;
mod files;
mod folder;
mod format_tables;
mod inspect;
mod ip_adapter;
mod lora;
mod other_families;
mod plain_names;
mod profile;
mod single_file;
mod soundness;
mod textual_inversion;
mod transformer_names;
mod unet_names;
mod upscaler;
mod weight_files;

pub(crate) use archive::{Archive, WeightBuffer};
pub use builtin::{builtin_loras, weights_bytes};
pub(crate) use config::AttentionConfig;
pub use config::{
    AdapterConfig, AdapterType, ClipConfig, ControlConfig, ControlNetConfig, DenoiserConfig, Flux2Config,
    ImageEncoderConfig, Qwen3Config, TextConfig, UnetConfig, UnionConfig, VaeConfig, ZImageConfig,
};
pub use control::ControlFile;
pub use error::CheckpointError;
pub use files::{ModelFiles, builtin_four_steps, builtin_model};
pub use format_tables::{foreign_kinds, format_tables, precisions};
pub use inspect::inspect_file;
pub(crate) use inspect::{FileKind, FileReport};
pub(crate) use ip_adapter::HEAD_WIDTH;
pub use ip_adapter::{ImageProjection, IpAdapterConfig, IpAdapterFile};
pub(crate) use lora::Patches;
pub use lora::{Lora, LoraFacts};
pub(crate) use other_families::other_family_of_class;
pub use profile::profile_of;
pub(crate) use profile::{is_supported_class, network_family, pipeline_class};
pub use single_file::SingleFile;
pub(crate) use single_file::{TensorSlice, TensorSource, parse_yaml};
pub(crate) use soundness::check_numbers;
pub use textual_inversion::TextualInversion;
pub(crate) use upscaler::{UpscalerFile, UpscalerNetwork};
pub(crate) use weight_files::{NETWORKS, Placed, notices_of, sources_of, weight_files};
