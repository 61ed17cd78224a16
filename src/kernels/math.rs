//! `exp`, `exp2`, SiLU and the exact GELU on whole vectors.

use super::simd::Simd;

/// 1.5·2²³: adding and taking it away rounds to a whole number.
const ROUND: f32 = 12_582_912.0;

/// Within 3e-7 of eˣ, relatively; beyond ±87 it stays at the ends. NaN stays NaN.
///
/// # Safety
/// As [`Simd`].
#[inline(always)]
pub(crate) unsafe fn exp<S: Simd>(x: S::V) -> S::V {
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    // SAFETY: the caller's.
    unsafe {
        let x = S::min(S::splat(87.0), S::max(S::splat(-87.0), x));
        // x = n·ln 2 + r with |r| ≤ ln 2 / 2
        let shifted = S::mul_add(x, S::splat(std::f32::consts::LOG2_E), S::splat(ROUND));
        let n = S::sub(shifted, S::splat(ROUND));
        let r = S::mul_add(n, S::splat(-LN2_HIGH), x);
        let r = S::mul_add(n, S::splat(-LN2_LOW), r);
        let mut series = S::splat(0.001_388_3);
        for coefficient in [0.008_333_452, 0.041_665_795, 0.166_666_55, 0.5, 1.0, 1.0] {
            series = S::mul_add(series, r, S::splat(coefficient));
        }
        S::mul(series, S::power_of_two(shifted))
    }
}

/// Within 3e-7 of 2ˣ, relatively, up to 127; below −126 it stays there. NaN stays NaN.
///
/// # Safety
/// As [`Simd`].
#[inline(always)]
pub(crate) unsafe fn exp2<S: Simd>(x: S::V) -> S::V {
    // SAFETY: the caller's.
    unsafe {
        let x = S::max(S::splat(-126.0), x);
        let shifted = S::add(x, S::splat(ROUND));
        let rest = S::sub(x, S::sub(shifted, S::splat(ROUND)));
        // 2ˣ between −½ and ½, through the six Chebyshev points.
        let mut series = S::splat(0.001_339_086_3);
        for coefficient in [0.009_676_032, 0.055_503_57, 0.240_221_07, std::f32::consts::LN_2, 1.000_000_1] {
            series = S::mul_add(series, rest, S::splat(coefficient));
        }
        S::mul(series, S::power_of_two(shifted))
    }
}

/// x · sigmoid(x)
///
/// # Safety
/// As [`Simd`].
#[inline(always)]
pub(crate) unsafe fn silu<S: Simd>(x: S::V) -> S::V {
    // SAFETY: the caller's.
    unsafe { S::div(x, S::add(S::splat(1.0), exp::<S>(S::sub(S::splat(0.0), x)))) }
}

/// x · sigmoid(1.702 x), CLIP's cheap GELU.
///
/// # Safety
/// As [`Simd`].
#[inline(always)]
pub(crate) unsafe fn quick_gelu<S: Simd>(x: S::V) -> S::V {
    // SAFETY: the caller's.
    unsafe { S::div(x, S::add(S::splat(1.0), exp::<S>(S::mul(S::splat(-1.702), x)))) }
}

/// x · Φ(x) with erf to 1.5e-7: formula 7.1.26 of Abramowitz and Stegun.
///
/// # Safety
/// As [`Simd`].
#[inline(always)]
pub(crate) unsafe fn gelu<S: Simd>(x: S::V) -> S::V {
    // SAFETY: the caller's.
    unsafe {
        let z = S::mul(x, S::splat(std::f32::consts::FRAC_1_SQRT_2));
        let magnitude = S::abs(z);
        let one = S::splat(1.0);
        let t = S::div(one, S::mul_add(magnitude, S::splat(0.327_591_1), one));
        let mut series = S::splat(1.061_405_4);
        for coefficient in [-1.453_152, 1.421_413_8, -0.284_496_72, 0.254_829_6] {
            series = S::mul_add(series, t, S::splat(coefficient));
        }
        let tail = S::mul(S::mul(series, t), exp::<S>(S::mul(S::sub(S::splat(0.0), magnitude), magnitude)));
        let erf = S::with_sign(S::max(S::splat(0.0), S::sub(one, tail)), z);
        S::mul(S::mul(S::splat(0.5), x), S::add(one, erf))
    }
}

#[cfg(test)]
mod tests {
    use super::super::simd::{Kernel, Level};
    use super::super::tests::erf;
    use super::*;

    struct Each<'a> {
        x: &'a [f32],
        which: usize,
    }

    impl Kernel for Each<'_> {
        type Output = Vec<f32>;

        #[inline(always)]
        fn run<S: Simd>(self) -> Vec<f32> {
            let mut out = vec![0f32; self.x.len()];
            for (x, out) in self.x.chunks(S::LANES).zip(out.chunks_mut(S::LANES)) {
                // SAFETY: the chunks' own lengths.
                unsafe {
                    let v = S::load_some(x.as_ptr(), x.len());
                    let y = match self.which {
                        0 => exp::<S>(v),
                        1 => silu::<S>(v),
                        2 => quick_gelu::<S>(v),
                        3 => exp2::<S>(v),
                        _ => gelu::<S>(v),
                    };
                    S::store_some(out.as_mut_ptr(), y, out.len());
                }
            }
            out
        }
    }

    #[test]
    fn functions_agree_with_double_precision_at_every_level() {
        // Miri is shown some of them.
        let between = if cfg!(miri) { 431 } else { 1 };
        let x: Vec<f32> = (-8600..=8600).step_by(between).map(|step| step as f32 / 100.0).collect();
        for level in Level::available() {
            for (x, found) in x.iter().zip(level.run(Each { x: &x, which: 0 })) {
                assert!((f64::from(found) / f64::from(*x).exp() - 1.0).abs() < 4e-7, "{level:?} exp({x}) = {found}");
            }
            for (x, found) in x.iter().zip(level.run(Each { x: &x, which: 3 })) {
                assert!((f64::from(found) / f64::from(*x).exp2() - 1.0).abs() < 4e-7, "{level:?} 2^{x} = {found}");
            }
            let wanted: [&dyn Fn(f64) -> f64; 3] =
                [&|x| x / (1.0 + (-x).exp()), &|x| x / (1.0 + (-1.702 * x).exp()), &|x| {
                    0.5 * x * (1.0 + erf(x * std::f64::consts::FRAC_1_SQRT_2))
                }];
            for (which, wanted) in [1, 2, 4].into_iter().zip(wanted) {
                for (x, found) in x.iter().zip(level.run(Each { x: &x, which })) {
                    let wanted = wanted(f64::from(*x));
                    assert!((f64::from(found) - wanted).abs() < 4e-7 * wanted.abs().max(1.0), "{level:?} {which} {x}");
                }
            }
        }
    }

    #[test]
    fn nan_stays_nan() {
        for level in Level::available() {
            for which in 0..5 {
                let out = level.run(Each { x: &[f32::NAN, 1.0, f32::NAN], which });
                assert!(out[0].is_nan() && out[1].is_finite() && out[2].is_nan(), "{level:?} {which} {out:?}");
            }
        }
    }
}
