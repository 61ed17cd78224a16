//! What flows through the networks: on a CPU our own maps and kernels, elsewhere candle's tensors and operators.
//!
//! The networks are written once, on [`Feature`]; the layers choose.

use std::sync::Arc;

use candle_core::{DType, Device, Storage, Tensor};

use super::ModelError;
use super::sketch::{Ledger, Sketch};
use crate::kernels::{self, Activation, Level, Map};

/// How a network is carried out.
#[derive(Clone, Debug)]
pub enum Execution {
    /// By our kernels, in single precision on a CPU.
    Kernels,
    /// By candle's operators.
    Candle,
    /// Not at all: sizes alone are walked through it, and what that shows is noted.
    Sketch(Arc<Ledger>),
}

impl Execution {
    /// What is used on this device.
    #[must_use]
    pub fn on(device: &Device) -> Self {
        if device.is_cpu() { Self::Kernels } else { Self::Candle }
    }

    /// The number format of activations where weights are kept as `weights`.
    #[must_use]
    pub fn activation_dtype(&self, weights: DType) -> DType {
        if matches!(self, Self::Candle) { weights } else { DType::F32 }
    }
}

/// A feature map `(batch, height, width, channels)` or a row of tokens `(batch, tokens, channels)`.
#[derive(Clone)]
pub enum Feature {
    /// Pixels and tokens are the same memory.
    Host(Map),
    /// A picture is `(batch, channels, height, width)`, tokens are `(batch, tokens, channels)`.
    Device(Tensor),
    /// Sizes alone.
    Sketch(Sketch),
}

impl Feature {
    /// `picture` `(batch, channels, height, width)`.
    ///
    /// # Errors
    /// When the shape is wrong.
    pub fn of_picture(picture: &Tensor, execution: &Execution) -> Result<Self, ModelError> {
        let (batch, channels, height, width) = picture.dims4()?;
        match execution {
            Execution::Candle => Ok(Self::Device(picture.clone())),
            Execution::Kernels => {
                with_values(picture, |planes| Ok(Self::Host(Map::from_planes(planes, batch, channels, height, width)?)))
            }
            Execution::Sketch(ledger) => Ok(Self::Sketch(Sketch::new(ledger, batch, height, width, channels))),
        }
    }

    /// `tokens` `(batch, tokens, channels)`.
    ///
    /// # Errors
    /// When the shape is wrong.
    pub fn of_tokens(tokens: &Tensor, execution: &Execution) -> Result<Self, ModelError> {
        let (batch, count, channels) = tokens.dims3()?;
        match execution {
            Execution::Candle => Ok(Self::Device(tokens.clone())),
            Execution::Kernels => {
                with_values(tokens, |values| Ok(Self::Host(Map::from_vec(values.to_vec(), batch, 1, count, channels)?)))
            }
            Execution::Sketch(ledger) => Ok(Self::Sketch(Sketch::new(ledger, batch, 1, count, channels))),
        }
    }

    /// `(batch, channels, height, width)`
    ///
    /// # Errors
    /// When the device has no room.
    pub fn picture(&self) -> Result<Tensor, ModelError> {
        Ok(match self {
            Self::Host(map) => {
                Tensor::from_vec(map.to_planes(), (map.batch, map.channels, map.height, map.width), &Device::Cpu)?
            }
            Self::Device(tensor) => tensor.clone(),
            Self::Sketch(sketch) => {
                // The planes stand beside the map for a moment.
                drop(sketch.passed_over());
                nothing(&[sketch.batch, sketch.channels, sketch.height, sketch.width])?
            }
        })
    }

    /// `(batch, tokens, channels)`
    ///
    /// # Errors
    /// When the device has no room.
    pub fn tokens(&self) -> Result<Tensor, ModelError> {
        Ok(match self {
            Self::Host(map) => {
                let shape = (map.batch, map.height * map.width, map.channels);
                Tensor::from_vec(map.values().to_vec(), shape, &Device::Cpu)?
            }
            Self::Device(tensor) => tensor.clone(),
            Self::Sketch(sketch) => nothing(&[sketch.batch, sketch.height * sketch.width, sketch.channels])?,
        })
    }

    /// Height and width of a picture.
    ///
    /// # Errors
    /// When it is none.
    pub fn size(&self) -> Result<(usize, usize), ModelError> {
        Ok(match self {
            Self::Host(map) => (map.height, map.width),
            Self::Device(tensor) => {
                let (_, _, height, width) = tensor.dims4()?;
                (height, width)
            }
            Self::Sketch(sketch) => (sketch.height, sketch.width),
        })
    }

    /// A picture's pixels as tokens.
    ///
    /// # Errors
    /// When it is no picture.
    pub fn to_tokens(&self) -> Result<Self, ModelError> {
        Ok(match self {
            Self::Host(map) => Self::Host(map.clone()),
            Self::Device(tensor) => Self::Device(tensor.flatten_from(2)?.transpose(1, 2)?.contiguous()?),
            Self::Sketch(sketch) => Self::Sketch(sketch.clone()),
        })
    }

    /// Tokens as a picture of this size.
    ///
    /// # Errors
    /// When there are not as many.
    pub fn to_picture(&self, (height, width): (usize, usize)) -> Result<Self, ModelError> {
        Ok(match self {
            Self::Host(map) => Self::Host(map.resized(height, width)?),
            Self::Device(tensor) => {
                let (batch, _, channels) = tensor.dims3()?;
                Self::Device(tensor.transpose(1, 2)?.contiguous()?.reshape((batch, channels, height, width))?)
            }
            Self::Sketch(sketch) => Self::Sketch(sketch.resized(height, width)),
        })
    }

    /// # Errors
    /// When the shapes differ.
    pub fn add(&self, other: &Self) -> Result<Self, ModelError> {
        Ok(match (self, other) {
            (Self::Host(a), Self::Host(b)) => Self::Host(kernels::add(a, b)?),
            (Self::Device(a), Self::Device(b)) => Self::Device((a + b)?),
            (Self::Sketch(a), Self::Sketch(_)) => Self::Sketch(a.passed_over()),
            _ => return Err(mixed()),
        })
    }

    /// The channels of this picture, then those of the other.
    ///
    /// # Errors
    /// When the sizes differ.
    pub fn concatenate(&self, other: &Self) -> Result<Self, ModelError> {
        Ok(match (self, other) {
            (Self::Host(a), Self::Host(b)) => Self::Host(kernels::concatenate(a, b)?),
            (Self::Device(a), Self::Device(b)) => Self::Device(Tensor::cat(&[a, b], 1)?),
            (Self::Sketch(a), Self::Sketch(b)) => Self::Sketch(a.concatenated(b)),
            _ => return Err(mixed()),
        })
    }

    /// # Errors
    /// When the device has no room.
    pub fn activate(&self, activation: Activation) -> Result<Self, ModelError> {
        Ok(match self {
            Self::Host(map) => Self::Host(kernels::activate(map, activation, Level::current())),
            Self::Device(tensor) => Self::Device(activate_tensor(tensor, activation)?),
            Self::Sketch(sketch) => Self::Sketch(sketch.passed_over()),
        })
    }
}

pub(super) fn activate_tensor(x: &Tensor, activation: Activation) -> Result<Tensor, candle_core::Error> {
    match activation {
        Activation::None => Ok(x.clone()),
        Activation::Silu => x.silu(),
        Activation::QuickGelu => x * candle_nn::ops::sigmoid(&(x * 1.702)?)?,
        Activation::Gelu => x.gelu_erf(),
    }
}

/// A tensor of this shape in the memory of one number.
fn nothing(shape: &[usize]) -> Result<Tensor, candle_core::Error> {
    Tensor::zeros(1, DType::F32, &Device::Cpu)?.broadcast_as(shape)
}

/// Two parts of one network never run in two ways.
pub(super) fn mixed() -> ModelError {
    ModelError::Misfit("a layer was given a feature map of another device".to_owned())
}

/// The tensor's values in order, in single precision.
pub(super) fn with_values<T>(
    tensor: &Tensor,
    then: impl FnOnce(&[f32]) -> Result<T, ModelError>,
) -> Result<T, ModelError> {
    let tensor = tensor.to_dtype(DType::F32)?.to_device(&Device::Cpu)?.contiguous()?;
    let (storage, layout) = tensor.storage_and_layout();
    let Storage::Cpu(storage) = &*storage else { return Err(mixed()) };
    let first = layout.start_offset();
    then(&storage.as_slice::<f32>()?[first..first + layout.shape().elem_count()])
}
