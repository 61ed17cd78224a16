//! Linear layers, and those whose outputs gate each other.

use std::sync::Arc;

use candle_core::D;
use candle_nn::Module;

use super::super::ModelError;
use super::super::feature::{Execution, Feature, activate_tensor, mixed};
use super::super::weights::Scope;
use super::{host_vector, packed};
use crate::kernels::{self, Activation, Finish};

enum Form {
    Host(kernels::Linear),
    Device(candle_nn::Linear),
}

/// A linear layer on tokens.
pub struct Linear {
    form: Arc<Form>,
}

impl Linear {
    pub fn new(at: &Scope, inputs: usize, outputs: usize) -> Result<Self, ModelError> {
        Self::build(at, inputs, outputs, true)
    }

    pub fn without_bias(at: &Scope, inputs: usize, outputs: usize) -> Result<Self, ModelError> {
        Self::build(at, inputs, outputs, false)
    }

    fn build(at: &Scope, inputs: usize, outputs: usize, has_bias: bool) -> Result<Self, ModelError> {
        let shape = [outputs, inputs];
        let form = at.shelved(|| {
            let bias = has_bias.then(|| at.tensor("bias", &[outputs])).transpose()?;
            Ok(match at.execution() {
                Execution::Candle => Form::Device(candle_nn::Linear::new(at.tensor("weight", &shape)?, bias)),
                Execution::Kernels => {
                    let bias = bias.as_ref().map(host_vector).transpose()?;
                    let layer =
                        |source: kernels::Source| kernels::Linear::new(source, bias.as_deref(), inputs, at.packing());
                    Form::Host(packed(at, &shape, layer)?)
                }
            })
        })?;
        Ok(Self { form })
    }

    pub fn forward(&self, x: &Feature) -> Result<Feature, ModelError> {
        self.forward_then(x, Activation::None)
    }

    /// The layer, then the activation.
    pub fn forward_then(&self, x: &Feature, activation: Activation) -> Result<Feature, ModelError> {
        Ok(match (&*self.form, x) {
            (Form::Host(layer), Feature::Host(x)) => {
                Feature::Host(layer.forward(x, &Finish { activation, ..Finish::default() })?)
            }
            (Form::Device(layer), Feature::Device(x)) => {
                Feature::Device(activate_tensor(&layer.forward(x)?, activation)?)
            }
            _ => return Err(mixed()),
        })
    }

    /// `residual` + the layer.
    pub fn forward_onto(&self, x: &Feature, residual: &Feature) -> Result<Feature, ModelError> {
        Ok(match (&*self.form, x, residual) {
            (Form::Host(layer), Feature::Host(x), Feature::Host(residual)) => {
                let finish = Finish { residual: Some(residual.values()), ..Finish::default() };
                Feature::Host(layer.forward(x, &finish)?)
            }
            (Form::Device(layer), Feature::Device(x), Feature::Device(residual)) => {
                Feature::Device((residual + layer.forward(x)?)?)
            }
            _ => return Err(mixed()),
        })
    }
}

/// GEGLU with the exact (erf) GELU: half of the outputs, times the GELU of the other half.
pub struct GatedLinear {
    form: Arc<Form>,
}

impl GatedLinear {
    /// `outputs` are what is left of twice as many.
    pub fn new(at: &Scope, inputs: usize, outputs: usize) -> Result<Self, ModelError> {
        let shape = [2 * outputs, inputs];
        let form = at.shelved(|| {
            let bias = at.tensor("bias", &[2 * outputs])?;
            Ok(match at.execution() {
                Execution::Candle => Form::Device(candle_nn::Linear::new(at.tensor("weight", &shape)?, Some(bias))),
                Execution::Kernels => {
                    let bias = host_vector(&bias)?;
                    let layer = |source: kernels::Source| kernels::Linear::gated(source, &bias, inputs, at.packing());
                    Form::Host(packed(at, &shape, layer)?)
                }
            })
        })?;
        Ok(Self { form })
    }

    pub fn forward(&self, x: &Feature) -> Result<Feature, ModelError> {
        Ok(match (&*self.form, x) {
            (Form::Host(layer), Feature::Host(x)) => Feature::Host(layer.forward(x, &Finish::default())?),
            (Form::Device(layer), Feature::Device(x)) => {
                let both = layer.forward(x)?.chunk(2, D::Minus1)?;
                Feature::Device((both[0].contiguous()? * both[1].contiguous()?.gelu_erf()?)?)
            }
            _ => return Err(mixed()),
        })
    }
}
