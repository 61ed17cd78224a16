//! Sinusoidal embedding of timesteps and its two-layer projection ("Denoising Diffusion Probabilistic Models").

use candle_core::{Device, Tensor};

use super::ModelError;
use super::feature::{Execution, Feature};
use super::layers::Linear;
use super::weights::Scope;
use crate::kernels::Activation;

/// `values` as rows of `dimension` sines and cosines: `(values.len(), dimension)`.
pub(crate) struct Sinusoid {
    pub dimension: usize,
    pub cosine_first: bool,
    pub frequency_shift: f64,
}

impl Sinusoid {
    pub(crate) fn embed(&self, values: &[f32]) -> Result<Tensor, ModelError> {
        let half = self.dimension / 2;
        let mut rows = Vec::with_capacity(values.len() * self.dimension);
        // In f32 from the exponent on, as in diffusers.
        let frequencies: Vec<f32> = (0..half)
            .map(|index| {
                let exponent = -(10_000f64.ln()) as f32 * index as f32;
                (exponent / (half as f64 - self.frequency_shift) as f32).exp()
            })
            .collect();
        for value in values {
            let sines = frequencies.iter().map(|frequency| (value * frequency).sin());
            let cosines = frequencies.iter().map(|frequency| (value * frequency).cos());
            if self.cosine_first {
                rows.extend(cosines.chain(sines));
            } else {
                rows.extend(sines.chain(cosines));
            }
            rows.resize(rows.len() + self.dimension % 2, 0.0);
        }
        Ok(Tensor::from_vec(rows, (values.len(), self.dimension), &Device::Cpu)?)
    }
}

/// How strongly the words shall guide, as `(values.len(), dimension)`: "On Distillation of Guided Diffusion Models",
/// arXiv 2210.03142, in the form of latent consistency models (`scale` 1 is no guidance).
pub(crate) fn embed_guidance(scale: f64, rows: usize, dimension: usize) -> Result<Tensor, ModelError> {
    let sinusoid = Sinusoid { dimension, cosine_first: false, frequency_shift: 1.0 };
    let value = (scale - 1.0) as f32 * 1000.0;
    sinusoid.embed(&vec![value; rows])
}

/// Linear, SiLU, linear; where guidance is embedded, its projection is added before.
pub(crate) struct TimestepEmbedding {
    condition: Option<Linear>,
    linear_1: Linear,
    linear_2: Linear,
}

impl TimestepEmbedding {
    /// `condition`: the width of what is added to the inputs.
    pub(crate) fn new(at: &Scope, inputs: usize, outputs: usize, condition: Option<usize>) -> Result<Self, ModelError> {
        let condition = condition.map(|width| Linear::without_bias(&at.at("cond_proj"), width, inputs)).transpose()?;
        Ok(Self {
            condition,
            linear_1: Linear::new(&at.at("linear_1"), inputs, outputs)?,
            linear_2: Linear::new(&at.at("linear_2"), outputs, outputs)?,
        })
    }

    pub(crate) fn without_biases(at: &Scope, inputs: usize, outputs: usize) -> Result<Self, ModelError> {
        Ok(Self {
            condition: None,
            linear_1: Linear::without_bias(&at.at("linear_1"), inputs, outputs)?,
            linear_2: Linear::without_bias(&at.at("linear_2"), outputs, outputs)?,
        })
    }

    /// `x` `(batch, inputs)`, `condition` `(batch, its width)`; gives `(batch, 1, outputs)`.
    pub(crate) fn forward(
        &self,
        x: &Tensor,
        condition: Option<&Tensor>,
        execution: &Execution,
    ) -> Result<Feature, ModelError> {
        let up = |x: &Tensor| Feature::of_tokens(&x.unsqueeze(1)?, execution);
        self.forward_features(up(x)?, condition.map(up).transpose()?.as_ref())
    }

    /// The same of what is on its device: `(batch, 1, inputs)`.
    pub(crate) fn forward_features(&self, x: Feature, condition: Option<&Feature>) -> Result<Feature, ModelError> {
        let x = match (&self.condition, condition) {
            (Some(projection), Some(condition)) => projection.forward_onto(condition, &x)?,
            _ => x,
        };
        self.linear_2.forward(&self.linear_1.forward_then(&x, Activation::Silu)?)
    }
}
