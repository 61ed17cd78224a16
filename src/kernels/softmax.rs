//! The online softmax of attention ("Online normalizer calculation for softmax", Milakov and Gimelshein): a row's scores
//! become weights relative to the largest score so far.

use super::math;
use super::simd::Simd;

/// Vectors that are looked through at once for the largest score.
const AT_ONCE: usize = 4;

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
        let whole = seen / S::LANES * S::LANES;
        // Several at once: the next need not wait for the one before.
        let mut tops = [S::splat(f32::NEG_INFINITY); AT_ONCE];
        let together = whole / (AT_ONCE * S::LANES) * (AT_ONCE * S::LANES);
        for key in (0..together).step_by(AT_ONCE * S::LANES) {
            for (vector, top) in tops.iter_mut().enumerate() {
                *top = S::max(*top, S::load(scores.add(key + vector * S::LANES)));
            }
        }
        for key in (together..whole).step_by(S::LANES) {
            tops[0] = S::max(tops[0], S::load(scores.add(key)));
        }
        let top = tops.into_iter().fold(S::splat(f32::NEG_INFINITY), |a, b| S::max(a, b));
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
        let (mut lanes, largest) = (S::splat(0.0), S::splat(*largest));
        for key in (0..whole).step_by(S::LANES) {
            let at = scores.add(key);
            let weight = math::exp2::<S>(S::sub(S::load(at), largest));
            S::store(at, weight);
            lanes = S::add(lanes, weight);
        }
        if whole < seen {
            let (at, count) = (scores.add(whole), seen - whole);
            let weight = math::exp2::<S>(S::sub(S::load_some(at, count), largest));
            S::store_some(at, weight, count);
            lanes = S::add(lanes, S::load_some(at, count));
        }
        for key in seen..keys {
            *scores.add(key) = 0.0;
        }
        *total += S::sum(lanes);
    }
}
