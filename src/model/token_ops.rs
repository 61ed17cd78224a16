//! What a transformer does to rows of tokens besides products and attention; on our kernels, on a device, and in a dry
//! run.

use std::sync::Arc;

use candle_core::{Device, Tensor};

use super::ModelError;
use super::feature::{Execution, Feature};
use super::operators::Array;
use crate::kernels::{self, Level, RotaryPairs};

/// The angles by which each token's heads are turned.
pub(crate) struct Rotation {
    pairs: RotaryPairs,
    half: usize,
    form: Form,
}

enum Form {
    Host { cosines: Arc<[f32]>, sines: Arc<[f32]> },
    Device { cosines: Array, sines: Array },
    Traced,
}

impl Rotation {
    /// `angles` of all tokens, `half` for each: as many as a head has pairs of channels.
    ///
    /// # Errors
    /// When the device is out of memory.
    pub(crate) fn new(
        angles: &[f64],
        half: usize,
        pairs: RotaryPairs,
        execution: &Execution,
    ) -> Result<Self, ModelError> {
        let of = |turn: fn(f64) -> f64| angles.iter().map(|angle| turn(*angle) as f32).collect::<Vec<f32>>();
        let (cosines, sines) = (of(f64::cos), of(f64::sin));
        let form = match execution {
            Execution::Kernels => Form::Host { cosines: cosines.into(), sines: sines.into() },
            Execution::Candle(operators) => {
                let rows = angles.len() / half.max(1);
                let operators = operators.for_angles(half);
                let upload = |values| operators.upload(&Tensor::from_vec(values, (rows, half), &Device::Cpu)?);
                Form::Device { cosines: upload(cosines)?, sines: upload(sines)? }
            }
            Execution::DryRun(_) => Form::Traced,
        };
        Ok(Self { pairs, half, form })
    }
}

impl Feature {
    fn row(array: &Array, values: &[f32]) -> Result<Array, ModelError> {
        array.on().upload(&Tensor::from_vec(values.to_vec(), values.len(), &Device::Cpu)?)
    }

    /// Root mean square norm over as many channels together as there are weights, and `residual` added.
    ///
    /// # Errors
    /// When the shapes do not go together, or the device is out of memory. So for all that follow.
    pub(crate) fn rms_norm(&self, weight: &[f32], eps: f64, residual: Option<&Self>) -> Result<Self, ModelError> {
        Ok(match (self, residual) {
            (Self::Host(x), None) => Self::Host(kernels::rms_norm(x, weight, eps, None, Level::current())?),
            (Self::Host(x), Some(Self::Host(residual))) => {
                Self::Host(kernels::rms_norm(x, weight, eps, Some(residual), Level::current())?)
            }
            (Self::Device(x), None) => Self::Device(x.rms_norm(&Self::row(x, weight)?, eps)?),
            (Self::Device(x), Some(Self::Device(residual))) => {
                Self::Device(residual.add(&x.rms_norm(&Self::row(x, weight)?, eps)?)?)
            }
            (Self::Traced(x), None | Some(Self::Traced(_))) => Self::Traced(x.passed_over()),
            _ => return Err(ModelError::mixed_devices()),
        })
    }

    /// Layer norm by weights that were made on the way.
    ///
    /// # Errors
    /// As above.
    pub(crate) fn layer_norm_by(&self, weight: &[f32], bias: &[f32], eps: f64) -> Result<Self, ModelError> {
        Ok(match self {
            Self::Host(x) => {
                let norm = kernels::LayerNorm::new(weight.to_vec(), bias.to_vec(), eps, Level::current())?;
                Self::Host(norm.forward(x)?)
            }
            Self::Device(x) => Self::Device(x.layer_norm(&Self::row(x, weight)?, &Self::row(x, bias)?, eps)?),
            Self::Traced(x) => Self::Traced(x.passed_over()),
        })
    }

    /// # Errors
    /// As above.
    pub(crate) fn rotated(&self, rotation: &Rotation) -> Result<Self, ModelError> {
        Ok(match (self, &rotation.form) {
            (Self::Host(x), Form::Host { cosines, sines }) => {
                Self::Host(kernels::rotated(x, (cosines, sines), rotation.half, rotation.pairs)?)
            }
            (Self::Device(x), Form::Device { cosines, sines }) => {
                Self::Device(x.rotated(cosines, sines, rotation.pairs)?)
            }
            (Self::Traced(x), Form::Traced) => Self::Traced(x.passed_over()),
            _ => return Err(ModelError::mixed_devices()),
        })
    }

    /// Value by value, in this one's memory where the kernels compute and nobody else holds it.
    ///
    /// # Errors
    /// As above.
    pub(crate) fn multiply(self, other: &Self) -> Result<Self, ModelError> {
        Ok(match (self, other) {
            (Self::Host(a), Self::Host(b)) => Self::Host(kernels::multiply(a, b)?),
            (Self::Device(a), Self::Device(b)) => Self::Device(a.times(b)?),
            (Self::Traced(a), Self::Traced(_)) => Self::Traced(a.passed_over_in_place()),
            _ => return Err(ModelError::mixed_devices()),
        })
    }

    /// `residual + factors · self`, a factor for each channel.
    ///
    /// # Errors
    /// As above.
    pub(crate) fn scaled_onto(&self, factors: &[f32], residual: &Self) -> Result<Self, ModelError> {
        Ok(match (self, residual) {
            (Self::Host(x), Self::Host(residual)) => Self::Host(kernels::scaled_onto(x, factors, residual)?),
            (Self::Device(x), Self::Device(residual)) => {
                Self::Device(x.scaled_onto(&Self::row(x, factors)?, residual)?)
            }
            (Self::Traced(x), Self::Traced(_)) => Self::Traced(x.passed_over()),
            _ => return Err(ModelError::mixed_devices()),
        })
    }

    /// Of one row.
    ///
    /// # Errors
    /// When they are no tokens.
    pub(crate) fn token_count(&self) -> Result<usize, ModelError> {
        Ok(match self {
            Self::Host(x) => x.height * x.width,
            Self::Device(x) => x.dims3()?.1,
            Self::Traced(x) => x.height * x.width,
        })
    }

    /// `count` tokens from `first` on.
    ///
    /// # Errors
    /// As above.
    pub(crate) fn narrow_tokens(&self, first: usize, count: usize) -> Result<Self, ModelError> {
        Ok(match self {
            Self::Host(x) => Self::Host(kernels::narrow_tokens(x, first, count)?),
            Self::Device(x) => Self::Device(x.narrow_tokens(first, count)?),
            Self::Traced(x) => Self::Traced(x.of_tokens(count)),
        })
    }

    /// These tokens, then the others.
    ///
    /// # Errors
    /// As above.
    pub(crate) fn join_tokens(&self, other: &Self) -> Result<Self, ModelError> {
        Ok(match (self, other) {
            (Self::Host(a), Self::Host(b)) => Self::Host(kernels::join_tokens(a, b)?),
            (Self::Device(a), Self::Device(b)) => Self::Device(Array::concatenate(&[a.clone(), b.clone()], 1)?),
            (Self::Traced(a), Self::Traced(b)) => Self::Traced(a.of_tokens(a.rows() + b.rows())),
            _ => return Err(ModelError::mixed_devices()),
        })
    }

    /// The channels of these tokens, then those of the others.
    ///
    /// # Errors
    /// As above.
    pub(crate) fn join_channels(&self, other: &Self) -> Result<Self, ModelError> {
        match (self, other) {
            (Self::Device(a), Self::Device(b)) => Ok(Self::Device(Array::concatenate(&[a.clone(), b.clone()], 2)?)),
            _ => self.concatenate(other),
        }
    }

    /// Each head of `depth` channels, `times` times in a row.
    ///
    /// # Errors
    /// As above.
    pub(crate) fn repeat_heads(&self, depth: usize, times: usize) -> Result<Self, ModelError> {
        if times == 1 {
            return Ok(self.clone());
        }
        Ok(match self {
            Self::Host(x) => Self::Host(kernels::repeat_heads(x, depth, times)?),
            Self::Device(x) => Self::Device(x.repeat_heads(depth, times)?),
            Self::Traced(x) => Self::Traced(x.with_channels(x.channels * times)),
        })
    }
}
