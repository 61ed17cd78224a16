//! What this machine's processors can do at most: multiply-adds on registers alone, on all threads at once.

#![allow(unsafe_code)]

use std::hint::black_box;
use std::time::Instant;

use inkwick::kernels::Level;

/// Enough chains that no multiply-add waits for an earlier one.
const CHAINS: usize = 12;

const ROUNDS: usize = 20_000_000;

/// Floating-point operations a second in thousands of millions, `None` at a level that is not measured.
pub(crate) fn gflops(level: Level) -> Option<f64> {
    let threads = rayon::current_num_threads();
    let started = Instant::now();
    let lanes = rayon::broadcast(|_| lanes_after_chains(level));
    let seconds = started.elapsed().as_secs_f64();
    let lanes = lanes.into_iter().next().flatten()?;
    Some((2 * lanes * CHAINS * ROUNDS * threads) as f64 / seconds / 1e9)
}

fn lanes_after_chains(level: Level) -> Option<usize> {
    match level.name() {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: levels are only made where the machine has them.
        "avx512" | "avx512-bf16" => Some(unsafe { x86::chains_of_16() }),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        "avx2" => Some(unsafe { x86::chains_of_8() }),
        _ => None,
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    #[allow(clippy::wildcard_imports)] // Every name of it starts with its instruction set.
    use std::arch::x86_64::*;

    use super::{CHAINS, ROUNDS, black_box};

    #[target_feature(enable = "avx512f")]
    pub(crate) fn chains_of_16() -> usize {
        let factor = _mm512_set1_ps(black_box(1.000_1));
        let mut sums = [_mm512_set1_ps(black_box(0.5)); CHAINS];
        for _ in 0..ROUNDS {
            for sum in &mut sums {
                *sum = _mm512_fmadd_ps(*sum, factor, factor);
            }
        }
        black_box(sums.map(|sum| _mm512_reduce_add_ps(sum)));
        16
    }

    #[target_feature(enable = "avx2,fma")]
    pub(crate) fn chains_of_8() -> usize {
        let factor = _mm256_set1_ps(black_box(1.000_1));
        let mut sums = [_mm256_set1_ps(black_box(0.5)); CHAINS];
        for _ in 0..ROUNDS {
            for sum in &mut sums {
                *sum = _mm256_fmadd_ps(*sum, factor, factor);
            }
        }
        black_box(sums.map(|sum| _mm256_cvtss_f32(sum)));
        8
    }
}
