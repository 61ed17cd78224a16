//! The residual block of UNet and VAE: norm, SiLU, convolution, twice, with the timestep added between.

use candle_core::Tensor;
use candle_nn::{Conv2d, Linear, Module};

use super::ModelError;
use super::layers::{conv1x1, conv3x3, group_norm, linear};
use super::weights::Scope;
use crate::kernels::{Conv3x3, FusedGroupNorm};

pub struct ResnetShape {
    pub inputs: usize,
    pub outputs: usize,
    /// Width of the timestep's embedding; the VAE has none.
    pub time_width: Option<usize>,
    pub groups: usize,
    pub eps: f64,
}

pub struct ResnetBlock {
    norm1: FusedGroupNorm,
    conv1: Conv3x3,
    time_projection: Option<Linear>,
    norm2: FusedGroupNorm,
    conv2: Conv3x3,
    shortcut: Option<Conv2d>,
}

impl ResnetBlock {
    pub fn new(at: &Scope, shape: &ResnetShape) -> Result<Self, ModelError> {
        let &ResnetShape { inputs, outputs, time_width, groups, eps } = shape;
        Ok(Self {
            norm1: group_norm(&at.at("norm1"), groups, inputs, eps)?,
            conv1: conv3x3(&at.at("conv1"), inputs, outputs)?,
            time_projection: time_width.map(|width| linear(&at.at("time_emb_proj"), width, outputs)).transpose()?,
            norm2: group_norm(&at.at("norm2"), groups, outputs, eps)?,
            conv2: conv3x3(&at.at("conv2"), outputs, outputs)?,
            shortcut: (inputs != outputs).then(|| conv1x1(&at.at("conv_shortcut"), inputs, outputs)).transpose()?,
        })
    }

    /// `x` `(batch, inputs, height, width)`; `time` `(batch, time_width)`, already through SiLU.
    pub fn forward(&self, x: &Tensor, time: Option<&Tensor>) -> Result<Tensor, ModelError> {
        let mut hidden = self.conv1.forward(&self.norm1.forward_silu(x)?)?;
        if let (Some(projection), Some(time)) = (&self.time_projection, time) {
            hidden = hidden.broadcast_add(&projection.forward(time)?.unsqueeze(2)?.unsqueeze(3)?)?;
        }
        let hidden = self.conv2.forward(&self.norm2.forward_silu(&hidden)?)?;
        match &self.shortcut {
            Some(shortcut) => Ok((shortcut.forward(x)? + hidden)?),
            None => Ok((x + hidden)?),
        }
    }
}
