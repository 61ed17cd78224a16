//! Root mean square norm ("Root Mean Square Layer Normalization", Zhang and Sennrich) over the channels, or over each
//! head's.

use rayon::prelude::*;

use super::ShapeError;
use super::map::Map;
use super::simd::{Kernel, Level, Simd};

/// Floats of one task.
const TASK_FLOATS: usize = 1 << 16;

/// `x / √(mean(x²) + eps) · weight`, and `residual` added: over as many channels together as there are weights, all of a
/// token's or each of its heads'.
///
/// # Errors
/// When the channels are no whole number of such groups, or the residual has another shape.
pub fn rms_norm(x: &Map, weight: &[f32], eps: f64, residual: Option<&Map>, level: Level) -> Result<Map, ShapeError> {
    if weight.is_empty() || !x.channels.is_multiple_of(weight.len()) {
        return Err(ShapeError(format!("a norm of {} channels was given {}", weight.len(), x.channels)));
    }
    if let Some(residual) = residual.filter(|residual| residual.values().len() != x.values().len()) {
        return Err(ShapeError(format!("{:?} cannot be added to {:?}", residual.shape(), x.shape())));
    }
    let (mut out, shape) = Map::unwritten(x.batch, x.height, x.width, x.channels);
    let at_once = (TASK_FLOATS / weight.len()).max(1) * weight.len();
    out.par_chunks_mut(at_once).zip(x.values().par_chunks(at_once)).enumerate().for_each(|(index, (out, x))| {
        let residual = residual.map(|residual| &residual.values()[index * at_once..][..x.len()]);
        level.run(NormRows { weight, eps: eps as f32, residual, x, out });
    });
    Ok(shape.filled(out))
}

struct NormRows<'a> {
    weight: &'a [f32],
    eps: f32,
    residual: Option<&'a [f32]>,
    x: &'a [f32],
    out: &'a mut [f32],
}

impl Kernel for NormRows<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let channels = self.weight.len();
        let whole = channels / S::LANES * S::LANES;
        for (row, (x, out)) in self.x.chunks_exact(channels).zip(self.out.chunks_exact_mut(channels)).enumerate() {
            let residual = self.residual.map(|residual| &residual[row * channels..][..channels]);
            // SAFETY: `x`, `out`, the weight and the residual all have `channels` values.
            unsafe {
                let mut lanes = S::splat(0.0);
                for channel in (0..whole).step_by(S::LANES) {
                    let value = S::load(x.as_ptr().add(channel));
                    lanes = S::mul_add(value, value, lanes);
                }
                let rest: f32 = x[whole..].iter().map(|value| value * value).sum();
                let inverse = 1.0 / ((S::sum(lanes) + rest) / channels as f32 + self.eps).sqrt();
                for channel in (0..channels).step_by(S::LANES) {
                    let count = (channels - channel).min(S::LANES);
                    let value = S::mul(S::load_some(x.as_ptr().add(channel), count), S::splat(inverse));
                    let weight = S::load_some(self.weight.as_ptr().add(channel), count);
                    let value = match residual {
                        Some(residual) => {
                            S::mul_add(value, weight, S::load_some(residual.as_ptr().add(channel), count))
                        }
                        None => S::mul(value, weight),
                    };
                    S::store_some(out.as_mut_ptr().add(channel), value, count);
                }
            }
        }
    }
}
