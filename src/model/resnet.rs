//! The residual block of UNet and VAE: norm, SiLU, convolution, twice, with the timestep added between.

use super::ModelError;
use super::feature::Feature;
use super::layers::{Added, Conv1x1, Conv3x3, GroupNorm, Linear};
use super::weights::Scope;

pub(crate) struct ResnetShape {
    pub inputs: usize,
    pub outputs: usize,
    /// Width of the timestep's embedding; the VAE has none.
    pub time_width: Option<usize>,
    pub groups: usize,
    pub eps: f64,
}

pub(crate) struct ResnetBlock {
    norm1: GroupNorm,
    conv1: Conv3x3,
    time_projection: Option<Linear>,
    norm2: GroupNorm,
    conv2: Conv3x3,
    shortcut: Option<Conv1x1>,
}

impl ResnetBlock {
    pub(crate) fn new(at: &Scope, shape: &ResnetShape) -> Result<Self, ModelError> {
        let &ResnetShape { inputs, outputs, time_width, groups, eps } = shape;
        Ok(Self {
            norm1: GroupNorm::new(&at.at("norm1"), groups, inputs, eps)?,
            conv1: Conv3x3::new(&at.at("conv1"), inputs, outputs)?,
            time_projection: time_width
                .map(|width| Linear::new(&at.at("time_emb_proj"), width, outputs))
                .transpose()?,
            norm2: GroupNorm::new(&at.at("norm2"), groups, outputs, eps)?,
            conv2: Conv3x3::new(&at.at("conv2"), outputs, outputs)?,
            shortcut: (inputs != outputs)
                .then(|| Conv1x1::new(&at.at("conv_shortcut"), inputs, outputs))
                .transpose()?,
        })
    }

    /// Its norms, for tiles that share their statistics.
    pub(crate) fn norms(&self) -> [&GroupNorm; 2] {
        [&self.norm1, &self.norm2]
    }

    /// `x` is a picture; `time` `(batch, 1, time_width)`, already through SiLU.
    pub(crate) fn forward(&self, x: Feature, time: Option<&Feature>) -> Result<Feature, ModelError> {
        let time = match (&self.time_projection, time) {
            (Some(projection), Some(time)) => Some(projection.forward(time)?),
            _ => None,
        };
        let added = Added { per_picture: time.as_ref(), residual: None };
        // First of all: from then on the input's memory is free for what the norm makes of it.
        let residual = self.shortcut.as_ref().map_or(Ok(x.clone()), |shortcut| shortcut.forward(&x))?;
        let hidden = self.conv1.forward_added(&self.norm1.forward_silu(x)?, added)?;
        let normed = self.norm2.forward_silu(hidden)?;
        self.conv2.forward_added(&normed, Added { per_picture: None, residual: Some(&residual) })
    }
}
