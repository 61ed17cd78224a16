//! What takes noise away is given the same, whatever kind of network it is.

use candle_core::Tensor;

use super::unet::UnetInput;
use super::unet_time::AddedConditioning;

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
