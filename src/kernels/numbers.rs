//! Number formats of weights: how they come from a file, how they stand in memory, and the ways between.

use half::slice::HalfFloatSliceExt;
use half::{bf16, f16};

use super::blocks::Blocks;
use super::simd::{Simd, pair};

/// How weights stand in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    F32,
    F16,
    Bf16,
    /// As bfloat16 that is multiplied as such, the rows rounded to it too, summed up in single precision. Worth it
    /// where `bf16_products_pay`.
    Bf16Products,
    /// As whole numbers of 14 bits, for each output 32 beside each other with a scale of their own, the rows rounded in the
    /// same way and every sum of 32 exact: a tenth of what bfloat16 rounds away. Layers whose rows are no such groups, and
    /// 3×3 convolutions, are as [`Precision::Bf16`]. Worth it where [`super::Level::has_integer_products`].
    Integers,
}

impl Precision {
    #[must_use]
    pub fn bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 | Self::Bf16 | Self::Bf16Products | Self::Integers => 2,
        }
    }
}

/// Numbers as they come from a file.
#[derive(Clone, Copy)]
pub enum WeightSlice<'a> {
    F32(&'a [f32]),
    F16(&'a [f16]),
    Bf16(&'a [bf16]),
    /// They stay as they are.
    Blocks(Blocks<'a>),
}

impl WeightSlice<'_> {
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::F32(values) => values.len(),
            Self::F16(values) => values.len(),
            Self::Bf16(values) => values.len(),
            Self::Blocks(blocks) => blocks.bytes.len() / blocks.kind.bytes() * blocks.kind.numbers(),
        }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

pub(super) fn as_it_is<'a, T>(from: &'a [T], _: &'a mut [T]) -> &'a [T] {
    from
}

/// One value after the other.
pub(super) fn each<F: Copy, T>(of: impl Fn(F) -> T) -> impl for<'a> Fn(&'a [F], &'a mut [T]) -> &'a [T] {
    move |from, to| {
        for (to, from) in to.iter_mut().zip(from) {
            *to = of(*from);
        }
        to
    }
}

pub(super) fn widen_f16<'a>(from: &'a [f16], to: &'a mut [f32]) -> &'a [f32] {
    from.convert_to_f32_slice(to);
    to
}

pub(super) fn narrow_f16<'a>(from: &'a [f32], to: &'a mut [f16]) -> &'a [f16] {
    to.convert_from_f32_slice(from);
    to
}

pub(super) fn widen_bf16<'a>(from: &'a [bf16], to: &'a mut [f32]) -> &'a [f32] {
    for (to, from) in to.iter_mut().zip(from) {
        *to = f32::from_bits(u32::from(from.to_bits()) << 16);
    }
    to
}

/// Brings `count` numbers together two by two, in place or elsewhere; an odd last one is followed by zero.
///
/// # Safety
/// As [`Simd`]; `from` is valid for reads of `count` floats and `to` for writes of half as many, rounded up.
#[inline(always)]
pub(super) unsafe fn pair_up<S: Simd>(from: *const f32, count: usize, to: *mut f32) {
    let whole = count / (2 * S::LANES) * S::LANES;
    // SAFETY: the caller's; what is written was read before.
    unsafe {
        for at in (0..whole).step_by(S::LANES) {
            S::store(to.add(at), S::load_pairs(from.add(2 * at)));
        }
        for at in whole..count.div_ceil(2) {
            let second = if 2 * at + 1 < count { *from.add(2 * at + 1) } else { 0.0 };
            *to.add(at) = pair(*from.add(2 * at), second);
        }
    }
}
