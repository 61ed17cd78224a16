//! The networks of Stable Diffusion: CLIP text encoder, conditional UNet and VAE.
//!
//! Each is read by its `config.json`: a diffusers folder has them, for a checkpoint in one file they are derived.

mod archive;
mod attend;
mod attention;
mod blocks;
mod builtin;
mod config;
mod dry_run;
mod feature;
mod files;
mod inspect;
mod layer_cache;
mod layers;
mod lora;
mod operators;
mod resnet;
mod segment;
mod single_file;
mod text_encoder;
mod textual_inversion;
mod tiles;
mod timestep;
mod unet;
mod vae;
mod weight_files;
mod weights;

use std::path::PathBuf;

pub use attend::AttentionMethod;
pub use builtin::builtin_model;
pub use config::{ClipConfig, UnetConfig, VaeConfig};
pub use dry_run::{MemoryTracker, TrackedBuffer};
pub use feature::{Execution, Feature};
pub use files::ModelFiles;
pub use inspect::{FileKind, FileReport, inspect_file};
pub use layer_cache::LayerCache;
pub use lora::Lora;
pub use operators::{
    Array, Card, FailureKind, Fault, Operator, OperatorFailure, Operators, Watch, in_pool, metal_free_bytes,
    metal_working_set_bytes,
};
pub use segment::{EncodedPicture, Segment, Segmenter};
pub use single_file::SingleFile;
pub use text_encoder::{TextEmbedding, TextEncoder, join_windows};
pub use textual_inversion::TextualInversion;
pub use tiles::Tiling;
pub use unet::{AddedConditioning, Unet, UnetInput};
pub use vae::{LatentDistribution, Vae, picture_from_tensor};
pub use weights::Weights;

/// Asked between the blocks of a network: an error ends the pass.
pub type CancelCheck<'a> = &'a dyn Fn() -> Result<(), ModelError>;

/// How one pass through a network is carried out; the picture is the same but for rounding.
#[derive(Clone, Copy)]
pub struct ForwardOptions<'a> {
    pub attention: AttentionMethod,
    pub cancel_check: CancelCheck<'a>,
}

impl ForwardOptions<'_> {
    /// Attention in tiles, and nobody cancels.
    pub const PLAIN: Self = Self { attention: AttentionMethod::Tiled, cancel_check: &|| Ok(()) };

    /// # Errors
    /// When the pass is cancelled.
    fn check_cancelled(&self) -> Result<(), ModelError> {
        (self.cancel_check)()
    }
}

#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    #[error("cancelled")]
    Cancelled,
    #[error(transparent)]
    Tensor(#[from] candle_core::Error),
    #[error(transparent)]
    Operator(#[from] OperatorFailure),
    #[error(transparent)]
    Shape(#[from] crate::kernels::ShapeError),
    #[error(
        "{what} is missing in the model folder; download the model again, or choose a folder in diffusers' layout: {path}"
    )]
    Missing { what: &'static str, path: PathBuf },
    #[error(
        "the model has only PyTorch pickle weights (.bin), which can run any code; get its .safetensors files: {0}"
    )]
    PickleOnly(PathBuf),
    #[error("a file of the model cannot be read ({reason}): {path}")]
    Unreadable { reason: String, path: PathBuf },
    #[error("the weights are damaged or not downloaded to their end ({reason}); download the file again: {path}")]
    Damaged { reason: String, path: PathBuf },
    #[error(
        "the model was trained on EDM's noise levels (as Playground 2.5 and CosXL are), which no scheduler here walks; choose another Stable Diffusion XL model: {0}"
    )]
    EdmTraining(PathBuf),
    #[error(
        "the GGUF file {reason}; Q8_0, Q4_0 to Q5_1 and Q2_K to Q6_K are read, get one of these or a .safetensors file: {path}"
    )]
    Quantized { reason: String, path: PathBuf },
    #[error(
        "the file is a database of Draw Things, whose models no other program reads; choose the .safetensors or .ckpt file that it was imported from: {0}"
    )]
    DrawThings(PathBuf),
    #[error("the config's {field} is {found}, and {supported} is supported: {path}")]
    Unsupported { field: String, found: String, supported: String, path: PathBuf },
    #[error(
        "a Stable Diffusion checkpoint was wanted, and this file holds no network that Inkwick knows; look at it with inkwick models inspect: {0}"
    )]
    NoNetwork(PathBuf),
    #[error("the embedding {reason}: {path}")]
    Embedding { reason: String, path: PathBuf },
    #[error("the LoRA {reason}: {path}")]
    Lora { reason: String, path: PathBuf },
    #[error(
        "a checkpoint was wanted, and this file is a LoRA; choose a model and lay it over that (--lora FILE:WEIGHT): {0}"
    )]
    IsLora(PathBuf),
    #[error("there is no {what} in this file; {remedy}: {path}")]
    PartMissing { what: &'static str, remedy: &'static str, path: PathBuf },
    #[error(
        "MobileSAM's weights were wanted, which find things by a click, and this file {reason}; get mobile_sam-tiny-vitt.safetensors or mobile_sam.pt: {path}"
    )]
    NoSegmenter { reason: String, path: PathBuf },
    #[error("the weights do not fit the config: {0}")]
    Misfit(String),
}
