//! The feed-forward layers of today's transformers ("GLU Variants Improve Transformer", Shazeer), and norms whose
//! weights stay on the host because they are changed on the way.

use super::ModelError;
use super::feature::Feature;
use super::layers::{Linear, host_vector};
use super::weights::Scope;
use crate::kernels::Activation;

/// `down(silu(gate(x)) · up(x))`, without biases.
pub(crate) struct SwiGlu {
    gate: Linear,
    up: Linear,
    down: Linear,
}

impl SwiGlu {
    /// `names` of gate, up and down at this place.
    pub(crate) fn new(at: &Scope, names: [&str; 3], width: usize, hidden: usize) -> Result<Self, ModelError> {
        let [gate, up, down] = names;
        Ok(Self {
            gate: Linear::without_bias(&at.at(gate), width, hidden)?,
            up: Linear::without_bias(&at.at(up), width, hidden)?,
            down: Linear::without_bias(&at.at(down), hidden, width)?,
        })
    }

    /// What goes down, for a layer that is fused with another.
    pub(crate) fn hidden(gate: &Linear, up: &Linear, x: &Feature) -> Result<Feature, ModelError> {
        gate.forward_then(x, Activation::Silu)?.multiply(&up.forward(x)?)
    }

    pub(crate) fn forward(&self, x: &Feature) -> Result<Feature, ModelError> {
        self.down.forward(&Self::hidden(&self.gate, &self.up, x)?)
    }

    /// `residual` + the layers.
    pub(crate) fn forward_onto(&self, x: &Feature, residual: &Feature) -> Result<Feature, ModelError> {
        self.down.forward_onto(&Self::hidden(&self.gate, &self.up, x)?, residual)
    }
}

/// The weight of a root mean square norm.
pub(crate) fn norm_weight(at: &Scope, width: usize) -> Result<Vec<f32>, ModelError> {
    host_vector(&at.tensor("weight", &[width])?)
}

/// Value by value.
pub(crate) fn product(a: &[f32], b: &[f32]) -> Vec<f32> {
    a.iter().zip(b).map(|(a, b)| a * b).collect()
}
