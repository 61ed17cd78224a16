//! Operators that go over values one by one, put tensors together, or sum their rows.

use candle_core::{DType, Shape, Tensor};

use super::super::ModelError;
use super::super::dry_run::BufferStorage;
use super::{Array, Made, Operator};
use crate::job::Work;
use crate::kernels::Activation;

type Answer = Result<Tensor, candle_core::Error>;

impl Array {
    fn each(&self, operator: Operator, run: impl FnOnce(&Tensor) -> Answer) -> Result<Self, ModelError> {
        let made = Made::passing(self.shape().clone(), self.dtype());
        self.on().make(operator, self.dtype(), made, || run(self.real()?))
    }

    /// Both are repeated along sides of one.
    fn pair(
        &self,
        operator: Operator,
        other: &Self,
        run: impl FnOnce(&Tensor, &Tensor) -> Answer,
    ) -> Result<Self, ModelError> {
        self.with(other)?;
        let shape = self.shape().broadcast_shape_binary_op(other.shape(), operator.name())?;
        let made = Made::passing(shape, self.dtype());
        self.on().make(operator, self.dtype(), made, || run(self.real()?, other.real()?))
    }

    /// # Errors
    /// When the shapes do not go together, or the device is out of memory. So for all that follow.
    pub fn add(&self, other: &Self) -> Result<Self, ModelError> {
        if let Some(sum) = self.fused_add(other)? {
            return Ok(sum);
        }
        self.pair(Operator::Add, other, Tensor::broadcast_add)
    }

    pub(super) fn subtract(&self, other: &Self) -> Result<Self, ModelError> {
        self.pair(Operator::Subtract, other, Tensor::broadcast_sub)
    }

    /// # Errors
    /// As [`Array::add`].
    pub fn multiply(&self, other: &Self) -> Result<Self, ModelError> {
        self.pair(Operator::Multiply, other, Tensor::broadcast_mul)
    }

    pub(super) fn divide(&self, other: &Self) -> Result<Self, ModelError> {
        self.pair(Operator::Divide, other, Tensor::broadcast_div)
    }

    pub(super) fn maximum(&self, other: &Self) -> Result<Self, ModelError> {
        self.pair(Operator::Maximum, other, |a, b| a.maximum(b))
    }

    pub(super) fn affine(&self, factor: f64, summand: f64) -> Result<Self, ModelError> {
        self.each(Operator::Affine, |x| x.affine(factor, summand))
    }

    /// Nothing below zero.
    ///
    /// # Errors
    /// When the device is out of memory.
    pub fn rectified(&self) -> Result<Self, ModelError> {
        // Once a picture, so single precision costs nothing.
        let x = self.cast(DType::F32)?;
        x.maximum(&x.affine(0.0, 0.0)?)?.cast(self.dtype())
    }

    pub(super) fn exp(&self) -> Result<Self, ModelError> {
        self.each(Operator::Exp, Tensor::exp)
    }

    pub(super) fn square(&self) -> Result<Self, ModelError> {
        self.each(Operator::Square, Tensor::sqr)
    }

    pub(super) fn square_root(&self) -> Result<Self, ModelError> {
        self.each(Operator::SquareRoot, Tensor::sqrt)
    }

    pub(super) fn silu(&self) -> Result<Self, ModelError> {
        self.each(Operator::Silu, Tensor::silu)
    }

    pub(super) fn gelu(&self) -> Result<Self, ModelError> {
        self.each(Operator::GeluErf, Tensor::gelu_erf)
    }

    pub(super) fn softmax(&self) -> Result<Self, ModelError> {
        self.each(Operator::Softmax, candle_nn::ops::softmax_last_dim)
    }

    /// # Errors
    /// When the device is out of memory.
    pub fn activate(&self, activation: Activation) -> Result<Self, ModelError> {
        if activation == Activation::None {
            return Ok(self.clone());
        }
        if let Some(activated) = self.fused_activate(activation)? {
            return Ok(activated);
        }
        match activation {
            Activation::None => Ok(self.clone()),
            Activation::Silu => self.silu(),
            Activation::Gelu => self.gelu(),
            Activation::QuickGelu => {
                let gate = self.affine(1.702, 0.0)?.each(Operator::Sigmoid, candle_nn::ops::sigmoid)?;
                self.multiply(&gate)
            }
        }
    }

    pub(super) fn cast(&self, dtype: DType) -> Result<Self, ModelError> {
        if dtype == self.dtype() {
            return Ok(self.clone());
        }
        let made = Made::passing(self.shape().clone(), dtype);
        self.on().make(Operator::Cast(dtype), self.dtype(), made, || self.real()?.to_dtype(dtype))
    }

    /// Each row becomes one value.
    fn rows(&self, operator: Operator, run: impl FnOnce(&Tensor) -> Answer) -> Result<Self, ModelError> {
        let mut dims = self.dims().to_vec();
        if let Some(last) = dims.last_mut() {
            *last = 1;
        }
        let work = Work { values: self.count() as f64 / 1e9, ..Work::default() };
        let made = Made { work, ..Made::passing(Shape::from(dims), self.dtype()) };
        self.on().make(operator, self.dtype(), made, || run(self.real()?))
    }

    pub(super) fn sum(&self) -> Result<Self, ModelError> {
        self.rows(Operator::Sum, |x| x.sum_keepdim(candle_core::D::Minus1))
    }

    pub(super) fn mean(&self) -> Result<Self, ModelError> {
        let length = self.dims().last().copied().unwrap_or(1);
        self.sum()?.affine(1.0 / length as f64, 0.0)
    }

    /// The mean of each picture's pixels: `(batch, channels, height, width)` to `(batch, channels, 1, 1)`.
    ///
    /// # Errors
    /// When it is no picture, or the device is out of memory.
    pub fn mean_of_pixels(&self) -> Result<Self, ModelError> {
        let (batch, channels, height, width) = self.dims4()?;
        let rows = self.reshape(&[batch, channels, height * width])?.cast(DType::F32)?;
        rows.mean()?.cast(self.dtype())?.reshape(&[batch, channels, 1, 1])
    }

    pub(super) fn largest(&self) -> Result<Self, ModelError> {
        self.rows(Operator::Max, |x| x.max_keepdim(candle_core::D::Minus1))
    }

    /// # Errors
    /// When the other sides differ, or the device is out of memory.
    pub fn concatenate(parts: &[Self], dim: usize) -> Result<Self, ModelError> {
        let Some((first, rest)) = parts.split_first() else {
            return Err(ModelError::Misfit("nothing is to be put together".to_owned()));
        };
        if rest.is_empty() {
            return Ok(first.clone());
        }
        if let Some(both) = Self::fused_concatenate(parts, dim)? {
            return Ok(both);
        }
        let mut dims = first.dims().to_vec();
        for part in rest {
            first.with(part)?;
            dims[dim] += part.dims().get(dim).copied().unwrap_or(0);
        }
        let made = Made::passing(Shape::from(dims), first.dtype());
        first.on().make(Operator::Concatenate, first.dtype(), made, || {
            let parts = parts.iter().map(Self::real).collect::<Result<Vec<_>, _>>()?;
            Tensor::cat(&parts, dim)
        })
    }

    /// Zeros on both sides of `dim`.
    ///
    /// # Errors
    /// When the device is out of memory.
    pub fn pad(&self, dim: usize, before: usize, after: usize) -> Result<Self, ModelError> {
        let mut parts = Vec::with_capacity(3);
        for (count, is_before) in [(before, true), (after, false)] {
            if !is_before {
                parts.push(self.clone());
            }
            if count > 0 {
                let mut dims = self.dims().to_vec();
                dims[dim] = count;
                let shape = Shape::from(dims);
                let made = Made { place: BufferStorage::Shared, ..Made::passing(shape.clone(), self.dtype()) };
                parts.push(self.on().make(Operator::Zeros, self.dtype(), made, || {
                    Tensor::zeros(shape, self.dtype(), self.on().device())
                })?);
            }
        }
        Self::concatenate(&parts, dim)
    }
}
