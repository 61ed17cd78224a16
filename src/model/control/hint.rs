//! A ControlNet's way from the picture that steers to a map of the latents' size: convolutions, half of which halve it.

use candle_core::Tensor;

use super::super::ModelError;
use super::super::feature::{Execution, Feature};
use super::super::layers::Conv3x3;
use super::super::weights::Scope;
use crate::checkpoint::ControlNetConfig;
use crate::kernels::Activation;

/// A picture as a ControlNet sees it at every step.
#[derive(Clone)]
pub struct Hint {
    pub(super) map: Feature,
    /// Of its pixels, `(1, channels)` on the host; for networks that know several kinds of pictures.
    pub(super) mean: Option<Tensor>,
}

/// A picture that steers, of which kind it is for a network that knows several, and how much it counts among several.
#[derive(Clone, Copy)]
pub struct TypedHint<'a> {
    pub hint: &'a Hint,
    pub kind: usize,
    pub weight: f32,
}

pub(super) struct HintEncoder {
    /// Each is followed by SiLU, but the last.
    convolutions: Vec<Conv3x3>,
    averages: bool,
}

impl HintEncoder {
    pub(crate) fn new(at: &Scope, config: &ControlNetConfig) -> Result<Self, ModelError> {
        let channels = &config.embedding_channels;
        let (first, last) = (channels[0], channels[channels.len() - 1]);
        let mut convolutions = vec![Conv3x3::new(&at.at("conv_in"), config.picture_channels, first)?];
        for (index, pair) in channels.windows(2).enumerate() {
            let block = |number: usize| at.at(format_args!("blocks.{number}"));
            convolutions.push(Conv3x3::new(&block(2 * index), pair[0], pair[0])?);
            convolutions.push(Conv3x3::halving_to(&block(2 * index + 1), pair[0], pair[1], 1)?);
        }
        convolutions.push(Conv3x3::new(&at.at("conv_out"), last, config.unet.blocks[0].channels)?);
        Ok(Self { convolutions, averages: config.union.is_some() })
    }

    /// `picture` `(1, picture_channels, height, width)` in 0…1.
    pub(crate) fn forward(&self, picture: &Tensor, execution: &Execution) -> Result<Hint, ModelError> {
        let mut x = Feature::of_picture(picture, execution)?;
        for (index, convolution) in self.convolutions.iter().enumerate() {
            x = convolution.forward(&x)?;
            if index + 1 < self.convolutions.len() {
                x = x.activate(Activation::Silu)?;
            }
        }
        let mean = self.averages.then(|| x.mean_of_pixels()?.picture()?.reshape((1, ())).map_err(ModelError::from));
        Ok(Hint { mean: mean.transpose()?, map: x })
    }
}
