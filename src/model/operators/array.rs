//! A tensor on a device, and the ways to look at its memory otherwise; looking is no operator.

use std::sync::Arc;

use candle_core::{DType, Device, Layout, Shape, Tensor};

use super::super::ModelError;
use super::super::dry_run::{BufferStorage, TrackedBuffer};
use super::{Made, Operator, Operators};
use crate::job::Work;

#[derive(Clone, Debug)]
pub(super) enum Body {
    Real(Tensor),
    /// How it would lie in memory.
    Traced {
        layout: Layout,
        dtype: DType,
    },
}

/// A tensor on a device; where operators are only traced, its sizes.
#[derive(Clone, Debug)]
pub struct Array {
    body: Body,
    on: Operators,
    /// Memory that is only thought of; views share it.
    held: Option<Arc<TrackedBuffer>>,
}

impl Array {
    pub(super) fn new(body: Body, on: Operators, held: Option<Arc<TrackedBuffer>>) -> Self {
        Self { body, on, held }
    }

    pub(in super::super) fn on(&self) -> &Operators {
        &self.on
    }

    /// Only asked for inside of an operator, which is not run where it is traced.
    pub(super) fn real(&self) -> Result<&Tensor, candle_core::Error> {
        match &self.body {
            Body::Real(tensor) => Ok(tensor),
            Body::Traced { .. } => Err(candle_core::Error::Msg("an traced tensor has no values".to_owned())),
        }
    }

    fn layout(&self) -> &Layout {
        match &self.body {
            Body::Real(tensor) => tensor.layout(),
            Body::Traced { layout, .. } => layout,
        }
    }

    #[must_use]
    pub fn shape(&self) -> &Shape {
        self.layout().shape()
    }

    #[must_use]
    pub fn dims(&self) -> &[usize] {
        self.layout().dims()
    }

    #[must_use]
    pub fn dtype(&self) -> DType {
        match &self.body {
            Body::Real(tensor) => tensor.dtype(),
            Body::Traced { dtype, .. } => *dtype,
        }
    }

    #[must_use]
    pub fn count(&self) -> usize {
        self.shape().elem_count()
    }

    /// # Errors
    /// When it has another rank.
    pub fn dims3(&self) -> Result<(usize, usize, usize), ModelError> {
        Ok(self.shape().dims3()?)
    }

    /// # Errors
    /// When it has another rank.
    pub fn dims4(&self) -> Result<(usize, usize, usize, usize), ModelError> {
        Ok(self.shape().dims4()?)
    }

    /// Where two parts of a network speak of one device.
    pub(super) fn with(&self, other: &Self) -> Result<(), ModelError> {
        let alike = matches!(
            (&self.body, &other.body),
            (Body::Real(_), Body::Real(_)) | (Body::Traced { .. }, Body::Traced { .. })
        );
        if alike { Ok(()) } else { Err(ModelError::mixed_devices()) }
    }

    pub(super) fn view(
        &self,
        real: impl FnOnce(&Tensor) -> Result<Tensor, candle_core::Error>,
        traced: impl FnOnce(&Layout) -> Result<Layout, candle_core::Error>,
    ) -> Result<Self, ModelError> {
        let body = match &self.body {
            Body::Real(tensor) => Body::Real(real(tensor)?),
            Body::Traced { layout, dtype } => Body::Traced { layout: traced(layout)?, dtype: *dtype },
        };
        Ok(Self { body, on: self.on.clone(), held: self.held.clone() })
    }

    /// The same values in order under another shape. What does not lie in one piece is copied first.
    pub(super) fn reshape(&self, dims: &[usize]) -> Result<Self, ModelError> {
        let plain = self.contiguous()?;
        plain.view(
            |tensor| tensor.reshape(dims),
            |layout| {
                let shape = Shape::from(dims);
                if shape.elem_count() != layout.shape().elem_count() {
                    let text = format!("{:?} does not become {dims:?}", layout.dims());
                    return Err(candle_core::Error::Msg(text));
                }
                Ok(Layout::contiguous_with_offset(shape, layout.start_offset()))
            },
        )
    }

    pub(super) fn transpose(&self, first: usize, second: usize) -> Result<Self, ModelError> {
        self.view(|tensor| tensor.transpose(first, second), |layout| layout.transpose(first, second))
    }

    pub(super) fn narrow(&self, dim: usize, start: usize, length: usize) -> Result<Self, ModelError> {
        self.view(|tensor| tensor.narrow(dim, start, length), |layout| layout.narrow(dim, start, length))
    }

    /// In one piece of memory: copied if it does not lie so.
    pub(super) fn contiguous(&self) -> Result<Self, ModelError> {
        if self.layout().is_contiguous() {
            return Ok(self.clone());
        }
        let made = Made::passing(self.shape().clone(), self.dtype());
        let fused = self.fused().filter(|_| self.dims().len() <= 4);
        self.on.make(Operator::Copy, self.dtype(), made, || match fused {
            Some(fused) => fused.real()?.copy(self.real()?),
            None => self.real()?.contiguous(),
        })
    }

    /// A picture's pixels as tokens: `(batch, channels, height, width)` to `(batch, height · width, channels)`.
    ///
    /// # Errors
    /// When it is no picture, or the device is out of memory.
    pub fn picture_to_tokens(&self) -> Result<Self, ModelError> {
        let (batch, channels, height, width) = self.dims4()?;
        if self.fused().is_some() {
            return self.channels_last()?.reshape(&[batch, height * width, channels]);
        }
        self.reshape(&[batch, channels, height * width])?.transpose(1, 2)?.contiguous()
    }

    /// The way back.
    ///
    /// # Errors
    /// When there are not as many tokens, or the device is out of memory.
    pub fn tokens_to_picture(&self, (height, width): (usize, usize)) -> Result<Self, ModelError> {
        let (batch, _, channels) = self.dims3()?;
        if self.fused().is_some() {
            return self.reshape(&[batch, height, width, channels])?.channels_first();
        }
        self.transpose(1, 2)?.reshape(&[batch, channels, height, width])
    }

    /// What lies in these rows and columns of the first picture: `(1, channels, rows, columns)`.
    ///
    /// # Errors
    /// When it is no picture, or the device is out of memory.
    pub fn crop(&self, rows: &std::ops::Range<usize>, columns: &std::ops::Range<usize>) -> Result<Self, ModelError> {
        let first = self.narrow(0, 0, 1)?.narrow(2, rows.start, rows.len())?;
        first.narrow(3, columns.start, columns.len())?.contiguous()
    }

    /// The values on the host, in single precision; one number stands for all where nothing is computed.
    ///
    /// # Errors
    /// When the device failed at anything before, or memory runs out.
    pub fn download(&self) -> Result<Tensor, ModelError> {
        let plain = self.contiguous()?;
        let shape = plain.shape().clone();
        let made = Made { shape, dtype: self.dtype(), place: BufferStorage::Shared, work: Work::default() };
        let here = self.on.make(Operator::Download, self.dtype(), made, || {
            let tensor = plain.real()?;
            // candle asks only the last of Metal's command buffers how it ended; waiting asks them all.
            tensor.device().synchronize()?;
            tensor.to_device(&Device::Cpu)
        })?;
        match &here.body {
            Body::Real(tensor) => Ok(tensor.to_dtype(DType::F32)?),
            Body::Traced { .. } => {
                if let Some(tracker) = &self.on.context.tracker {
                    tracker.waited();
                }
                Ok(Tensor::zeros(1, DType::F32, &Device::Cpu)?.broadcast_as(self.dims())?)
            }
        }
    }
}
