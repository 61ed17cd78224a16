//! What transformers ask of a device besides products and attention: norms by root mean square, rotary positions,
//! tokens put together and taken apart.

use super::super::ModelError;
use super::{Array, Made, Operator};
use crate::kernels::RotaryPairs;

impl Array {
    /// Over as many channels together as there are weights: all of a token's, or each of its heads'.
    ///
    /// # Errors
    /// When the channels are no whole number of such groups, or the device is out of memory. So for all that follow.
    pub fn rms_norm(&self, weight: &Self, eps: f64) -> Result<Self, ModelError> {
        self.with(weight)?;
        let dims = self.dims().to_vec();
        let width = weight.count().max(1);
        let rows = self.reshape(&[self.count() / width, width])?;
        let made = Made::passing(rows.shape().clone(), self.dtype());
        let normed = self.on().make(Operator::RmsNorm, self.dtype(), made, || {
            candle_nn::ops::rms_norm(rows.real()?, weight.real()?, eps as f32)
        })?;
        normed.reshape(&dims)
    }

    /// `(1, tokens, heads · depth)` turned by `(tokens, depth / 2)` cosines and sines.
    ///
    /// # Errors
    /// As above.
    pub(in super::super) fn rotated(
        &self,
        cosines: &Self,
        sines: &Self,
        pairs: RotaryPairs,
    ) -> Result<Self, ModelError> {
        let (batch, tokens, channels) = self.dims3()?;
        let half = cosines.dims().last().copied().unwrap_or(1).max(1);
        if let Some(rotated) = self.fused_rotated([cosines, sines], pairs)? {
            return Ok(rotated);
        }
        let heads = channels / (2 * half);
        let (dims, pair_dim, angles) = match pairs {
            RotaryPairs::Neighbours => ([batch, tokens, heads, half, 2], 4, [1, tokens, 1, half, 1]),
            RotaryPairs::Halves => ([batch, tokens, heads, 2, half], 3, [1, tokens, 1, 1, half]),
        };
        let x = self.reshape(&dims)?;
        let (cosines, sines) = (cosines.reshape(&angles)?, sines.reshape(&angles)?);
        let (a, b) = (x.narrow(pair_dim, 0, 1)?, x.narrow(pair_dim, 1, 1)?);
        let first = a.multiply(&cosines)?.subtract(&b.multiply(&sines)?)?;
        let second = b.multiply(&cosines)?.add(&a.multiply(&sines)?)?;
        Self::concatenate(&[first, second], pair_dim)?.reshape(&[batch, tokens, channels])
    }

    /// `residual + factors · self`, a factor for each channel.
    ///
    /// # Errors
    /// As above.
    pub fn scaled_onto(&self, factors: &Self, residual: &Self) -> Result<Self, ModelError> {
        if let Some(sum) = self.fused_scaled_onto(factors, residual)? {
            return Ok(sum);
        }
        residual.add(&self.multiply(factors)?)
    }

    /// Value by value.
    ///
    /// # Errors
    /// As above.
    pub fn times(&self, other: &Self) -> Result<Self, ModelError> {
        self.multiply(other)
    }

    /// Each head of `depth` channels, `times` times in a row.
    ///
    /// # Errors
    /// As above.
    pub fn repeat_heads(&self, depth: usize, times: usize) -> Result<Self, ModelError> {
        let (batch, tokens, channels) = self.dims3()?;
        let heads = self.reshape(&[batch, tokens, channels / depth.max(1), 1, depth])?;
        Self::concatenate(&vec![heads; times], 3)?.reshape(&[batch, tokens, channels * times])
    }

    /// # Errors
    /// As above.
    pub fn narrow_tokens(&self, first: usize, count: usize) -> Result<Self, ModelError> {
        self.narrow(1, first, count)?.contiguous()
    }
}
