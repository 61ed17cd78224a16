//! Sinusoidal embedding of timesteps and its two-layer projection ("Denoising Diffusion Probabilistic Models").

use candle_core::{Device, Tensor};

use super::ModelError;
use super::feature::{Execution, Feature};
use super::layers::Linear;
use super::weights::Scope;
use crate::kernels::Activation;

/// `values` as rows of `dimension` sines and cosines: `(values.len(), dimension)`.
pub struct Sinusoid {
    pub dimension: usize,
    pub cosine_first: bool,
    pub frequency_shift: f64,
}

impl Sinusoid {
    pub fn embed(&self, values: &[f32]) -> Result<Tensor, ModelError> {
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

/// Linear, SiLU, linear.
pub struct TimestepEmbedding {
    linear_1: Linear,
    linear_2: Linear,
}

impl TimestepEmbedding {
    pub fn new(at: &Scope, inputs: usize, outputs: usize) -> Result<Self, ModelError> {
        Ok(Self {
            linear_1: Linear::new(&at.at("linear_1"), inputs, outputs)?,
            linear_2: Linear::new(&at.at("linear_2"), outputs, outputs)?,
        })
    }

    /// `x` `(batch, inputs)`; gives `(batch, 1, outputs)`.
    pub fn forward(&self, x: &Tensor, execution: &Execution) -> Result<Feature, ModelError> {
        let x = Feature::of_tokens(&x.unsqueeze(1)?, execution)?;
        self.linear_2.forward(&self.linear_1.forward_then(&x, Activation::Silu)?)
    }
}
