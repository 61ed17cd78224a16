//! Winograd's transforms along one line: of a kernel's taps, of the input, and from the products back to pixels. Done
//! along both sides they are the transforms of an output tile.

use crate::kernels::simd::Simd;

/// `OUT` pixels from `SIDE` of the input.
pub(super) trait Transform<const OUT: usize, const SIDE: usize> {
    /// G·g
    ///
    /// # Safety
    /// As [`Simd`].
    unsafe fn weight<S: Simd>(taps: [S::V; 3]) -> [S::V; SIDE];

    /// Bᵀ·d
    ///
    /// # Safety
    /// As [`Simd`].
    unsafe fn input<S: Simd>(line: [S::V; SIDE]) -> [S::V; SIDE];

    /// Aᵀ·m
    ///
    /// # Safety
    /// As [`Simd`].
    unsafe fn output<S: Simd>(line: [S::V; SIDE]) -> [S::V; OUT];
}

/// F(2, 3) by the points 0, 1, −1 and ∞: as exact as the direct way.
pub(super) struct F2x2;

impl Transform<2, 4> for F2x2 {
    #[inline(always)]
    unsafe fn weight<S: Simd>([a, b, c]: [S::V; 3]) -> [S::V; 4] {
        // SAFETY: the instruction set is there, as the trait demands.
        unsafe {
            let (ends, half) = (S::add(a, c), S::splat(0.5));
            [a, S::mul(half, S::add(ends, b)), S::mul(half, S::sub(ends, b)), c]
        }
    }

    #[inline(always)]
    unsafe fn input<S: Simd>([a, b, c, d]: [S::V; 4]) -> [S::V; 4] {
        // SAFETY: the instruction set is there, as the trait demands.
        unsafe { [S::sub(a, c), S::add(b, c), S::sub(c, b), S::sub(b, d)] }
    }

    #[inline(always)]
    unsafe fn output<S: Simd>([a, b, c, d]: [S::V; 4]) -> [S::V; 2] {
        // SAFETY: the instruction set is there, as the trait demands.
        unsafe { [S::add(S::add(a, b), c), S::sub(S::sub(b, c), d)] }
    }
}

/// F(4, 3) by the points 0, ±√½, ±√2 and ∞: less than half the error of 0, ±1, ±2 and ∞ (random numbers, 320 channels).
pub(super) struct F4x4;

const NEAR: f32 = std::f32::consts::FRAC_1_SQRT_2;
const FAR: f32 = std::f32::consts::SQRT_2;

impl Transform<4, 6> for F4x4 {
    #[inline(always)]
    unsafe fn weight<S: Simd>([a, b, c]: [S::V; 3]) -> [S::V; 6] {
        // SAFETY: the instruction set is there, as the trait demands.
        unsafe {
            // A kernel's polynomial at ±`point`, over the product of that point's distances from the others.
            let at = |point: f32, distances: f32| {
                let even = S::mul(S::mul_add(c, S::splat(point * point), a), S::splat(1.0 / distances));
                let odd = S::mul(b, S::splat(point / distances));
                (S::add(even, odd), S::sub(even, odd))
            };
            let [(near, across), (far, far_across)] = [at(NEAR, -1.5), at(FAR, 6.0)];
            [a, near, across, far, far_across, c]
        }
    }

    #[inline(always)]
    unsafe fn input<S: Simd>([a, b, c, d, e, f]: [S::V; 6]) -> [S::V; 6] {
        // SAFETY: the instruction set is there, as the trait demands.
        unsafe {
            let [both, near, far] = [2.5, NEAR, FAR].map(|factor| S::splat(factor));
            let less = |x, factor: f32, from| S::mul_add(x, S::splat(-factor), from);
            // (x² − 2)·(x ± √½) and (x² − ½)·(x ± √2), times x.
            let (even_near, odd_near) = (less(c, 2.0, e), less(b, 2.0, d));
            let (even_far, odd_far) = (less(c, 0.5, e), less(b, 0.5, d));
            [
                S::sub(S::add(a, e), S::mul(both, c)),
                S::mul_add(odd_near, near, even_near),
                less(odd_near, NEAR, even_near),
                S::mul_add(odd_far, far, even_far),
                less(odd_far, FAR, even_far),
                S::sub(S::add(b, f), S::mul(both, d)),
            ]
        }
    }

    #[inline(always)]
    unsafe fn output<S: Simd>([a, b, c, d, e, f]: [S::V; 6]) -> [S::V; 4] {
        // SAFETY: the instruction set is there, as the trait demands.
        unsafe {
            let (near_sum, near_difference) = (S::add(b, c), S::sub(b, c));
            let (far_sum, far_difference) = (S::add(d, e), S::sub(d, e));
            // The powers of ±√½ and ±√2, from 0 to 3.
            [
                S::add(a, S::add(near_sum, far_sum)),
                S::mul_add(far_difference, S::splat(FAR), S::mul(near_difference, S::splat(NEAR))),
                S::mul_add(far_sum, S::splat(2.0), S::mul(near_sum, S::splat(0.5))),
                S::add(
                    f,
                    S::mul_add(far_difference, S::splat(2.0 * FAR), S::mul(near_difference, S::splat(0.5 * NEAR))),
                ),
            ]
        }
    }
}
