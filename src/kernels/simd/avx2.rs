//! AVX2 with FMA: 8 lanes, 16 registers; a product's tile is 6 rows × 16 columns.

#[allow(clippy::wildcard_imports)] // Every name of it starts with its instruction set.
use std::arch::x86_64::*;

use super::{Kernel, Simd};

use super::by_lane::add_integer_pairs_by_lane;

/// `INTEGERS`: with instructions for products of whole numbers of 16 bits.
#[derive(Clone, Copy)]
pub(crate) struct Avx2<const INTEGERS: bool>;

/// # Safety
/// The machine has AVX2 and FMA.
#[target_feature(enable = "avx2,fma")]
pub(crate) unsafe fn run<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<Avx2<false>>()
}

/// # Safety
/// As above, and the machine has AVX-VNNI.
#[target_feature(enable = "avx2,fma,avxvnni")]
pub(crate) unsafe fn run_with_integers<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<Avx2<true>>()
}

impl<const INTEGERS: bool> Simd for Avx2<INTEGERS> {
    const LANES: usize = 8;
    const PANEL_VECTORS: usize = 2;
    const MULTIPLIES_INTEGERS: bool = INTEGERS;
    type V = __m256;

    #[inline(always)]
    unsafe fn load(from: *const f32) -> __m256 {
        // SAFETY: the instruction set is there and the pointer valid, as the trait demands.
        unsafe { _mm256_loadu_ps(from) }
    }

    #[inline(always)]
    unsafe fn store(to: *mut f32, v: __m256) {
        // SAFETY: the instruction set is there and the pointer valid, as the trait demands.
        unsafe { _mm256_storeu_ps(to, v) }
    }

    #[inline(always)]
    unsafe fn fetch(from: *const u8) {
        // SAFETY: the instruction set is there, as the trait demands.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(from.cast()) }
    }

    #[inline(always)]
    unsafe fn splat(x: f32) -> __m256 {
        // SAFETY: the instruction set is there, as the trait demands.
        unsafe { _mm256_set1_ps(x) }
    }

    #[inline(always)]
    unsafe fn add(a: __m256, b: __m256) -> __m256 {
        // SAFETY: the instruction set is there, as the trait demands.
        unsafe { _mm256_add_ps(a, b) }
    }

    #[inline(always)]
    unsafe fn sub(a: __m256, b: __m256) -> __m256 {
        // SAFETY: the instruction set is there, as the trait demands.
        unsafe { _mm256_sub_ps(a, b) }
    }

    #[inline(always)]
    unsafe fn mul(a: __m256, b: __m256) -> __m256 {
        // SAFETY: the instruction set is there, as the trait demands.
        unsafe { _mm256_mul_ps(a, b) }
    }

    #[inline(always)]
    unsafe fn div(a: __m256, b: __m256) -> __m256 {
        // SAFETY: the instruction set is there, as the trait demands.
        unsafe { _mm256_div_ps(a, b) }
    }

    #[inline(always)]
    unsafe fn mul_add(a: __m256, b: __m256, c: __m256) -> __m256 {
        // SAFETY: the instruction set is there, as the trait demands.
        unsafe { _mm256_fmadd_ps(a, b, c) }
    }

    #[inline(always)]
    unsafe fn load_bytes(from: *const u8) -> __m256 {
        // SAFETY: the instruction set is there and the pointer valid, as the trait demands.
        unsafe { _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64(from.cast()))) }
    }

    #[inline(always)]
    unsafe fn max(a: __m256, b: __m256) -> __m256 {
        // SAFETY: the instruction set is there, as the trait demands.
        unsafe { _mm256_max_ps(a, b) }
    }

    #[inline(always)]
    unsafe fn min(a: __m256, b: __m256) -> __m256 {
        // SAFETY: the instruction set is there, as the trait demands.
        unsafe { _mm256_min_ps(a, b) }
    }

    #[inline(always)]
    unsafe fn abs(a: __m256) -> __m256 {
        // SAFETY: the instruction set is there, as the trait demands.
        unsafe { _mm256_andnot_ps(_mm256_set1_ps(-0.0), a) }
    }

    #[inline(always)]
    unsafe fn with_sign(magnitude: __m256, sign: __m256) -> __m256 {
        // SAFETY: the instruction set is there, as the trait demands.
        unsafe { _mm256_or_ps(magnitude, _mm256_and_ps(_mm256_set1_ps(-0.0), sign)) }
    }

    #[inline(always)]
    unsafe fn power_of_two(shifted: __m256) -> __m256 {
        // SAFETY: the instruction set is there, as the trait demands.
        unsafe {
            let bits = _mm256_slli_epi32::<23>(_mm256_castps_si256(shifted));
            _mm256_castsi256_ps(_mm256_add_epi32(bits, _mm256_set1_epi32(127 << 23)))
        }
    }

    #[inline(always)]
    unsafe fn add_integer_pairs(a: __m256, b: __m256, sums: __m256) -> __m256 {
        // SAFETY: the instruction set is there, as the trait demands.
        unsafe {
            if INTEGERS {
                let [a, b, sums] = [a, b, sums].map(|bits| _mm256_castps_si256(bits));
                _mm256_castsi256_ps(_mm256_dpwssd_avx_epi32(sums, a, b))
            } else {
                add_integer_pairs_by_lane::<Self>(a, b, sums)
            }
        }
    }

    #[inline(always)]
    unsafe fn integer_pairs_of(first: *const u8, second: *const u8) -> __m256 {
        // SAFETY: the instruction set is there and the pointers valid, as the trait demands.
        unsafe {
            let first = _mm256_cvtepu8_epi32(_mm_loadl_epi64(first.cast()));
            let second = _mm256_cvtepu8_epi32(_mm_loadl_epi64(second.cast()));
            _mm256_castsi256_ps(_mm256_or_si256(first, _mm256_slli_epi32::<16>(second)))
        }
    }

    #[inline(always)]
    unsafe fn floats_of(integers: __m256) -> __m256 {
        // SAFETY: the instruction set is there, as the trait demands.
        unsafe { _mm256_cvtepi32_ps(_mm256_castps_si256(integers)) }
    }
}
