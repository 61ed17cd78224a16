//! The network that takes noise away: a UNet or one of the transformers, given and giving the same.

use candle_core::Tensor;

use super::control::ControlSignals;
use super::denoiser_input::DenoiserInput;
use super::flux2::Flux2;
use super::unet::Unet;
use super::weights::Weights;
use super::z_image::ZImage;
use super::{ForwardOptions, ModelError};
use crate::checkpoint::DenoiserConfig;

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
