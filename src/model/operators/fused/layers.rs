//! Layers by fused kernels: what candle's operators are put together for elsewhere.

use candle_core::{DType, Shape, Tensor};

use super::super::super::ModelError;
use super::super::super::dry_run::BufferStorage;
use super::super::{Array, Made, Operator, Window};
use super::{DeviceEpilogue, Fused, Sizes};
use crate::job::Work;
use crate::kernels::Activation;

/// Kernels go over channels in pieces of so many values.
pub(super) const PIECE: usize = 8;

impl<'a> DeviceEpilogue<'a, Array> {
    fn real<'b>(&self, residual: Option<&'b Array>) -> Result<DeviceEpilogue<'b, Tensor>, candle_core::Error>
    where
        'a: 'b,
    {
        let real = |x: Option<&'b Array>| x.map(Array::real).transpose();
        Ok(DeviceEpilogue {
            bias: real(self.bias)?,
            per_picture: real(self.per_picture)?,
            activation: self.activation,
            residual: real(residual)?,
        })
    }

    fn check(&self, x: &Array) -> Result<(), ModelError> {
        [self.bias, self.per_picture, self.residual].into_iter().flatten().try_for_each(|other| x.with(other))
    }
}

fn product_work(rows: usize, inputs: usize, outputs: usize) -> f64 {
    2.0 * rows as f64 * inputs as f64 * outputs as f64 / 1e9
}

impl Array {
    /// As [`Array::convolve_with`].
    pub(in super::super) fn fused_convolve(
        &self,
        fused: &Fused,
        weight: &Self,
        window: Window,
        sizes: Sizes,
        epilogue: DeviceEpilogue<Self>,
    ) -> Result<Self, ModelError> {
        self.with(weight)?;
        epilogue.check(self)?;
        let (x, weight) = (self.channels_last()?, weight.channels_last()?);
        let residual = epilogue.residual.map(Self::channels_last).transpose()?;
        let (batch, inputs, outputs) = (x.dims()[0], x.dims()[3], weight.dims()[0]);
        let [height, width] = sizes.answer;
        let shape = Shape::from((batch, height, width, outputs));
        let answer_dims = shape.dims().to_vec();
        if weight.dims()[3] != inputs || residual.as_ref().is_some_and(|residual| residual.dims() != answer_dims) {
            return Err(ModelError::Misfit(format!("a convolution of {:?} was given {:?}", weight.dims(), x.dims())));
        }
        let operations = product_work(batch * height * width, inputs * window.side * window.side, outputs);
        let work = match window.side {
            1 => Work { product: operations, ..Work::default() },
            _ => Work { convolution: operations, ..Work::default() },
        };
        let made = Made { shape, dtype: self.dtype(), place: BufferStorage::Private, work };
        let out = self.on().make(Operator::Conv2d, self.dtype(), made, || {
            let epilogue = epilogue.real(residual.as_ref())?;
            fused.real()?.convolve(x.real()?, weight.real()?, window, sizes, epilogue)
        })?;
        out.channels_first()
    }

    /// As [`Array::linear_with`].
    pub(in super::super) fn fused_linear(
        &self,
        fused: &Fused,
        weight: &Self,
        epilogue: DeviceEpilogue<Self>,
    ) -> Result<Self, ModelError> {
        self.with(weight)?;
        epilogue.check(self)?;
        let (x, mut dims) = self.as_rows()?;
        let (rows, inputs, outputs) = (x.dims()[0], x.dims()[1], weight.dims()[0]);
        dims.push(outputs);
        let residual = epilogue.residual.map(Self::contiguous).transpose()?;
        if weight.dims()[1] != inputs || residual.as_ref().is_some_and(|residual| residual.dims() != dims) {
            return Err(ModelError::Misfit(format!("a layer of {:?} was given {:?}", weight.dims(), self.dims())));
        }
        let work = Work { product: product_work(rows, inputs, outputs), ..Work::default() };
        let shape = Shape::from((rows, outputs));
        let made = Made { shape, dtype: self.dtype(), place: BufferStorage::Private, work };
        let out = self.on().make(Operator::MatMul, self.dtype(), made, || {
            let epilogue = epilogue.real(residual.as_ref())?;
            fused.real()?.linear(x.real()?, weight.real()?, epilogue)
        })?;
        out.reshape(&dims)
    }

    /// As [`Array::gated_linear`]; `None` where the kernels do not fit.
    pub(in super::super) fn fused_gated_linear(
        &self,
        weight: &Self,
        bias: Option<&Self>,
    ) -> Result<Option<Self>, ModelError> {
        let outputs = weight.dims()[0] / 2;
        let Some(fused) = self.fused().filter(|_| outputs.is_multiple_of(PIECE)) else { return Ok(None) };
        self.with(weight)?;
        let (x, mut dims) = self.as_rows()?;
        let (rows, inputs) = (x.dims()[0], x.dims()[1]);
        dims.push(outputs);
        let work = Work { product: product_work(rows, inputs, 2 * outputs), ..Work::default() };
        let shape = Shape::from((rows, outputs));
        let made = Made { shape, dtype: self.dtype(), place: BufferStorage::Private, work };
        // Where the gate is no part of the product, all outputs are held for a moment.
        self.on().scratch(&[rows * 2 * outputs * self.dtype().size_in_bytes()]);
        let out = self.on().make(Operator::MatMul, self.dtype(), made, || {
            fused.real()?.gated_linear(x.real()?, weight.real()?, bias.map(Self::real).transpose()?)
        })?;
        out.reshape(&dims).map(Some)
    }

    /// `(rows, last side)`, and the sides before the last one.
    fn as_rows(&self) -> Result<(Self, Vec<usize>), ModelError> {
        let mut dims = self.dims().to_vec();
        let inputs = dims.pop().unwrap_or(1);
        Ok((self.reshape(&[dims.iter().product(), inputs])?, dims))
    }

    /// As [`Array::group_norm`]; `None` where the kernels do not fit.
    pub(in super::super) fn fused_group_norm(
        &self,
        norm: (&Self, &Self),
        groups: usize,
        eps: f64,
        with_silu: bool,
    ) -> Result<Option<Self>, ModelError> {
        let channels = self.dims()[1];
        let Some(fused) = self.fused().filter(|_| channels.is_multiple_of(PIECE)) else { return Ok(None) };
        let x = self.channels_last()?;
        let made = Made::passing(x.shape().clone(), self.dtype());
        let activation = if with_silu { Activation::Silu } else { Activation::None };
        let out = self.on().make(Operator::GroupNorm, self.dtype(), made, || {
            fused.real()?.group_norm(x.real()?, [norm.0.real()?, norm.1.real()?], groups, eps as f32, activation)
        })?;
        out.channels_first().map(Some)
    }

    /// As [`Array::scaled_by_channel`]; `None` where the kernels do not fit.
    pub(in super::super) fn fused_scale(&self, scales: &[f32]) -> Result<Option<Self>, ModelError> {
        let channels = self.dims()[1];
        let Some(fused) = self.fused().filter(|_| channels.is_multiple_of(PIECE)) else { return Ok(None) };
        let scales = Tensor::from_slice(scales, (channels, 2), &candle_core::Device::Cpu)?;
        let scales = self.on().with_dtype(DType::F32).upload(&scales)?;
        let x = self.channels_last()?;
        let made = Made::passing(x.shape().clone(), self.dtype());
        let out = self.on().make(Operator::GroupNorm, self.dtype(), made, || {
            fused.real()?.scale_channels(x.real()?, scales.real()?)
        })?;
        out.channels_first().map(Some)
    }

    /// As [`Array::layer_norm`]; `None` where the kernels do not fit.
    pub(in super::super) fn fused_layer_norm(
        &self,
        weight: &Self,
        bias: &Self,
        eps: f64,
    ) -> Result<Option<Self>, ModelError> {
        let channels = self.dims().last().copied().unwrap_or(1);
        let Some(fused) = self.fused().filter(|_| channels.is_multiple_of(PIECE)) else { return Ok(None) };
        let x = self.contiguous()?;
        let made = Made::passing(self.shape().clone(), self.dtype());
        let out = self.on().make(Operator::LayerNorm, self.dtype(), made, || {
            fused.real()?.layer_norm(x.real()?, [weight.real()?, bias.real()?], eps as f32)
        })?;
        Ok(Some(out))
    }

    /// The sum of two of one shape, as the first one lies; `None` where the kernels do not fit.
    pub(in super::super) fn fused_add(&self, other: &Self) -> Result<Option<Self>, ModelError> {
        let Some(fused) = self.fused().filter(|_| self.dims() == other.dims()) else { return Ok(None) };
        self.with(other)?;
        let sum = |a: Self, b: Self| {
            let made = Made::passing(a.shape().clone(), a.dtype());
            self.on().make(Operator::Add, self.dtype(), made, || fused.real()?.add(a.real()?, b.real()?))
        };
        if self.is_picture() {
            return sum(self.channels_last()?, other.channels_last()?)?.channels_first().map(Some);
        }
        sum(self.contiguous()?, other.contiguous()?).map(Some)
    }

    pub(in super::super) fn fused_activate(&self, activation: Activation) -> Result<Option<Self>, ModelError> {
        let Some(fused) = self.fused() else { return Ok(None) };
        let operator = if activation == Activation::Silu { Operator::Silu } else { Operator::GeluErf };
        let activated = |x: Self| {
            let made = Made::passing(x.shape().clone(), x.dtype());
            self.on().make(operator, self.dtype(), made, || fused.real()?.activate(x.real()?, activation))
        };
        if self.is_picture() {
            return activated(self.channels_last()?)?.channels_first().map(Some);
        }
        activated(self.contiguous()?).map(Some)
    }

    /// Two pictures' channels behind each other; `None` where the kernels do not fit.
    pub(in super::super) fn fused_concatenate(parts: &[Self], dim: usize) -> Result<Option<Self>, ModelError> {
        let [first, second] = parts else { return Ok(None) };
        let is_whole = |x: &Self| x.is_picture() && x.dims()[1].is_multiple_of(PIECE);
        let fused = first.fused().filter(|_| dim == 1 && is_whole(first) && is_whole(second));
        let Some(fused) = fused else { return Ok(None) };
        first.with(second)?;
        let (first, second) = (first.channels_last()?, second.channels_last()?);
        let mut dims = first.dims().to_vec();
        if second.dims()[..3] != dims[..3] {
            return Err(ModelError::Misfit(format!("{:?} and {dims:?} do not lie beside each other", second.dims())));
        }
        dims[3] += second.dims()[3];
        let made = Made::passing(Shape::from(dims), first.dtype());
        let out = first.on().make(Operator::Concatenate, first.dtype(), made, || {
            fused.real()?.concatenate(first.real()?, second.real()?)
        })?;
        out.channels_first().map(Some)
    }

    fn is_picture(&self) -> bool {
        self.dims().len() == 4
    }
}
