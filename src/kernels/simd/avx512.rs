//! AVX-512: 16 lanes, 32 registers; a product's tile is 6 rows × 64 columns.

#[allow(clippy::wildcard_imports)] // Every name of it starts with its instruction set.
use std::arch::x86_64::*;

use super::by_lane::{add_integer_pairs_by_lane, add_pairs_by_lane, load_pairs_by_lane, pairs_of_by_lane};
use super::{Kernel, Simd};

/// Where the halves of 32 stand of which the first 16 belong beside the others: two places in each number.
const BESIDE_EACH_OTHER: [i32; 16] = {
    let mut places = [0; 16];
    let mut lane = 0;
    while lane < 16 {
        places[lane as usize] = lane | ((lane + 16) << 16);
        lane += 1;
    }
    places
};

/// `BF16`: with instructions for bfloat16 and for whole numbers of 16 bits.
#[derive(Clone, Copy)]
pub(crate) struct Avx512<const BF16: bool>;

/// # Safety
/// The machine has AVX-512F (and with it AVX2 and FMA).
#[target_feature(enable = "avx512f,avx2,fma")]
pub(crate) unsafe fn run<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<Avx512<false>>()
}

/// # Safety
/// As above, and the machine has AVX512-BF16, AVX512-BW and AVX512-VNNI.
#[target_feature(enable = "avx512f,avx512bw,avx512bf16,avx512vnni,avx2,fma")]
pub(crate) unsafe fn run_with_bf16<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<Avx512<true>>()
}

impl<const BF16: bool> Simd for Avx512<BF16> {
    const LANES: usize = 16;
    const PANEL_VECTORS: usize = 4;
    const MULTIPLIES_PAIRS: bool = BF16;
    const MULTIPLIES_INTEGERS: bool = BF16;
    type V = __m512;

    #[inline(always)]
    unsafe fn load(from: *const f32) -> __m512 {
        // SAFETY: the instruction set is there and the pointer valid, as the trait demands.
        unsafe { _mm512_loadu_ps(from) }
    }

    #[inline(always)]
    unsafe fn store(to: *mut f32, v: __m512) {
        // SAFETY: the instruction set is there and the pointer valid, as the trait demands.
        unsafe { _mm512_storeu_ps(to, v) }
    }

    #[inline(always)]
    unsafe fn fetch(from: *const u8) {
        // SAFETY: the instruction set is there, as the trait demands.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(from.cast()) }
    }

    #[inline(always)]
    unsafe fn splat(x: f32) -> __m512 {
        // SAFETY: the instruction set is there, as the trait demands.
        unsafe { _mm512_set1_ps(x) }
    }

    #[inline(always)]
    unsafe fn add(a: __m512, b: __m512) -> __m512 {
        // SAFETY: the instruction set is there, as the trait demands.
        unsafe { _mm512_add_ps(a, b) }
    }

    #[inline(always)]
    unsafe fn sub(a: __m512, b: __m512) -> __m512 {
        // SAFETY: the instruction set is there, as the trait demands.
        unsafe { _mm512_sub_ps(a, b) }
    }

    #[inline(always)]
    unsafe fn mul(a: __m512, b: __m512) -> __m512 {
        // SAFETY: the instruction set is there, as the trait demands.
        unsafe { _mm512_mul_ps(a, b) }
    }

    #[inline(always)]
    unsafe fn div(a: __m512, b: __m512) -> __m512 {
        // SAFETY: the instruction set is there, as the trait demands.
        unsafe { _mm512_div_ps(a, b) }
    }

    #[inline(always)]
    unsafe fn mul_add(a: __m512, b: __m512, c: __m512) -> __m512 {
        // SAFETY: the instruction set is there, as the trait demands.
        unsafe { _mm512_fmadd_ps(a, b, c) }
    }

    #[inline(always)]
    unsafe fn add_pairs(a: __m512, b: __m512, sums: __m512) -> __m512 {
        // SAFETY: the instruction set is there, as the trait demands.
        unsafe {
            if BF16 {
                let [a, b] = [a, b].map(|pairs| std::mem::transmute::<__m512, __m512bh>(pairs));
                _mm512_dpbf16_ps(sums, a, b)
            } else {
                add_pairs_by_lane::<Self>(a, b, sums)
            }
        }
    }

    #[inline(always)]
    unsafe fn load_pairs(from: *const f32) -> __m512 {
        // SAFETY: the instruction set is there and the pointer valid, as the trait demands.
        unsafe {
            if BF16 {
                let (first, second) = (Self::load(from), Self::load(from.add(Self::LANES)));
                std::mem::transmute::<__m512bh, __m512>(_mm512_cvtne2ps_pbh(second, first))
            } else {
                load_pairs_by_lane::<Self>(from)
            }
        }
    }

    #[inline(always)]
    unsafe fn load_bytes(from: *const u8) -> __m512 {
        // SAFETY: the instruction set is there and the pointer valid, as the trait demands.
        unsafe { _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128(from.cast()))) }
    }

    #[inline(always)]
    unsafe fn add_integer_pairs(a: __m512, b: __m512, sums: __m512) -> __m512 {
        // SAFETY: the instruction set is there, as the trait demands.
        unsafe {
            if BF16 {
                let [a, b, sums] = [a, b, sums].map(|bits| _mm512_castps_si512(bits));
                _mm512_castsi512_ps(_mm512_dpwssd_epi32(sums, a, b))
            } else {
                add_integer_pairs_by_lane::<Self>(a, b, sums)
            }
        }
    }

    #[inline(always)]
    unsafe fn integer_pairs_of(first: *const u8, second: *const u8) -> __m512 {
        // SAFETY: the instruction set is there and the pointers valid, as the trait demands.
        unsafe {
            let first = _mm512_cvtepu8_epi32(_mm_loadu_si128(first.cast()));
            let second = _mm512_cvtepu8_epi32(_mm_loadu_si128(second.cast()));
            _mm512_castsi512_ps(_mm512_or_si512(first, _mm512_slli_epi32::<16>(second)))
        }
    }

    #[inline(always)]
    unsafe fn floats_of(integers: __m512) -> __m512 {
        // SAFETY: the instruction set is there, as the trait demands.
        unsafe { _mm512_cvtepi32_ps(_mm512_castps_si512(integers)) }
    }

    #[inline(always)]
    unsafe fn pairs_of(first: __m512, second: __m512) -> __m512 {
        // SAFETY: the instruction set is there, as the trait demands.
        unsafe {
            if BF16 {
                let rounded = std::mem::transmute::<__m512bh, __m512i>(_mm512_cvtne2ps_pbh(second, first));
                let places = _mm512_loadu_si512(BESIDE_EACH_OTHER.as_ptr().cast());
                _mm512_castsi512_ps(_mm512_permutexvar_epi16(places, rounded))
            } else {
                pairs_of_by_lane::<Self>(first, second)
            }
        }
    }

    #[inline(always)]
    unsafe fn max(a: __m512, b: __m512) -> __m512 {
        // SAFETY: the instruction set is there, as the trait demands.
        unsafe { _mm512_max_ps(a, b) }
    }

    #[inline(always)]
    unsafe fn min(a: __m512, b: __m512) -> __m512 {
        // SAFETY: the instruction set is there, as the trait demands.
        unsafe { _mm512_min_ps(a, b) }
    }

    #[inline(always)]
    unsafe fn abs(a: __m512) -> __m512 {
        // SAFETY: the instruction set is there, as the trait demands.
        unsafe { _mm512_abs_ps(a) }
    }

    #[inline(always)]
    unsafe fn with_sign(magnitude: __m512, sign: __m512) -> __m512 {
        // SAFETY: the instruction set is there, as the trait demands.
        unsafe {
            // The float forms of these need AVX512DQ.
            let sign = _mm512_and_si512(_mm512_set1_epi32(i32::MIN), _mm512_castps_si512(sign));
            _mm512_castsi512_ps(_mm512_or_si512(_mm512_castps_si512(magnitude), sign))
        }
    }

    #[inline(always)]
    unsafe fn power_of_two(shifted: __m512) -> __m512 {
        // SAFETY: the instruction set is there, as the trait demands.
        unsafe {
            let bits = _mm512_slli_epi32::<23>(_mm512_castps_si512(shifted));
            _mm512_castsi512_ps(_mm512_add_epi32(bits, _mm512_set1_epi32(127 << 23)))
        }
    }
}
