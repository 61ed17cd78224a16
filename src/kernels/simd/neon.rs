//! NEON: 4 lanes, 32 registers; a product's tile is 6 rows × 16 columns.

#[allow(clippy::wildcard_imports)] // Every name of it starts with its instruction set.
use std::arch::aarch64::*;

use super::{Kernel, Simd};

#[derive(Clone, Copy)]
pub(crate) struct Neon;

/// # Safety
/// The machine has NEON.
#[target_feature(enable = "neon")]
pub unsafe fn run<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<Neon>()
}

impl Simd for Neon {
    const LANES: usize = 4;
    const PANEL_VECTORS: usize = 4;
    type V = float32x4_t;

    #[inline(always)]
    unsafe fn load(from: *const f32) -> float32x4_t {
        // SAFETY: the instruction set is there and the pointer valid, as the trait demands.
        unsafe { vld1q_f32(from) }
    }

    #[inline(always)]
    unsafe fn store(to: *mut f32, v: float32x4_t) {
        // SAFETY: the instruction set is there and the pointer valid, as the trait demands.
        unsafe { vst1q_f32(to, v) }
    }

    #[inline(always)]
    unsafe fn splat(x: f32) -> float32x4_t {
        // SAFETY: the instruction set is there, as the trait demands.
        unsafe { vdupq_n_f32(x) }
    }

    #[inline(always)]
    unsafe fn add(a: float32x4_t, b: float32x4_t) -> float32x4_t {
        // SAFETY: the instruction set is there, as the trait demands.
        unsafe { vaddq_f32(a, b) }
    }

    #[inline(always)]
    unsafe fn sub(a: float32x4_t, b: float32x4_t) -> float32x4_t {
        // SAFETY: the instruction set is there, as the trait demands.
        unsafe { vsubq_f32(a, b) }
    }

    #[inline(always)]
    unsafe fn mul(a: float32x4_t, b: float32x4_t) -> float32x4_t {
        // SAFETY: the instruction set is there, as the trait demands.
        unsafe { vmulq_f32(a, b) }
    }

    #[inline(always)]
    unsafe fn div(a: float32x4_t, b: float32x4_t) -> float32x4_t {
        // SAFETY: the instruction set is there, as the trait demands.
        unsafe { vdivq_f32(a, b) }
    }

    #[inline(always)]
    unsafe fn mul_add(a: float32x4_t, b: float32x4_t, c: float32x4_t) -> float32x4_t {
        // SAFETY: the instruction set is there, as the trait demands.
        unsafe { vfmaq_f32(c, a, b) }
    }

    #[inline(always)]
    unsafe fn load_bytes(from: *const u8) -> float32x4_t {
        // SAFETY: the instruction set is there and the pointer valid, as the trait demands.
        unsafe {
            let bytes = vcreate_u8(u64::from(from.cast::<u32>().read_unaligned()));
            vcvtq_f32_u32(vmovl_u16(vget_low_u16(vmovl_u8(bytes))))
        }
    }

    #[inline(always)]
    unsafe fn max(a: float32x4_t, b: float32x4_t) -> float32x4_t {
        // Not vmaxq: it gives NaN whichever of the two is NaN.
        // SAFETY: the instruction set is there, as the trait demands.
        unsafe { vbslq_f32(vcgtq_f32(a, b), a, b) }
    }

    #[inline(always)]
    unsafe fn min(a: float32x4_t, b: float32x4_t) -> float32x4_t {
        // SAFETY: the instruction set is there, as the trait demands.
        unsafe { vbslq_f32(vcltq_f32(a, b), a, b) }
    }

    #[inline(always)]
    unsafe fn abs(a: float32x4_t) -> float32x4_t {
        // SAFETY: the instruction set is there, as the trait demands.
        unsafe { vabsq_f32(a) }
    }

    #[inline(always)]
    unsafe fn with_sign(magnitude: float32x4_t, sign: float32x4_t) -> float32x4_t {
        // SAFETY: the instruction set is there, as the trait demands.
        unsafe { vbslq_f32(vdupq_n_u32(1 << 31), sign, magnitude) }
    }

    #[inline(always)]
    unsafe fn power_of_two(shifted: float32x4_t) -> float32x4_t {
        // SAFETY: the instruction set is there, as the trait demands.
        unsafe {
            let bits = vshlq_n_s32::<23>(vreinterpretq_s32_f32(shifted));
            vreinterpretq_f32_s32(vaddq_s32(bits, vdupq_n_s32(127 << 23)))
        }
    }
}
