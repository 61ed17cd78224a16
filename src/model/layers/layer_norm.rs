//! Layer norm on tokens.

use super::super::ModelError;
use super::super::feature::{Execution, Feature};
use super::super::operators::Array;
use super::super::weights::Scope;
use super::host_vector;
use crate::kernels;

enum Form {
    Host(kernels::LayerNorm),
    Device { weight: Array, bias: Array, eps: f64 },
    DryRun,
}

pub(crate) struct LayerNorm {
    form: Form,
}

impl LayerNorm {
    pub(crate) fn new(at: &Scope, size: usize, eps: f64) -> Result<Self, ModelError> {
        let (weight, bias) = (at.tensor("weight", &[size])?, at.tensor("bias", &[size])?);
        let form = match at.execution() {
            Execution::Candle(operators) => {
                Form::Device { weight: operators.keep(&weight)?, bias: operators.keep(&bias)?, eps }
            }
            Execution::DryRun(_) => Form::DryRun,
            Execution::Kernels => {
                let (weight, bias) = (host_vector(&weight)?, host_vector(&bias)?);
                Form::Host(kernels::LayerNorm::new(weight, bias, eps, at.packing().level)?)
            }
        };
        Ok(Self { form })
    }

    pub(crate) fn forward(&self, x: &Feature) -> Result<Feature, ModelError> {
        Ok(match (&self.form, x) {
            (Form::Host(norm), Feature::Host(x)) => Feature::Host(norm.forward(x)?),
            (Form::Device { weight, bias, eps }, Feature::Device(x)) => {
                Feature::Device(x.layer_norm(weight, bias, *eps)?)
            }
            (Form::DryRun, Feature::Traced(x)) => Feature::Traced(x.passed_over()),
            _ => return Err(ModelError::mixed_devices()),
        })
    }
}
