//! Layer norm over the channels.

use rayon::prelude::*;

use super::ShapeError;
use super::map::Map;
use super::simd::{Kernel, Level, Simd};

/// Floats of one task.
const TASK_FLOATS: usize = 1 << 16;

/// Layer norm over the channels.
pub struct LayerNorm {
    weight: Vec<f32>,
    bias: Vec<f32>,
    eps: f32,
    level: Level,
}

impl LayerNorm {
    /// # Errors
    /// When weight and bias differ in size.
    pub fn new(weight: Vec<f32>, bias: Vec<f32>, eps: f64, level: Level) -> Result<Self, ShapeError> {
        if weight.len() != bias.len() || weight.is_empty() {
            return Err(ShapeError(format!("a layer norm has {} weights and {} biases", weight.len(), bias.len())));
        }
        Ok(Self { weight, bias, eps: eps as f32, level })
    }

    /// # Errors
    /// When the map has other channels.
    pub fn forward(&self, x: &Map) -> Result<Map, ShapeError> {
        x.expect_channels(self.weight.len(), "layer norm")?;
        let (mut out, shape) = Map::unwritten(x.batch, x.height, x.width, x.channels);
        let rows = (TASK_FLOATS / x.channels).max(1) * x.channels;
        out.par_chunks_mut(rows).zip(x.values().par_chunks(rows)).for_each(|(out, x)| {
            self.level.run(NormRows { norm: self, x, out });
        });
        Ok(shape.filled(out))
    }
}

struct NormRows<'a> {
    norm: &'a LayerNorm,
    x: &'a [f32],
    out: &'a mut [f32],
}

impl Kernel for NormRows<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let channels = self.norm.weight.len();
        let whole = channels / S::LANES * S::LANES;
        for (x, out) in self.x.chunks_exact(channels).zip(self.out.chunks_exact_mut(channels)) {
            // SAFETY: `x`, `out`, weight and bias all have `channels` values.
            unsafe {
                // Around the first value, so that a large mean does not eat the digits.
                let first = x[0];
                let mut lanes = S::splat(0.0);
                for channel in (0..whole).step_by(S::LANES) {
                    lanes = S::add(lanes, S::sub(S::load(x.as_ptr().add(channel)), S::splat(first)));
                }
                let rest: f32 = x[whole..].iter().map(|value| value - first).sum();
                let mean = first + (S::sum(lanes) + rest) / channels as f32;
                let mut lanes = S::splat(0.0);
                for channel in (0..whole).step_by(S::LANES) {
                    let value = S::sub(S::load(x.as_ptr().add(channel)), S::splat(mean));
                    lanes = S::mul_add(value, value, lanes);
                }
                let rest: f32 = x[whole..].iter().map(|value| (value - mean) * (value - mean)).sum();
                let inverse = 1.0 / ((S::sum(lanes) + rest) / channels as f32 + self.norm.eps).sqrt();
                for channel in (0..channels).step_by(S::LANES) {
                    let count = (channels - channel).min(S::LANES);
                    let value = S::sub(S::load_some(x.as_ptr().add(channel), count), S::splat(mean));
                    let weight = S::load_some(self.norm.weight.as_ptr().add(channel), count);
                    let bias = S::load_some(self.norm.bias.as_ptr().add(channel), count);
                    let value = S::mul_add(S::mul(value, S::splat(inverse)), weight, bias);
                    S::store_some(out.as_mut_ptr().add(channel), value, count);
                }
            }
        }
    }
}
