//! Convolutions of 3×3 and 1×1.

use std::sync::Arc;

use candle_nn::{Conv2d, Conv2dConfig, Module};

use super::super::ModelError;
use super::super::feature::{Execution, Feature, mixed};
use super::super::weights::Scope;
use super::{host_vector, packed};
use crate::kernels::{self, Finish, Steps};

enum Form {
    Host(kernels::Conv3x3),
    Device(Conv2d),
}

/// A 3×3 convolution with bias.
pub struct Conv3x3 {
    form: Arc<Form>,
    steps: Steps,
}

/// What is added to a convolution's output.
#[derive(Clone, Copy, Default)]
pub struct Added<'a> {
    /// For each picture of the batch and each channel: `(batch, 1, channels)` tokens.
    pub per_picture: Option<&'a Feature>,
    /// As large as the output.
    pub residual: Option<&'a Feature>,
}

impl Conv3x3 {
    /// Keeps the size.
    pub fn new(at: &Scope, inputs: usize, outputs: usize) -> Result<Self, ModelError> {
        Self::with_steps(at, inputs, outputs, Steps::SAME)
    }

    /// Halves the size. Without `padding`, one row and column of zeros go below and to the right.
    pub fn halving(at: &Scope, channels: usize, padding: usize) -> Result<Self, ModelError> {
        Self::with_steps(at, channels, channels, Steps { stride: 2, before: padding, after: padding.max(1) })
    }

    fn with_steps(at: &Scope, inputs: usize, outputs: usize, steps: Steps) -> Result<Self, ModelError> {
        let shape = [outputs, inputs, 3, 3];
        let form = at.shelved(|| {
            let bias = at.tensor("bias", &[outputs])?;
            Ok(match at.execution() {
                Execution::Candle => {
                    let weight = at.tensor("weight", &shape)?;
                    let config =
                        Conv2dConfig { stride: steps.stride, padding: steps.before, ..Conv2dConfig::default() };
                    Form::Device(Conv2d::new(weight, Some(bias), config))
                }
                Execution::Kernels => {
                    let bias = host_vector(&bias)?;
                    let layer =
                        |source: kernels::Source| kernels::Conv3x3::new(source, &bias, inputs, steps, at.packing());
                    Form::Host(packed(at, &shape, layer)?)
                }
            })
        })?;
        Ok(Self { form, steps })
    }

    pub fn forward(&self, x: &Feature) -> Result<Feature, ModelError> {
        self.forward_with(x, x.size()?, Added::default())
    }

    /// `x` is brought to `size` before, each pixel from the nearest.
    pub fn forward_resized(&self, x: &Feature, size: (usize, usize)) -> Result<Feature, ModelError> {
        self.forward_with(x, size, Added::default())
    }

    /// `x` keeps its size; something is added to what comes out.
    pub fn forward_added(&self, x: &Feature, added: Added) -> Result<Feature, ModelError> {
        self.forward_with(x, x.size()?, added)
    }

    fn forward_with(&self, x: &Feature, size: (usize, usize), added: Added) -> Result<Feature, ModelError> {
        match (&*self.form, x) {
            (Form::Host(layer), Feature::Host(x)) => {
                let mut finish = Finish::default();
                if let Some(rows) = added.per_picture {
                    let Feature::Host(rows) = rows else { return Err(mixed()) };
                    let (Some(height), Some(width)) = (self.steps.places(size.0), self.steps.places(size.1)) else {
                        return Err(too_small(size));
                    };
                    finish.per_picture = Some((rows.values(), height * width));
                }
                if let Some(residual) = added.residual {
                    let Feature::Host(residual) = residual else { return Err(mixed()) };
                    finish.residual = Some(residual.values());
                }
                Ok(Feature::Host(layer.forward(x, size, &finish)?))
            }
            (Form::Device(layer), Feature::Device(tensor)) => {
                if self.steps.places(size.0).is_none() || self.steps.places(size.1).is_none() {
                    return Err(too_small(size));
                }
                let mut x = tensor.clone();
                if size != (x.dim(2)?, x.dim(3)?) {
                    x = x.upsample_nearest2d(size.0, size.1)?;
                }
                // candle pads both sides alike.
                let more = self.steps.after - self.steps.before;
                if more > 0 {
                    x = x.pad_with_zeros(2, 0, more)?.pad_with_zeros(3, 0, more)?;
                }
                let mut out = layer.forward(&x)?;
                if let Some(rows) = added.per_picture {
                    let Feature::Device(rows) = rows else { return Err(mixed()) };
                    out = out.broadcast_add(&rows.transpose(1, 2)?.unsqueeze(3)?)?;
                }
                if let Some(residual) = added.residual {
                    let Feature::Device(residual) = residual else { return Err(mixed()) };
                    out = (residual + out)?;
                }
                Ok(Feature::Device(out))
            }
            _ => Err(mixed()),
        }
    }
}

fn too_small((height, width): (usize, usize)) -> ModelError {
    ModelError::Misfit(format!("a 3×3 convolution was given a picture of {width}×{height}"))
}

enum PointForm {
    Host(kernels::Linear),
    Device(Conv2d),
}

/// A 1×1 convolution with bias.
pub struct Conv1x1 {
    form: Arc<PointForm>,
}

impl Conv1x1 {
    pub fn new(at: &Scope, inputs: usize, outputs: usize) -> Result<Self, ModelError> {
        let shape = [outputs, inputs, 1, 1];
        let form = at.shelved(|| {
            let bias = at.tensor("bias", &[outputs])?;
            Ok(match at.execution() {
                Execution::Candle => {
                    let weight = at.tensor("weight", &shape)?;
                    PointForm::Device(Conv2d::new(weight, Some(bias), Conv2dConfig::default()))
                }
                Execution::Kernels => {
                    let bias = host_vector(&bias)?;
                    let layer =
                        |source: kernels::Source| kernels::Linear::new(source, Some(&bias), inputs, at.packing());
                    PointForm::Host(packed(at, &shape, layer)?)
                }
            })
        })?;
        Ok(Self { form })
    }

    pub fn forward(&self, x: &Feature) -> Result<Feature, ModelError> {
        Ok(match (&*self.form, x) {
            (PointForm::Host(layer), Feature::Host(x)) => Feature::Host(layer.forward(x, &Finish::default())?),
            (PointForm::Device(layer), Feature::Device(x)) => Feature::Device(layer.forward(x)?),
            _ => return Err(mixed()),
        })
    }
}
