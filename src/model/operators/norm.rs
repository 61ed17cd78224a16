//! Norms, in single precision inside; a large picture's groups in parts, so that what is held stays small.

use candle_core::{DType, Tensor};

use super::super::ModelError;
use super::{Array, Made, Operator};
use crate::kernels::GroupStatistics;

impl Array {
    /// `weight` and `bias` `(channels)`; then SiLU, if asked for.
    ///
    /// # Errors
    /// When the shapes do not go together, or the device is out of memory.
    pub fn group_norm(
        &self,
        (weight, bias): (&Self, &Self),
        groups: usize,
        eps: f64,
        with_silu: bool,
    ) -> Result<Self, ModelError> {
        if let Some(normed) = self.fused_group_norm((weight, bias), groups, eps, with_silu)? {
            return Ok(normed);
        }
        let (batch, channels) = (self.dims()[0], self.dims()[1]);
        let single_bytes = self.count() * size_of::<f32>();
        let parts = single_bytes.div_ceil(self.on().part_bytes());
        if parts > 1 && batch > 1 {
            // A batch's groups do not lie in one piece.
            let alone = |row| self.narrow(0, row, 1)?.group_norm((weight, bias), groups, eps, with_silu);
            return Self::concatenate(&(0..batch).map(alone).collect::<Result<Vec<_>, _>>()?, 0);
        }
        let at_once = groups.div_ceil(parts.max(1)).max(1);
        let per_group = channels / groups;
        let mut normed = Vec::with_capacity(parts);
        for first in (0..groups).step_by(at_once) {
            let count = at_once.min(groups - first);
            let (start, length) = (first * per_group, count * per_group);
            let scale = (weight.narrow(0, start, length)?, bias.narrow(0, start, length)?);
            let out = self.narrow(1, start, length)?.all_groups_norm((&scale.0, &scale.1), count, eps)?;
            normed.push(if with_silu { out.silu()? } else { out });
        }
        Self::concatenate(&normed, 1)
    }

    fn all_groups_norm(&self, (weight, bias): (&Self, &Self), groups: usize, eps: f64) -> Result<Self, ModelError> {
        let dims = self.dims().to_vec();
        let (batch, channels) = (dims[0], dims[1]);
        let rows = self.reshape(&[batch, groups, self.count() / (batch * groups)])?;
        let rows = rows.cast(DType::F32)?;
        let centred = rows.subtract(&rows.mean()?)?;
        drop(rows);
        let deviation = centred.square()?.mean()?.affine(1.0, eps)?.square_root()?;
        let normed = centred.divide(&deviation)?;
        drop(centred);
        let normed = normed.cast(self.dtype())?.reshape(&dims)?;
        let along = |x: &Self| x.reshape(&[1, channels, 1, 1]);
        normed.multiply(&along(weight)?)?.add(&along(bias)?)
    }

    /// Each channel's factor and summand, which the statistics of a whole gave.
    ///
    /// # Errors
    /// When the device is out of memory.
    pub fn scaled_by_channel(&self, factors: Vec<f32>, summands: Vec<f32>) -> Result<Self, ModelError> {
        let both: Vec<f32> = factors.iter().zip(&summands).flat_map(|(factor, summand)| [*factor, *summand]).collect();
        if let Some(scaled) = self.fused_scale(&both)? {
            return Ok(scaled);
        }
        let single = self.on().with_dtype(DType::F32);
        let row = |values: Vec<f32>| -> Result<Self, ModelError> {
            let shape = (1, values.len(), 1, 1);
            single.upload(&Tensor::from_vec(values, shape, &candle_core::Device::Cpu)?)
        };
        let out = self.cast(DType::F32)?.multiply(&row(factors)?)?.add(&row(summands)?)?;
        out.cast(self.dtype())
    }

    /// Of one picture's groups.
    ///
    /// # Errors
    /// When the device is out of memory.
    pub fn group_statistics(&self, groups: usize) -> Result<GroupStatistics, ModelError> {
        let count = self.count() / groups;
        let rows = self.cast(DType::F32)?.reshape(&[groups, count])?;
        let means = rows.mean()?;
        let squares = rows.subtract(&means)?.square()?.sum()?;
        let host = |x: &Self| -> Result<Vec<f64>, ModelError> {
            Ok(x.download()?.flatten_all()?.to_vec1::<f32>()?.into_iter().map(f64::from).collect())
        };
        Ok(GroupStatistics { count: count as f64, means: host(&means)?, squares: host(&squares)? })
    }

    /// Over each token's channels.
    ///
    /// # Errors
    /// When the shapes do not go together, or the device is out of memory.
    pub fn layer_norm(&self, weight: &Self, bias: &Self, eps: f64) -> Result<Self, ModelError> {
        if let Some(normed) = self.fused_layer_norm(weight, bias, eps)? {
            return Ok(normed);
        }
        let plain = self.contiguous()?;
        let made = Made::passing(self.shape().clone(), self.dtype());
        self.on().make(Operator::LayerNorm, self.dtype(), made, || {
            candle_nn::ops::layer_norm(plain.real()?, weight.real()?, bias.real()?, eps as f32)
        })
    }
}
