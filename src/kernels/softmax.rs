//! The online softmax of attention ("Online normalizer calculation for softmax", Milakov and Gimelshein): a row's scores
//! become weights relative to the largest score so far.

use super::math;
use super::simd::Simd;

/// Turns a row's scores into unnormalised weights `2^(score − largest)`. Where the block raises the row's maximum, `total`
/// and `sums` of earlier blocks are rescaled to the new one. Of `keys` only the first `seen` count.
///
/// # Safety
/// As [`Simd`]; `scores` is valid for reads and writes of `keys` floats, and `sums` is as long as whole vectors.
#[inline(always)]
pub(super) unsafe fn online_softmax<S: Simd>(
    scores: *mut f32,
    keys: usize,
    seen: usize,
    largest: &mut f32,
    total: &mut f32,
    sums: &mut [f32],
) {
    // SAFETY: as this function's contract.
    unsafe {
        let mut top = S::splat(f32::NEG_INFINITY);
        let whole = seen / S::LANES * S::LANES;
        for key in (0..whole).step_by(S::LANES) {
            top = S::max(top, S::load(scores.add(key)));
        }
        let mut now = largest.max(S::largest(top));
        for key in whole..seen {
            now = now.max(*scores.add(key));
        }
        if now > *largest {
            if largest.is_finite() {
                let scale = (*largest - now).exp2();
                *total *= scale;
                for place in (0..sums.len()).step_by(S::LANES) {
                    let sum = sums.as_mut_ptr().add(place);
                    S::store(sum, S::mul(S::load(sum), S::splat(scale)));
                }
            }
            *largest = now;
        }
        let mut lanes = S::splat(0.0);
        for key in (0..seen).step_by(S::LANES) {
            let count = (seen - key).min(S::LANES);
            let at = scores.add(key);
            let weight = math::exp2::<S>(S::sub(S::load_some(at, count), S::splat(*largest)));
            S::store_some(at, weight, count);
            lanes = S::add(lanes, S::load_some(at, count));
        }
        for key in seen..keys {
            *scores.add(key) = 0.0;
        }
        *total += S::sum(lanes);
    }
}
