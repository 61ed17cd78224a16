//! Seeded Gaussian noise, drawn on the host so that a seed gives one picture on every device.
//!
//! `TorchNoise` draws what `torch.randn` draws with a CPU generator: MT19937 (Matsumoto and Nishimura, 1998)
//! and Box-Muller, in the two forms that torch uses below and from sixteen values on.

/// A stream of standard normal values. What a call returns depends on all calls before it.
pub trait NoiseSource: Send {
    /// The next `n` values.
    fn randn(&mut self, n: usize) -> Vec<f32>;

    /// Where the stream stands.
    fn position(&self) -> Vec<u64>;

    /// Goes on from where a stream of the same kind and seed stood; `false`, and unchanged, where it cannot be that.
    fn restore(&mut self, position: &[u64]) -> bool;
}

/// As `torch.Generator("cpu").manual_seed(seed)`, for float32.
#[derive(Debug, Clone)]
pub struct TorchNoise {
    engine: MersenneTwister,
    /// The second half of the last pair that the short form drew. It outlives calls of the long form, as in torch.
    cached: Option<f64>,
}

/// From this many values on torch fills whole blocks in float32; below it draws pairs in float64.
const BLOCK: usize = 16;
const HALF_BLOCK: usize = BLOCK / 2;

impl TorchNoise {
    /// Only the low 32 bits of `seed` matter, as in torch.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { engine: MersenneTwister::new(seed as u32), cached: None }
    }

    /// Uniform in [0, 1) with the 24 bits that a float32 holds.
    fn uniform_f32(&mut self) -> f32 {
        (self.engine.next_u32() & 0x00FF_FFFF) as f32 / 16_777_216.0
    }

    /// Uniform in [0, 1) with the 53 bits that a float64 holds; the first draw gives the high word.
    fn uniform_f64(&mut self) -> f64 {
        let high = u64::from(self.engine.next_u32());
        let low = u64::from(self.engine.next_u32());
        ((high << 32 | low) & ((1 << 53) - 1)) as f64 / (1_u64 << 53) as f64
    }

    fn normal_f64(&mut self) -> f64 {
        if let Some(value) = self.cached.take() {
            return value;
        }
        let angle_turns = self.uniform_f64();
        let radius = (-2.0 * (-self.uniform_f64()).ln_1p()).sqrt();
        let (sin, cos) = (std::f64::consts::TAU * angle_turns).sin_cos();
        self.cached = Some(radius * sin);
        radius * cos
    }
}

impl NoiseSource for TorchNoise {
    fn randn(&mut self, n: usize) -> Vec<f32> {
        if n < BLOCK {
            return (0..n).map(|_| self.normal_f64() as f32).collect();
        }
        let mut values: Vec<f32> = (0..n).map(|_| self.uniform_f32()).collect();
        values.chunks_exact_mut(BLOCK).for_each(box_muller);
        if !n.is_multiple_of(BLOCK) {
            // A rest shorter than a block is not transformed as it is: the last whole block is drawn anew.
            let tail = &mut values[n - BLOCK..];
            tail.fill_with(|| self.uniform_f32());
            box_muller(tail);
        }
        values
    }

    fn position(&self) -> Vec<u64> {
        let cached = [u64::from(self.cached.is_some()), self.cached.unwrap_or_default().to_bits()];
        let state = self.engine.state.iter().map(|word| u64::from(*word));
        [self.engine.next as u64].into_iter().chain(cached).chain(state).collect()
    }

    fn restore(&mut self, position: &[u64]) -> bool {
        let &[next, is_cached, cached, ref words @ ..] = position else { return false };
        let Ok(state) = words.iter().map(|word| u32::try_from(*word)).collect::<Result<Vec<u32>, _>>() else {
            return false;
        };
        if state.len() != STATE_WORDS || next > STATE_WORDS as u64 {
            return false;
        }
        self.engine = MersenneTwister { state, next: next as usize };
        self.cached = (is_cached != 0).then(|| f64::from_bits(cached));
        true
    }
}

/// Turns sixteen uniform values into normal ones. The angle is rounded to float32 first, as torch's vector code does.
fn box_muller(block: &mut [f32]) {
    let (first, second) = block.split_at_mut(HALF_BLOCK);
    for (a, b) in first.iter_mut().zip(second) {
        let radius = (-2.0 * (1.0 - *a).ln()).sqrt();
        let (sin, cos) = (std::f32::consts::TAU * *b).sin_cos();
        *a = radius * cos;
        *b = radius * sin;
    }
}

const STATE_WORDS: usize = 624;
const SHIFT_WORDS: usize = 397;

/// The 32-bit Mersenne Twister.
#[derive(Debug, Clone)]
struct MersenneTwister {
    state: Vec<u32>,
    next: usize,
}

impl MersenneTwister {
    fn new(seed: u32) -> Self {
        let mut state = Vec::with_capacity(STATE_WORDS);
        let mut word = seed;
        state.push(word);
        for index in 1..STATE_WORDS as u32 {
            word = 1_812_433_253_u32.wrapping_mul(word ^ word >> 30).wrapping_add(index);
            state.push(word);
        }
        Self { state, next: STATE_WORDS }
    }

    fn next_u32(&mut self) -> u32 {
        if self.next == STATE_WORDS {
            self.refill();
        }
        let mut word = self.state[self.next];
        self.next += 1;
        word ^= word >> 11;
        word ^= word << 7 & 0x9D2C_5680;
        word ^= word << 15 & 0xEFC6_0000;
        word ^ word >> 18
    }

    fn refill(&mut self) {
        for index in 0..STATE_WORDS {
            let joined = self.state[index] & 0x8000_0000 | self.state[(index + 1) % STATE_WORDS] & 0x7FFF_FFFF;
            let twist = if joined & 1 == 1 { 0x9908_B0DF } else { 0 };
            self.state[index] = self.state[(index + SHIFT_WORDS) % STATE_WORDS] ^ joined >> 1 ^ twist;
        }
        self.next = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_close(found: &[f32], wanted: &[f32]) {
        assert_eq!(found.len(), wanted.len());
        for (found, wanted) in found.iter().zip(wanted) {
            assert!((found - wanted).abs() <= 1e-6, "{found} is not {wanted}");
        }
    }

    #[test]
    fn a_seed_gives_the_values_that_torch_prints() {
        assert_close(&TorchNoise::new(0).randn(16)[..4], &[-1.125_839_8, -1.152_360_2, -0.250_578_58, -0.433_878_8]);
        assert_close(&TorchNoise::new(42).randn(16)[..4], &[1.926_915_3, 1.487_284_1, 0.900_717_2, -2.105_521]);
    }

    #[test]
    fn short_and_long_calls_share_one_stream_and_the_odd_value_is_kept() {
        // torch: manual_seed(42), then randn of 5, 3, 17 and 1.
        let mut noise = TorchNoise::new(42);
        assert_close(&noise.randn(5), &[0.336_690_37, 0.128_809_4, 0.234_462_37, 0.230_333_03, -1.122_856_4]);
        assert_close(&noise.randn(3), &[-0.186_328_29, 2.208_201_4, -0.637_997_03]);
        assert_close(&noise.randn(17)[..3], &[1.642_316_9, -0.871_236_15, -0.223_365_92]);
        assert_close(&noise.randn(1), &[-1.018_611_2]);
    }

    #[test]
    fn a_stream_goes_on_from_where_another_stood() {
        for before in [0, 1, 3, 16, 17, 700] {
            let mut noise = TorchNoise::new(42);
            noise.randn(before);
            let mut other = TorchNoise::new(0);
            assert!(other.restore(&noise.position()));
            for n in [1, 20, 3, 700] {
                assert_eq!(other.randn(n), noise.randn(n), "{n} after {before}");
            }
        }
        assert!(!TorchNoise::new(0).restore(&[]) && !TorchNoise::new(0).restore(&vec![625; 627]));
    }

    #[test]
    fn only_the_low_half_of_a_seed_matters() {
        assert_eq!(TorchNoise::new((1 << 32) + 42).randn(20), TorchNoise::new(42).randn(20));
    }
}
