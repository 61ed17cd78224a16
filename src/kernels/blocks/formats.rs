//! What stands where in ggml's blocks (`ggml-common.h`), read for all columns of a panel at once: each byte of a block is
//! there for every lane side by side, so that what follows in a block is one run of bytes.

use super::super::blocks::{BlockKind, MOST_COLUMNS};
use super::small_floats::widen_halves;

impl BlockKind {
    /// Steps whose numbers share a scale.
    pub(super) fn steps_of_group(self) -> usize {
        if matches!(self, Self::Q2K | Self::Q3K | Self::Q6K) { 16 } else { 32 }
    }

    /// The number that means zero, where it is the same in all blocks.
    pub(super) fn middle(self) -> Option<u8> {
        match self {
            Self::Q4_0 => Some(8),
            Self::Q3K => Some(4),
            Self::Q5_0 => Some(16),
            Self::Q6K => Some(32),
            Self::Q8_0 => Some(128),
            Self::Q4_1 | Self::Q5_1 | Self::Q2K | Self::Q4K | Self::Q5K | Self::F8E4M3 => None,
        }
    }

    /// What a group's numbers are times, and what is added to that.
    #[inline(always)]
    pub(super) fn scales(self, block: &[u8], stride: usize, group: usize, scale: &mut [f32], offset: &mut [f32]) {
        let row = |byte: usize| &block[byte * stride..(byte + 1) * stride];
        let halves = |byte: usize, to: &mut [f32]| widen_halves(row(byte), row(byte + 1), to);
        match self {
            Self::Q4_0 | Self::Q5_0 | Self::Q8_0 => {
                halves(0, scale);
                let middle = f32::from(self.middle().unwrap_or_default());
                for (offset, scale) in offset.iter_mut().zip(scale) {
                    *offset = *scale * -middle;
                }
            }
            Self::Q4_1 | Self::Q5_1 => {
                halves(0, scale);
                halves(2, offset);
            }
            Self::Q2K => {
                // Scales and offsets of 4 bits, in a byte both.
                halves(80, scale);
                halves(82, offset);
                let both = row(group);
                multiply(scale, both, |byte| byte & 15);
                multiply(offset, both, |byte| byte >> 4);
                for offset in offset {
                    *offset = -*offset;
                }
            }
            Self::Q3K => {
                // 16 scales of 6 bits around 32: nibbles in 8 bytes, their upper two bits in 4.
                const AT: usize = 96;
                halves(108, scale);
                let (lower, upper) = (row(AT + group % 8), row(AT + 8 + group % 4));
                for ((scale, offset), (lower, upper)) in scale.iter_mut().zip(offset).zip(lower.iter().zip(upper)) {
                    let number = ((lower >> (group / 8 * 4)) & 15) | (((upper >> (group / 4 * 2)) & 3) << 4);
                    *scale *= f32::from(number) - 32.0;
                    *offset = *scale * -4.0;
                }
            }
            Self::Q4K | Self::Q5K => {
                // 8 scales and 8 offsets of 6 bits: the upper two of the last four stand above the first four.
                const AT: usize = 4;
                halves(0, scale);
                halves(2, offset);
                let (of_scale, of_offset) = (row(AT + group % 4), row(AT + 4 + group % 4));
                if group < 4 {
                    multiply(scale, of_scale, |byte| byte & 63);
                    multiply(offset, of_offset, |byte| byte & 63);
                } else {
                    let lower = row(AT + 4 + group);
                    multiply_both(scale, (lower, of_scale), |lower, upper| (lower & 15) | ((upper >> 6) << 4));
                    multiply_both(offset, (lower, of_offset), |lower, upper| (lower >> 4) | ((upper >> 6) << 4));
                }
                for offset in offset {
                    *offset = -*offset;
                }
            }
            Self::Q6K => {
                const AT: usize = 192;
                halves(208, scale);
                for ((scale, offset), byte) in scale.iter_mut().zip(offset).zip(row(AT + group)) {
                    *scale *= f32::from(byte.cast_signed());
                    *offset = *scale * -32.0;
                }
            }
            Self::F8E4M3 => {}
        }
    }

    /// A group's numbers, each in a byte: the steps one after the other, the lanes side by side.
    #[inline(always)]
    pub(super) fn numbers_of(self, block: &[u8], stride: usize, group: usize, to: &mut [u8]) {
        let run = |byte: usize, count: usize| &block[byte * stride..(byte + count) * stride];
        match self {
            Self::Q4_0 | Self::Q4_1 => {
                let nibbles = run(if self == Self::Q4_0 { 2 } else { 4 }, 16);
                let (lower, upper) = to.split_at_mut(nibbles.len());
                each(lower, nibbles, |byte| byte & 15);
                each(upper, nibbles, |byte| byte >> 4);
            }
            Self::Q5_0 | Self::Q5_1 => {
                let at = if self == Self::Q5_0 { 2 } else { 4 };
                let nibbles = run(at + 4, 16);
                let (lower, upper) = to.split_at_mut(nibbles.len());
                each(lower, nibbles, |byte| byte & 15);
                each(upper, nibbles, |byte| byte >> 4);
                // The fifth bits, a step after the other.
                for (step, to) in to.chunks_exact_mut(stride).enumerate() {
                    both(to, run(at + step / 8, 1), |lower, fifth| lower | (((fifth >> (step % 8)) & 1) << 4));
                }
            }
            Self::Q8_0 => each(to, run(2, 32), |byte| byte ^ 0x80),
            Self::Q2K | Self::Q3K => {
                // 128 numbers are 32 bytes of two bits each; third bits stand apart, a bit for each 32 numbers.
                let (half, quarter, part) = (group / 8, group % 8 / 2, group % 2 * 16);
                let (pairs_at, is_of_three) = if self == Self::Q3K { (32, true) } else { (16, false) };
                each(to, run(pairs_at + half * 32 + part, 16), |byte| (byte >> (2 * quarter)) & 3);
                if is_of_three {
                    let bit = half * 4 + quarter;
                    both(to, run(part, 16), |lower, thirds| lower | (((thirds >> bit) & 1) << 2));
                }
            }
            Self::Q4K => {
                let nibbles = run(16 + group / 2 * 32, 32);
                if group.is_multiple_of(2) {
                    each(to, nibbles, |byte| byte & 15);
                } else {
                    each(to, nibbles, |byte| byte >> 4);
                }
            }
            Self::Q5K => {
                let nibbles = run(48 + group / 2 * 32, 32);
                if group.is_multiple_of(2) {
                    each(to, nibbles, |byte| byte & 15);
                } else {
                    each(to, nibbles, |byte| byte >> 4);
                }
                both(to, run(16, 32), |lower, fifths| lower | (((fifths >> group) & 1) << 4));
            }
            Self::Q6K => {
                // 128 numbers are 64 bytes of lower nibbles, then of upper ones, and 32 of two bits each.
                let (half, quarter, part) = (group / 8, group % 8 / 2, group % 2 * 16);
                let nibbles = run(half * 64 + quarter % 2 * 32 + part, 16);
                if quarter < 2 {
                    each(to, nibbles, |byte| byte & 15);
                } else {
                    each(to, nibbles, |byte| byte >> 4);
                }
                both(to, run(128 + half * 32 + part, 16), |lower, upper| lower | (((upper >> (2 * quarter)) & 3) << 4));
            }
            Self::F8E4M3 => {}
        }
    }
}

#[inline(always)]
fn each(to: &mut [u8], from: &[u8], of: impl Fn(u8) -> u8) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = of(*from);
    }
}

#[inline(always)]
fn both(to: &mut [u8], from: &[u8], of: impl Fn(u8, u8) -> u8) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = of(*to, *from);
    }
}

#[inline(always)]
fn multiply(values: &mut [f32], bytes: &[u8], of: impl Fn(u8) -> u8) {
    for (value, byte) in values.iter_mut().zip(bytes) {
        *value *= f32::from(of(*byte));
    }
}

#[inline(always)]
fn multiply_both(values: &mut [f32], (lower, upper): (&[u8], &[u8]), of: impl Fn(u8, u8) -> u8) {
    debug_assert!(values.len() <= MOST_COLUMNS);
    for (value, (lower, upper)) in values.iter_mut().zip(lower.iter().zip(upper)) {
        *value *= f32::from(of(*lower, *upper));
    }
}
