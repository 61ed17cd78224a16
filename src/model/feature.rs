//! What flows through the networks: on a CPU our own maps and kernels, elsewhere candle's tensors and operators.
//!
//! The networks are written once, on [`Feature`]; the layers choose.

use std::sync::Arc;

use candle_core::{DType, Device, Storage, Tensor};

use super::ModelError;
use super::dry_run::{MemoryTracker, TracedFeature};
use super::operators::{Array, Operators};
use crate::kernels::{self, Activation, Level, Map};

/// How a network is carried out.
#[derive(Clone, Debug)]
pub enum Execution {
    /// By our kernels, in single precision on a CPU.
    Kernels,
    /// By a device's operators, as candle has them.
    Candle(Operators),
    /// Not at all: sizes alone are walked through the kernels, and what that shows is noted.
    DryRun(Arc<MemoryTracker>),
}

impl Execution {
    /// What is used on this device, for weights that are kept as `dtype`.
    #[must_use]
    pub fn on(device: &Device, dtype: DType) -> Self {
        if device.is_cpu() { Self::Kernels } else { Self::Candle(Operators::on(device, dtype)) }
    }

    /// The same for a network whose weights are kept as `dtype`.
    #[must_use]
    pub fn with_dtype(&self, dtype: DType) -> Self {
        match self {
            Self::Candle(operators) => Self::Candle(operators.with_dtype(dtype)),
            other => other.clone(),
        }
    }

    /// The same for a network whose weights wait on the host; the kernels' are there already.
    #[must_use]
    pub fn streaming(&self) -> Self {
        match self {
            Self::Candle(operators) => Self::Candle(operators.streaming()),
            other => other.clone(),
        }
    }

    /// Where only sizes are walked: what is noted of it.
    #[must_use]
    pub fn tracker(&self) -> Option<&Arc<MemoryTracker>> {
        match self {
            Self::DryRun(tracker) => Some(tracker),
            Self::Candle(operators) => operators.tracker(),
            Self::Kernels => None,
        }
    }

    /// The device whose operators are called, where it is not our kernels.
    #[must_use]
    pub fn operators(&self) -> Option<&Operators> {
        match self {
            Self::Candle(operators) => Some(operators),
            _ => None,
        }
    }
}

/// A feature map `(batch, height, width, channels)` or a row of tokens `(batch, tokens, channels)`.
#[derive(Clone)]
pub(crate) enum Feature {
    /// Pixels and tokens are the same memory.
    Host(Map),
    /// A picture is `(batch, channels, height, width)`, tokens are `(batch, tokens, channels)`.
    Device(Array),
    /// Sizes alone.
    Traced(TracedFeature),
}

impl Feature {
    /// `picture` `(batch, channels, height, width)`, on the host.
    ///
    /// # Errors
    /// When the shape is wrong, or the device is out of memory.
    pub(crate) fn of_picture(picture: &Tensor, execution: &Execution) -> Result<Self, ModelError> {
        let (batch, channels, height, width) = picture.dims4()?;
        match execution {
            Execution::Candle(operators) => Ok(Self::Device(operators.upload(picture)?)),
            Execution::Kernels => {
                with_values(picture, |planes| Ok(Self::Host(Map::from_planes(planes, batch, channels, height, width)?)))
            }
            Execution::DryRun(tracker) => Ok(Self::Traced(TracedFeature::new(tracker, batch, height, width, channels))),
        }
    }

    /// `tokens` `(batch, tokens, channels)`, on the host.
    ///
    /// # Errors
    /// When the shape is wrong, or the device is out of memory.
    pub(crate) fn of_tokens(tokens: &Tensor, execution: &Execution) -> Result<Self, ModelError> {
        let (batch, count, channels) = tokens.dims3()?;
        match execution {
            Execution::Candle(operators) => Ok(Self::Device(operators.upload(tokens)?)),
            Execution::Kernels => {
                with_values(tokens, |values| Ok(Self::Host(Map::from_vec(values.to_vec(), batch, 1, count, channels)?)))
            }
            Execution::DryRun(tracker) => Ok(Self::Traced(TracedFeature::new(tracker, batch, 1, count, channels))),
        }
    }

    /// As it lies on a device that operators are called of.
    ///
    /// # Errors
    /// When it is the kernels'.
    pub(crate) fn into_array(self) -> Result<Array, ModelError> {
        match self {
            Self::Device(array) => Ok(array),
            Self::Host(_) | Self::Traced(_) => Err(ModelError::mixed_devices()),
        }
    }

    /// `(batch, channels, height, width)` on the host, in single precision.
    ///
    /// # Errors
    /// When the device failed, or memory runs out.
    pub(crate) fn picture(&self) -> Result<Tensor, ModelError> {
        Ok(match self {
            Self::Host(map) => {
                Tensor::from_vec(map.to_planes(), (map.batch, map.channels, map.height, map.width), &Device::Cpu)?
            }
            Self::Device(array) => array.download()?,
            Self::Traced(traced) => {
                // The planes stand beside the map for a moment.
                drop(traced.passed_over());
                nothing(&[traced.batch, traced.channels, traced.height, traced.width])?
            }
        })
    }

    /// `(batch, tokens, channels)` on the host, in single precision.
    ///
    /// # Errors
    /// When the device failed, or memory runs out.
    pub(crate) fn tokens(&self) -> Result<Tensor, ModelError> {
        Ok(match self {
            Self::Host(map) => {
                let shape = (map.batch, map.height * map.width, map.channels);
                Tensor::from_vec(map.values().to_vec(), shape, &Device::Cpu)?
            }
            Self::Device(array) => array.download()?,
            Self::Traced(traced) => nothing(&[traced.batch, traced.height * traced.width, traced.channels])?,
        })
    }

    /// Height and width of a picture.
    ///
    /// # Errors
    /// When it is none.
    pub(crate) fn size(&self) -> Result<(usize, usize), ModelError> {
        Ok(match self {
            Self::Host(map) => (map.height, map.width),
            Self::Device(array) => {
                let (_, _, height, width) = array.dims4()?;
                (height, width)
            }
            Self::Traced(traced) => (traced.height, traced.width),
        })
    }

    /// A picture's pixels as tokens.
    ///
    /// # Errors
    /// When it is no picture.
    pub(crate) fn to_tokens(&self) -> Result<Self, ModelError> {
        Ok(match self {
            Self::Host(map) => Self::Host(map.clone()),
            Self::Device(array) => Self::Device(array.picture_to_tokens()?),
            Self::Traced(traced) => Self::Traced(traced.clone()),
        })
    }

    /// Tokens as a picture of this size.
    ///
    /// # Errors
    /// When there are not as many.
    pub(crate) fn to_picture(&self, (height, width): (usize, usize)) -> Result<Self, ModelError> {
        Ok(match self {
            Self::Host(map) => Self::Host(map.resized(height, width)?),
            Self::Device(array) => Self::Device(array.tokens_to_picture((height, width))?),
            Self::Traced(traced) => Self::Traced(traced.resized(height, width)),
        })
    }

    /// # Errors
    /// When the shapes differ.
    pub(crate) fn add(&self, other: &Self) -> Result<Self, ModelError> {
        Ok(match (self, other) {
            (Self::Host(a), Self::Host(b)) => Self::Host(kernels::add(a, b)?),
            (Self::Device(a), Self::Device(b)) => Self::Device(a.add(b)?),
            (Self::Traced(a), Self::Traced(_)) => Self::Traced(a.passed_over()),
            _ => return Err(ModelError::mixed_devices()),
        })
    }

    /// The channels of this picture, then those of the other.
    ///
    /// # Errors
    /// When the sizes differ.
    pub(crate) fn concatenate(&self, other: &Self) -> Result<Self, ModelError> {
        Ok(match (self, other) {
            (Self::Host(a), Self::Host(b)) => Self::Host(kernels::concatenate(a, b)?),
            (Self::Device(a), Self::Device(b)) => Self::Device(Array::concatenate(&[a.clone(), b.clone()], 1)?),
            (Self::Traced(a), Self::Traced(b)) => Self::Traced(a.concatenated(b)),
            _ => return Err(ModelError::mixed_devices()),
        })
    }

    /// # Errors
    /// When the device is out of memory.
    pub(crate) fn activate(&self, activation: Activation) -> Result<Self, ModelError> {
        Ok(match self {
            Self::Host(map) => Self::Host(kernels::activate(map, activation, Level::current())),
            Self::Device(array) => Self::Device(array.activate(activation)?),
            Self::Traced(traced) => Self::Traced(traced.passed_over()),
        })
    }
}

/// A tensor of this shape in the memory of one number.
pub(super) fn nothing(shape: &[usize]) -> Result<Tensor, candle_core::Error> {
    Tensor::zeros(1, DType::F32, &Device::Cpu)?.broadcast_as(shape)
}

/// The tensor's values in order, in single precision.
pub(super) fn with_values<T>(
    tensor: &Tensor,
    then: impl FnOnce(&[f32]) -> Result<T, ModelError>,
) -> Result<T, ModelError> {
    let tensor = tensor.to_dtype(DType::F32)?.contiguous()?;
    let (storage, layout) = tensor.storage_and_layout();
    let Storage::Cpu(storage) = &*storage else { return Err(ModelError::mixed_devices()) };
    let first = layout.start_offset();
    then(&storage.as_slice::<f32>()?[first..first + layout.shape().elem_count()])
}
