//! From a request to a picture: prompts, noise, denoising, decoding. Knows no thread and no window.
//!
//! In one line: `spec` (what a model is) → `cost` (what a picture takes) → `plan` (how it is computed) → `networks` →
//! `load` → `run`.

#[cfg(feature = "serve")]
mod abilities;
mod adapters;
mod blend;
mod calibrate;
mod canvas;
mod concat_conditioning;
mod conditioning;
mod control;
mod cost;
mod decode;
mod denoise;
mod encode;
mod execution_plan;
mod first_step;
mod guidance;
mod language_conditioning;
mod latent_rgb;
mod load;
mod loading_steps;
pub(crate) mod memory_budget;
mod networks;
mod not_a_number;
mod plan;
mod prompt_plan;
mod reference_picture;
mod references;
mod remembered;
mod resolved;
mod resume;
mod run;
mod sampler;
mod spec;
mod text_networks;
mod unused;
mod workload;

#[cfg(feature = "serve")]
pub(crate) use abilities::Abilities;
pub use adapters::Adapters;
pub(crate) use calibrate::{guessed_card_speed, measured_speed};
pub use control::load::SteeringLoad;
pub use cost::CostModel;
pub use execution_plan::ExecutionPlan;
pub(crate) use execution_plan::FallbackStep;
pub use load::Pipeline;
pub(crate) use loading_steps::LoadingSteps;
pub use networks::LoadOptions;
pub use plan::{Constraints, FittedPlan};
pub use spec::ModelSpec;
pub(crate) use spec::work_grid_of;
pub(crate) use text_networks::chat_tokenizer_of;
pub use text_networks::tokenizer_of;
pub use workload::{ReadPictures, Workload};

use crate::checkpoint::CheckpointError;
use crate::job::{Remedy, RequestError, SizeStep};
use crate::model::ModelError;
use crate::prompt::TokenizerError;
use crate::sampling::{SamplingError, SchedulerName};

/// Why a request came to no picture.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    #[error(transparent)]
    Request(#[from] RequestError),
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error(transparent)]
    Sampling(#[from] SamplingError),
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
    #[error(transparent)]
    SizeStep(#[from] SizeStep),
    #[error("{0}")]
    Unsupported(String),
    #[error("this model changes a picture by instruction and there is none")]
    NeedsPicture,
    #[error("the mask is fainter than half everywhere, so nothing would change")]
    FaintMask,
    #[error("{width}×{height} needs about {needed_gb:.2} GB of memory and {free_gb:.2} GB are free")]
    TooLarge { width: usize, height: usize, needed_gb: f64, free_gb: f64, remedy: Remedy },
    #[error("this model needs about {needed_gb:.2} GB of memory and {free_gb:.2} GB are free")]
    ModelTooLarge { needed_gb: f64, free_gb: f64, remedy: Remedy },
    #[error("the model gave NaN values in {dtype}, which half precision may not hold; choose f32 for this model")]
    HalfPrecision { dtype: &'static str },
    #[error(
        "the numbers ran away at step {step} of {steps} with {}: they are NaN or infinite; choose another scheduler or another number of steps",
        scheduler.id()
    )]
    RanAway { step: usize, steps: usize, scheduler: SchedulerName },
    #[error("the latents are of another model or size than the picture's settings say; choose the model that made it")]
    OtherLatents,
    #[error("the VAE gave NaN values where it was given numbers; choose another VAE for this model")]
    VaeNotANumber,
}

impl From<CheckpointError> for PipelineError {
    fn from(error: CheckpointError) -> Self {
        Self::Model(error.into())
    }
}

impl From<candle_core::Error> for PipelineError {
    fn from(error: candle_core::Error) -> Self {
        Self::Model(error.into())
    }
}
