//! What some UNets are given as further channels of their input: a mask and the masked picture (9 channels), or the
//! picture that an instruction changes (8 channels, "`InstructPix2Pix`: Learning to Follow Image Editing Instructions").

use candle_core::Tensor;

use super::PipelineError;
use super::conditioning::{Passes, PromptConditioning};
use super::guidance::composed;

pub(super) enum ConcatConditioning {
    /// `(1, 1 + latent_channels, height, width)`, the same for every row.
    Mask(Tensor),
    /// `(rows, latent_channels, height, width)`: with guidance nothing, the picture, and the picture for each part of the prompt.
    Picture { latents: Tensor, guidance: f64 },
}

impl ConcatConditioning {
    /// `input` `(rows, channels, height, width)` with the further channels behind its own.
    pub(crate) fn append(&self, input: &Tensor) -> Result<Tensor, PipelineError> {
        let rows = input.dim(0)?;
        Ok(match self {
            Self::Mask(given) => Tensor::cat(&[input, &given.repeat((rows, 1, 1, 1))?], 1)?,
            Self::Picture { latents, .. } => Tensor::cat(&[input, latents], 1)?,
        })
    }

    /// The picture for the passes that it leaves: three ways where both guidances are on (neither prompt nor picture,
    /// the picture alone, both), and the prompt alone where they are not.
    pub(crate) fn picture(
        latents: &Tensor,
        conditioning: &mut PromptConditioning,
        guidance: f64,
    ) -> Result<Self, PipelineError> {
        let parts = conditioning.weights().len();
        conditioning.passes = match (conditioning.passes, guidance >= 1.0) {
            (Passes::Pair, true) => Passes::ThreeWays,
            _ => Passes::Alone,
        };
        let latents = if conditioning.passes == Passes::ThreeWays {
            Tensor::cat(&[&latents.zeros_like()?, &latents.repeat((1 + parts, 1, 1, 1))?], 0)?
        } else {
            latents.repeat((parts, 1, 1, 1))?
        };
        Ok(Self::Picture { latents, guidance })
    }

    /// One answer out of three, the last of which may come in parts.
    pub(crate) fn guided_three_ways(&self, output: &[f32], guidance: f32, weights: &[f32]) -> Vec<f32> {
        let image_guidance = match self {
            Self::Picture { guidance, .. } => *guidance as f32,
            Self::Mask(_) => 1.0,
        };
        let row = output.len() / (2 + weights.len());
        let (nothing, rest) = output.split_at(row);
        let (picture, both) = rest.split_at(row);
        let both = composed(picture, both, weights);
        nothing
            .iter()
            .zip(picture)
            .zip(both)
            .map(|((nothing, picture), both)| {
                nothing + guidance * (both - picture) + image_guidance * (picture - nothing)
            })
            .collect()
    }
}
