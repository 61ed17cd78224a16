//! What a model can be asked for, from its smallest files alone: less than a `ModelSpec`, and sooner read.

use super::PipelineError;
use super::sampler::ModelSampling;
use crate::checkpoint::{ModelFiles, TextConfig, network_family};
use crate::job::Request;
use crate::sampling::SamplingError;

/// What a model can be asked for.
pub(crate) struct Abilities {
    sampling: ModelSampling,
    /// Of the text encoder with the fewest; `None` for a model without CLIP.
    clip_layers: Option<u32>,
}

impl Abilities {
    /// # Errors
    /// When a file is missing or unreadable.
    pub(crate) fn read(files: &ModelFiles) -> Result<Self, PipelineError> {
        let family = network_family(files)?;
        let clip_layers = match TextConfig::read(files, family)? {
            TextConfig::Clip(configs) => configs.iter().map(|config| config.layers.max(1) as u32).min(),
            TextConfig::Qwen3 { .. } => None,
        };
        Ok(Self { sampling: ModelSampling::read(files, family)?, clip_layers })
    }

    /// Why the scheduler, the sigmas or the number of steps that are asked for cannot be had; `None` where they can.
    #[must_use]
    pub(crate) fn sampling_error(&self, request: &Request) -> Option<SamplingError> {
        // How many tokens there are moves levels and forbids none.
        match self.sampling.scheduler(request, 1) {
            Err(PipelineError::Sampling(error)) => Some(error),
            _ => None,
        }
    }

    /// The most that clip skip may be.
    #[must_use]
    pub(crate) fn most_clip_skip(&self) -> Option<u32> {
        self.clip_layers
    }
}
