//! The transform of a panel's weights, as a file has them.

use std::marker::PhantomData;

use super::transform::Transform;
use crate::kernels::TAPS;
use crate::kernels::simd::{Kernel, Simd};

/// Inputs whose weights are transformed together: their taps stay in the cache.
const PACKED_AT_ONCE: usize = 16;

/// G·g·Gᵀ for one panel.
pub(super) struct TransformWeights<'a, F, C, W, const OUT: usize, const SIDE: usize> {
    /// The outputs of the panel, `(inputs, 3, 3)` each.
    pub rows: &'a [F],
    pub inputs: usize,
    pub convert: C,
    pub out: &'a mut [f32],
    pub by: PhantomData<W>,
}

impl<F, C, W, const OUT: usize, const SIDE: usize> Kernel for TransformWeights<'_, F, C, W, OUT, SIDE>
where
    C: for<'b> Fn(&'b [F], &'b mut [f32]) -> &'b [f32],
    W: Transform<OUT, SIDE>,
{
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { rows, inputs, convert, out, .. } = self;
        let stride = (rows.len() / (inputs * TAPS)).next_multiple_of(S::LANES);
        // For each tap of some inputs the outputs side by side; those that only fill up a vector stay zero.
        let mut taps = vec![0f32; PACKED_AT_ONCE * TAPS * stride];
        let mut converted = [0f32; PACKED_AT_ONCE * TAPS];
        // Written out point by point: the planes of the points may lie so that their places share the same cache lines.
        let mut ready = vec![0f32; SIDE * SIDE * PACKED_AT_ONCE * stride];
        for first in (0..inputs).step_by(PACKED_AT_ONCE) {
            let count = PACKED_AT_ONCE.min(inputs - first);
            for (lane, row) in rows.chunks_exact(inputs * TAPS).enumerate() {
                let part = convert(&row[first * TAPS..(first + count) * TAPS], &mut converted[..count * TAPS]);
                for (taps, value) in taps.chunks_exact_mut(stride).zip(part) {
                    taps[lane] = *value;
                }
            }
            for input in 0..count {
                let taps = &taps[input * TAPS * stride..(input + 1) * TAPS * stride];
                for lane in (0..stride).step_by(S::LANES) {
                    // SAFETY: whole vectors of every tap, and of every point's row of this input.
                    unsafe {
                        let mut half = [[S::splat(0.0); 3]; SIDE];
                        for x in 0..3 {
                            let line = [0, 1, 2].map(|y| S::load(taps[(y * 3 + x) * stride + lane..].as_ptr()));
                            for (y, value) in W::weight::<S>(line).into_iter().enumerate() {
                                half[y][x] = value;
                            }
                        }
                        for (y, line) in half.into_iter().enumerate() {
                            for (x, value) in W::weight::<S>(line).into_iter().enumerate() {
                                let row = (y * SIDE + x) * PACKED_AT_ONCE + input;
                                S::store(ready[row * stride + lane..].as_mut_ptr(), value);
                            }
                        }
                    }
                }
            }
            for (point, ready) in ready.chunks_exact(PACKED_AT_ONCE * stride).enumerate() {
                let start = (point * inputs + first) * stride;
                out[start..start + count * stride].copy_from_slice(&ready[..count * stride]);
            }
        }
    }
}
