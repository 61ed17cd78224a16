//! Group norm on pictures and layer norm on tokens.

use candle_nn::Module;

use super::super::ModelError;
use super::super::feature::{Execution, Feature, mixed};
use super::super::weights::Scope;
use super::host_vector;
use crate::kernels;

enum Form<H, D> {
    Host(H),
    Device(D),
    Sketch,
}

pub struct GroupNorm {
    form: Form<kernels::GroupNorm, candle_nn::GroupNorm>,
}

impl GroupNorm {
    pub fn new(at: &Scope, groups: usize, channels: usize, eps: f64) -> Result<Self, ModelError> {
        let (weight, bias) = (at.tensor("weight", &[channels])?, at.tensor("bias", &[channels])?);
        let form = match at.execution() {
            Execution::Candle => Form::Device(candle_nn::GroupNorm::new(weight, bias, channels, groups, eps)?),
            Execution::Sketch(_) => Form::Sketch,
            Execution::Kernels => {
                let (weight, bias) = (host_vector(&weight)?, host_vector(&bias)?);
                Form::Host(kernels::GroupNorm::new(weight, bias, groups, eps, at.packing().level)?)
            }
        };
        Ok(Self { form })
    }

    pub fn forward(&self, x: &Feature) -> Result<Feature, ModelError> {
        self.run(x, false)
    }

    pub fn forward_silu(&self, x: &Feature) -> Result<Feature, ModelError> {
        self.run(x, true)
    }

    fn run(&self, x: &Feature, with_silu: bool) -> Result<Feature, ModelError> {
        Ok(match (&self.form, x) {
            (Form::Host(norm), Feature::Host(x)) => Feature::Host(norm.forward(x, with_silu)?),
            (Form::Device(norm), Feature::Device(x)) => {
                let normed = norm.forward(x)?;
                Feature::Device(if with_silu { normed.silu()? } else { normed })
            }
            (Form::Sketch, Feature::Sketch(x)) => Feature::Sketch(x.passed_over()),
            _ => return Err(mixed()),
        })
    }
}

pub struct LayerNorm {
    form: Form<kernels::LayerNorm, candle_nn::LayerNorm>,
}

impl LayerNorm {
    pub fn new(at: &Scope, size: usize, eps: f64) -> Result<Self, ModelError> {
        let (weight, bias) = (at.tensor("weight", &[size])?, at.tensor("bias", &[size])?);
        let form = match at.execution() {
            Execution::Candle => Form::Device(candle_nn::LayerNorm::new(weight, bias, eps)),
            Execution::Sketch(_) => Form::Sketch,
            Execution::Kernels => {
                let (weight, bias) = (host_vector(&weight)?, host_vector(&bias)?);
                Form::Host(kernels::LayerNorm::new(weight, bias, eps, at.packing().level)?)
            }
        };
        Ok(Self { form })
    }

    pub fn forward(&self, x: &Feature) -> Result<Feature, ModelError> {
        Ok(match (&self.form, x) {
            (Form::Host(norm), Feature::Host(x)) => Feature::Host(norm.forward(x)?),
            (Form::Device(norm), Feature::Device(x)) => Feature::Device(norm.forward(x)?),
            (Form::Sketch, Feature::Sketch(x)) => Feature::Sketch(x.passed_over()),
            _ => return Err(mixed()),
        })
    }
}
