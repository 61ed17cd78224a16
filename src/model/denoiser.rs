//! The network that takes noise away: a UNet or one of the transformers, given and giving the same.

use candle_core::Tensor;

use super::control::ControlSignals;
use super::flux2::Flux2;
use super::unet::{AddedConditioning, Unet, UnetInput};
use super::weights::Weights;
use super::z_image::ZImage;
use super::{ForwardOptions, ModelError};
use crate::checkpoint::DenoiserConfig;

/// What the network is given at one step; all tensors are on the host, in single precision.
#[derive(Clone, Copy)]
pub struct DenoiserInput<'a> {
    /// Noisy latents `(batch, in_channels, height, width)`; a transformer takes one row.
    pub sample: &'a Tensor,
    pub timestep: f64,
    /// The encoded prompts `(batch, tokens, context_width)`.
    pub context: &'a Tensor,
    /// SDXL's second conditioning.
    pub added: Option<&'a AddedConditioning>,
    /// The guidance scale, for networks that embed it.
    pub guidance: f64,
    /// Clean latents of pictures that the prompt speaks of, each `(1, in_channels, height, width)`; for networks that
    /// read them as tokens.
    pub references: &'a [Tensor],
}

impl<'a> DenoiserInput<'a> {
    /// What of it a UNet is given.
    #[must_use]
    pub fn for_unet(&self) -> UnetInput<'a> {
        let Self { sample, timestep, context, added, guidance, .. } = *self;
        UnetInput { sample, timestep, context, added, guidance }
    }
}

pub enum Denoiser {
    Unet(Box<Unet>),
    ZImage(Box<ZImage>),
    Flux2(Box<Flux2>),
}

impl Denoiser {
    /// Builds the network from its weights, which must match the config exactly.
    ///
    /// # Errors
    /// When they do not, or the device has no memory.
    pub fn new(config: DenoiserConfig, weights: Weights) -> Result<Self, ModelError> {
        Ok(match config {
            DenoiserConfig::Unet(config) => Self::Unet(Box::new(Unet::new(config, weights)?)),
            DenoiserConfig::ZImage(config) => Self::ZImage(Box::new(ZImage::new(config, weights)?)),
            DenoiserConfig::Flux2(config) => Self::Flux2(Box::new(Flux2::new(config, weights)?)),
        })
    }

    /// Whether several rows go through at once: rows of a transformer have prompts of different lengths.
    #[must_use]
    pub fn takes_rows_together(&self) -> bool {
        matches!(self, Self::Unet(_))
    }

    /// Predicts what the scheduler removes, as large as the latents, on the host in single precision.
    ///
    /// # Errors
    /// When the pass is cancelled, a shape is wrong, or the device has no memory.
    pub fn forward(&self, input: &DenoiserInput, options: &ForwardOptions) -> Result<Tensor, ModelError> {
        self.forward_steered(input, &ControlSignals::default(), options)
    }

    /// The same with what control networks add on the way; only UNets have such.
    ///
    /// # Errors
    /// As above.
    pub fn forward_steered(
        &self,
        input: &DenoiserInput,
        signals: &ControlSignals,
        options: &ForwardOptions,
    ) -> Result<Tensor, ModelError> {
        match self {
            Self::Unet(unet) => unet.forward_steered(&input.for_unet(), signals, options),
            Self::ZImage(network) => network.forward(input, options),
            Self::Flux2(network) => network.forward(input, options),
        }
    }
}
