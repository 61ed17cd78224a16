//! Matrix products, and the linear layers that are made of them.

use candle_core::Shape;

use super::super::ModelError;
use super::super::dry_run::BufferStorage;
use super::{Array, DeviceEpilogue, Made, Operator};
use crate::job::Work;

impl Array {
    /// `(batch, m, k) · (batch, k, n)`, or both without a batch.
    pub(super) fn product(&self, other: &Self) -> Result<Self, ModelError> {
        let misfit = || ModelError::Misfit(format!("{:?} times {:?} is no product", self.dims(), other.dims()));
        self.with(other)?;
        let mut dims = self.dims().to_vec();
        let inner = dims.pop().ok_or_else(misfit)?;
        let (outer, other_dims) = (dims.len() - 1, other.dims());
        let fits = other_dims.len() == dims.len() + 1 && other_dims[..outer] == dims[..outer];
        if !fits || other_dims[outer] != inner {
            return Err(misfit());
        }
        dims.push(other_dims[outer + 1]);
        let shape = Shape::from(dims);
        let product = 2.0 * (shape.elem_count() * inner) as f64 / 1e9;
        let work = Work { product, ..Work::default() };
        let made = Made { shape, dtype: self.dtype(), place: BufferStorage::Private, work };
        self.on().make(Operator::MatMul, self.dtype(), made, || self.real()?.matmul(other.real()?))
    }

    /// A linear layer on tokens, and what follows: `weight` `(outputs, inputs)`.
    ///
    /// # Errors
    /// When the shapes do not go together, or the device is out of memory.
    pub(in super::super) fn linear_with(
        &self,
        weight: &Self,
        epilogue: DeviceEpilogue<Self>,
    ) -> Result<Self, ModelError> {
        if let Some(fused) = self.fused() {
            return self.fused_linear(fused, weight, epilogue);
        }
        let out = self.linear(weight, epilogue.bias)?.activate(epilogue.activation)?;
        epilogue.residual.map_or(Ok(out.clone()), |residual| residual.add(&out))
    }

    fn linear(&self, weight: &Self, bias: Option<&Self>) -> Result<Self, ModelError> {
        let mut dims = self.dims().to_vec();
        let inputs = dims.pop().unwrap_or(1);
        let rows = self.reshape(&[dims.iter().product(), inputs])?;
        dims.push(weight.dims()[0]);
        // The product of all rows at once: candle repeats a weight for a batch, which is much slower.
        let out = rows.product(&weight.transpose(0, 1)?)?.reshape(&dims)?;
        match bias {
            Some(bias) => out.add(bias),
            None => Ok(out),
        }
    }

    /// A linear layer whose outputs' first half is multiplied with the GELU of the second half; in parts where its outputs
    /// are many.
    ///
    /// # Errors
    /// When the shapes do not go together, or the device is out of memory.
    pub fn gated_linear(&self, weight: &Self, bias: Option<&Self>) -> Result<Self, ModelError> {
        if let Some(gated) = self.fused_gated_linear(weight, bias)? {
            return Ok(gated);
        }
        let mut dims = self.dims().to_vec();
        let inputs = dims.pop().unwrap_or(1);
        let rows: usize = dims.iter().product();
        let outputs = weight.dims()[0];
        let row_bytes = outputs * self.dtype().size_in_bytes();
        let at_once = (self.on().part_bytes() / row_bytes.max(1)).clamp(1, rows.max(1));
        let x = self.reshape(&[rows, inputs])?;
        let mut parts = Vec::with_capacity(rows.div_ceil(at_once));
        for first in (0..rows).step_by(at_once) {
            parts.push(x.narrow(0, first, at_once.min(rows - first))?.linear(weight, bias)?.gated()?);
        }
        dims.push(outputs / 2);
        Self::concatenate(&parts, 0)?.reshape(&dims)
    }

    fn gated(&self) -> Result<Self, ModelError> {
        let last = self.dims().len() - 1;
        let half = self.dims()[last] / 2;
        let part = |start| self.narrow(last, start, half)?.contiguous();
        part(0)?.multiply(&part(half)?.gelu()?)
    }
}
