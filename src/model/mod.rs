//! The networks: text encoders, what takes noise away (a UNet or a transformer), and the VAE.
//!
//! Each is read by its `config.json`: a diffusers folder has them, for a checkpoint in one file they are derived.

mod account;
mod annotate;
mod attend;
mod attention;
mod attention_method;
mod blocks;
mod broadcast;
mod clip_layer;
mod control;
mod cross_context;
mod denoiser;
mod denoiser_input;
mod dry_run;
mod embedding_table;
mod feature;
mod flux2;
mod image_prompt;
mod kept_forms;
mod layer_cache;
mod layers;
mod operators;
mod qwen3;
mod resnet;
mod rope;
mod segment;
mod swiglu;
mod tensors;
mod text_encoder;
mod tiles;
mod timestep;
mod token_ops;
mod unet;
mod unet_inputs;
mod unet_time;
mod upscale;
mod vae;
mod weight_names;
mod weights;
mod z_image;

use std::path::PathBuf;

use crate::checkpoint::CheckpointError;
pub use annotate::AnnotatorNetwork;
pub use attention_method::AttentionMethod;
pub use control::{
    Adapter, AdapterMaps, ControlMaps, ControlNet, ControlNetInput, ControlSignals, Hint, Share, TypedHint, folded,
};
pub use cross_context::{ImagePrompt, RegionPrompt};
pub use denoiser::Denoiser;
pub use denoiser_input::DenoiserInput;
pub use dry_run::MemoryTracker;
pub use feature::Execution;
pub use image_prompt::{ImageEmbedding, ImageEncoder, ImageLayers, IpAdapter};
pub use kept_forms::{KeptForm, KeptForms};
pub(crate) use layer_cache::LayerCache;
pub use operators::{Card, FailureKind, Fault, Operator, Operators, Watch};
pub(crate) use operators::{
    OperatorFailure, cuda_cards, cuda_free_bytes, cuda_total_bytes, in_pool, metal_free_bytes, metal_working_set_bytes,
};
pub use qwen3::Qwen3;
pub(crate) use segment::EncodedPicture;
pub use segment::Segmenter;
pub use text_encoder::TextEncoder;
pub(crate) use text_encoder::{TextEmbedding, join_windows};
pub use tiles::Tiling;
pub use unet::{Unet, UnetInput};
pub use unet_time::AddedConditioning;
pub use upscale::Upscaler;
pub use vae::Vae;
pub(crate) use vae::{LatentDistribution, picture_from_tensor};
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
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    #[error(
        "MobileSAM's weights were wanted, which find things by a click, and this file {reason}; get mobile_sam-tiny-vitt.safetensors or mobile_sam.pt: {path}"
    )]
    NoSegmenter { reason: String, path: PathBuf },
    #[error("the weights of {wanted} were wanted and this file {reason}; get that file anew: {path}")]
    OtherAnnotator { wanted: &'static str, reason: String, path: PathBuf },
    #[error("the weights do not fit the config: {0}")]
    Misfit(String),
}

impl ModelError {
    /// Two parts of one network never run in two ways.
    fn mixed_devices() -> Self {
        Self::Misfit("a layer was given a feature map of another device".to_owned())
    }
}
