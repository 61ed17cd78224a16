//! The noise that AUTOMATIC1111 draws on NVIDIA cards: Philox 4×32-10 (Salmon et al., 2011) and Box-Muller, as torch has
//! them on CUDA. Each value has a counter of its own, so a card is not needed.

use super::NoiseSource;

const MULTIPLIERS: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
const KEY_STEPS: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];
const ROUNDS: usize = 10;
const TWO_POW_MINUS_32: f64 = 1.0 / 4_294_967_296.0;
/// Rounded to float32, as the reference has it.
const TAU_POW_MINUS_32: f32 = 2.328_306_4e-10 * std::f32::consts::TAU;

/// As `torch.Generator("cuda").manual_seed(seed)`, for float32.
#[derive(Debug, Clone)]
pub(crate) struct PhiloxNoise {
    seed: u64,
    /// How many calls were before.
    calls: u32,
}

impl PhiloxNoise {
    #[must_use]
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, calls: 0 }
    }
}

impl NoiseSource for PhiloxNoise {
    fn randn(&mut self, n: usize) -> Vec<f32> {
        let key = [self.seed as u32, (self.seed >> 32) as u32];
        let values = (0..n).map(|index| {
            let [x, y, ..] = philox([self.calls, 0, index as u32, 0], key);
            normal(x, y)
        });
        let values = values.collect();
        self.calls = self.calls.wrapping_add(1);
        values
    }

    fn position(&self) -> Vec<u64> {
        vec![u64::from(self.calls)]
    }

    fn restore(&mut self, position: &[u64]) -> bool {
        let &[calls] = position else { return false };
        let calls = u32::try_from(calls);
        self.calls = calls.unwrap_or(self.calls);
        calls.is_ok()
    }
}

/// The sine half of Box-Muller's pair.
fn normal(x: u32, y: u32) -> f32 {
    let radius_share = f64::from(x) * TWO_POW_MINUS_32 + TWO_POW_MINUS_32 / 2.0;
    let angle = f64::from(y) * f64::from(TAU_POW_MINUS_32) + f64::from(TAU_POW_MINUS_32) / 2.0;
    ((-2.0 * radius_share.ln()).sqrt() * angle.sin()) as f32
}

fn philox(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    for round in 0..ROUNDS {
        if round > 0 {
            key = [key[0].wrapping_add(KEY_STEPS[0]), key[1].wrapping_add(KEY_STEPS[1])];
        }
        let first = u64::from(counter[0]) * u64::from(MULTIPLIERS[0]);
        let second = u64::from(counter[2]) * u64::from(MULTIPLIERS[1]);
        counter = [
            (second >> 32) as u32 ^ counter[1] ^ key[0],
            second as u32,
            (first >> 32) as u32 ^ counter[3] ^ key[1],
            first as u32,
        ];
    }
    counter
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seed_0_gives_the_published_vector() {
        let found = PhiloxNoise::new(0).randn(4);
        for (found, wanted) in found.iter().zip([-0.924_662_6, -0.425_344_15, -2.643_845_7, 0.145_183_88]) {
            assert!((found - wanted).abs() < 1e-6, "{found} is not {wanted}");
        }
    }

    #[test]
    fn each_call_goes_on_and_a_longer_one_begins_alike() {
        let mut noise = PhiloxNoise::new(1 << 40);
        let (first, second) = (noise.randn(3), noise.randn(3));
        assert_ne!(first, second);
        assert_eq!(PhiloxNoise::new(1 << 40).randn(20)[..3], first);
        assert_ne!(PhiloxNoise::new(0).randn(3), first);
    }
}
