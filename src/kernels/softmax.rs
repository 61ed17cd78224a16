//! What becomes of a row of attention's scores: weights below the largest seen so far.

use super::math;
use super::simd::Simd;

/// Turns a row's scores into weights: the powers of two of what they are below the largest seen so far; what was summed
/// up before is brought to the same measure. Of `keys` only the first `seen` count.
#[inline(always)]
pub(super) unsafe fn soften<S: Simd>(
    scores: *mut f32,
    keys: usize,
    seen: usize,
    largest: &mut f32,
    total: &mut f32,
    sums: &mut [f32],
) {
    // SAFETY: the row holds `keys` scores, and the sums are whole vectors.
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
