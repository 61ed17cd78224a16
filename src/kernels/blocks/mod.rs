//! Quantised weights as files keep them: which kinds stay so in memory, and how a panel's steps are widened while they are
//! multiplied. The widened numbers are those of ggml's own reader, to the last bit.

mod formats;
mod small_floats;
mod table;

use self::small_floats::widen_float8;
pub use self::table::BlockTable;
use super::TAPS;
use super::integer_panel::{Groups, IntegerPanel};
use super::simd::Simd;

/// The columns of the widest panel.
const MOST_COLUMNS: usize = 64;
/// Steps whose numbers share a scale, at most.
const MOST_STEPS: usize = 32;

/// How numbers are packed that are kept as they stand in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BlockKind {
    Q4_0,
    Q4_1,
    Q5_0,
    Q5_1,
    Q8_0,
    Q2K,
    Q3K,
    Q4K,
    Q5K,
    Q6K,
    /// One byte a number, the NVIDIA, Arm and Intel form without infinities; times a scale.
    F8E4M3,
}

impl BlockKind {
    pub const ALL: [Self; 11] = [
        Self::Q4_0,
        Self::Q4_1,
        Self::Q5_0,
        Self::Q5_1,
        Self::Q8_0,
        Self::Q2K,
        Self::Q3K,
        Self::Q4K,
        Self::Q5K,
        Self::Q6K,
        Self::F8E4M3,
    ];

    /// Numbers of a row that are packed together.
    #[must_use]
    pub fn numbers(self) -> usize {
        match self {
            Self::Q4_0 | Self::Q4_1 | Self::Q5_0 | Self::Q5_1 | Self::Q8_0 => 32,
            Self::Q2K | Self::Q3K | Self::Q4K | Self::Q5K | Self::Q6K => 256,
            Self::F8E4M3 => 1,
        }
    }

    /// What they take.
    #[must_use]
    pub fn bytes(self) -> usize {
        match self {
            Self::Q4_0 => 18,
            Self::Q4_1 => 20,
            Self::Q5_0 => 22,
            Self::Q5_1 => 24,
            Self::Q8_0 => 34,
            Self::Q2K => 84,
            Self::Q3K => 110,
            Self::Q4K => 144,
            Self::Q5K => 176,
            Self::Q6K => 210,
            Self::F8E4M3 => 1,
        }
    }

    /// Whether rows of so many numbers are whole blocks, so that the kernels can keep them.
    #[must_use]
    pub fn fits(self, depth: usize) -> bool {
        depth.is_multiple_of(self.numbers())
    }

    /// How its numbers share their scales, where they are whole ones.
    #[must_use]
    pub(super) fn groups(self) -> Option<Groups> {
        (self != Self::F8E4M3).then(|| Groups::of_bytes(self.steps_of_group(), self.middle()))
    }

    /// The channels of a 3×3 convolution of so many inputs whose taps are whole blocks together, as few as may be and an
    /// even number of them; `None` where rows are not made of such.
    pub(super) fn channels_together(self, inputs: usize) -> Option<usize> {
        let channels = if self == Self::F8E4M3 { 1 << inputs.trailing_zeros().min(5) } else { self.numbers() };
        (channels > 1 && inputs > 0 && inputs.is_multiple_of(channels)).then_some(channels)
    }

    /// Of so many numbers, which must be whole blocks.
    #[must_use]
    pub fn bytes_of(self, numbers: usize) -> usize {
        numbers / self.numbers() * self.bytes()
    }
}

/// Blocks as they stand in a file, row after row.
#[derive(Clone, Copy)]
pub struct Blocks<'a> {
    pub kind: BlockKind,
    pub bytes: &'a [u8],
    /// What float8 is times: one number for all, or one for each row. None for other kinds.
    pub scales: &'a [f32],
}

/// One panel's blocks: for each byte of a block its lanes side by side, block after block along the rows.
pub(super) struct PanelBlocks<'a> {
    pub kind: BlockKind,
    pub bytes: &'a [u8],
    /// Of the panel's lanes, for float8.
    pub scales: &'a [f32],
    /// Columns with those that only fill up a vector.
    pub stride: usize,
    /// Of a 3×3 convolution, whose files have the taps of a channel together: so many channels are widened at a time, to
    /// the channels of a tap.
    pub channels: Option<usize>,
}

impl PanelBlocks<'_> {
    /// The steps as single precision, or as pairs of bfloat16: `out` holds them all.
    #[inline(always)]
    pub(super) fn widen<S: Simd, const PAIRS: bool>(&self, out: &mut [f32]) {
        match self.stride / S::LANES {
            1 => self.widen_vectors::<S, 1, PAIRS>(out),
            2 => self.widen_vectors::<S, 2, PAIRS>(out),
            3 => self.widen_vectors::<S, 3, PAIRS>(out),
            _ => self.widen_vectors::<S, 4, PAIRS>(out),
        }
    }

    /// The steps as whole numbers with their scales and offsets. float8 has none.
    #[inline(always)]
    pub(super) fn integers<S: Simd>(&self, into: &mut IntegerPanel) {
        let Self { kind, bytes, stride, .. } = *self;
        let group = kind.steps_of_group();
        let mut numbers = [0u8; MOST_STEPS * MOST_COLUMNS];
        let (mut scale, mut offset) = ([0f32; MOST_COLUMNS], [0f32; MOST_COLUMNS]);
        let (pairs, mut filled) = (bytes.len() / (kind.bytes() * stride) * kind.numbers() / 2, 0);
        into.filled = pairs * stride;
        let into_numbers = into.numbers.sized(into.filled);
        for block in bytes.chunks_exact(kind.bytes() * stride) {
            for index in 0..kind.numbers() / group {
                kind.scales(block, stride, index, &mut scale[..stride], &mut offset[..stride]);
                kind.numbers_of(block, stride, index, &mut numbers[..group * stride]);
                into.scales.extend_from_slice(&scale[..stride]);
                into.offsets.extend_from_slice(&offset[..stride]);
                let both = numbers[..group * stride].chunks_exact(2 * stride);
                for (both, to) in both.zip(into_numbers[filled..].chunks_exact_mut(stride)) {
                    let (first, second) = both.split_at(stride);
                    for lane in (0..stride).step_by(S::LANES) {
                        let (first, second, to) = (&first[lane..], &second[lane..], &mut to[lane..]);
                        assert!(first.len().min(second.len()).min(to.len()) >= S::LANES, "whole vectors");
                        // SAFETY: each has a vector's worth.
                        unsafe { S::store(to.as_mut_ptr(), S::integer_pairs_of(first.as_ptr(), second.as_ptr())) };
                    }
                }
                filled += group / 2 * stride;
            }
        }
    }

    #[inline(always)]
    fn widen_vectors<S: Simd, const N: usize, const PAIRS: bool>(&self, out: &mut [f32]) {
        let Self { kind, bytes, scales, stride, channels } = *self;
        if kind == BlockKind::F8E4M3 {
            let mut wide = [0f32; MOST_STEPS * MOST_COLUMNS];
            for (part, bytes) in bytes.chunks(MOST_STEPS * stride).enumerate() {
                let steps = bytes.len() / stride;
                widen_float8(bytes, &mut wide[..bytes.len()]);
                if steps % 2 == 1 {
                    // What an odd last step is paired with.
                    wide[bytes.len()..bytes.len() + stride].fill(0.0);
                }
                // SAFETY: whole vectors of `scales` and of each step, and of one more where there is an odd one.
                unsafe {
                    let values = Scaled::<S, N>::new(&wide, scales, stride);
                    store_at::<S, N, PAIRS>(&values, (part * MOST_STEPS, steps), channels, out);
                }
            }
            return;
        }
        let group = kind.steps_of_group();
        let mut numbers = [0u8; MOST_STEPS * MOST_COLUMNS];
        let (mut scale, mut offset) = ([0f32; MOST_COLUMNS], [0f32; MOST_COLUMNS]);
        for (block, bytes) in bytes.chunks_exact(kind.bytes() * stride).enumerate() {
            for index in 0..kind.numbers() / group {
                kind.scales(bytes, stride, index, &mut scale[..stride], &mut offset[..stride]);
                kind.numbers_of(bytes, stride, index, &mut numbers[..group * stride]);
                // SAFETY: whole vectors of scales and offsets, and of each step of the group.
                unsafe {
                    let values = Quantised::<S, N>::new(&numbers, &scale, &offset, stride);
                    let first = block * kind.numbers() + index * group;
                    store_at::<S, N, PAIRS>(&values, (first, group), channels, out);
                }
            }
        }
    }
}

/// A step's values, vector by vector.
trait Steps<S: Simd> {
    /// # Safety
    /// As [`Simd`]; there are so many steps and vectors.
    unsafe fn value(&self, step: usize, vector: usize) -> S::V;
}

/// Whole numbers times a scale, and an offset: the product is exact in single precision for every kind, so that
/// `mul_add` gives what a product and a sum do.
struct Quantised<'a, S: Simd, const N: usize> {
    numbers: &'a [u8],
    scale: [S::V; N],
    offset: [S::V; N],
    stride: usize,
}

impl<'a, S: Simd, const N: usize> Quantised<'a, S, N> {
    /// # Safety
    /// As [`Simd`].
    #[inline(always)]
    unsafe fn new(numbers: &'a [u8], scale: &[f32; MOST_COLUMNS], offset: &[f32; MOST_COLUMNS], stride: usize) -> Self {
        // SAFETY: both hold the columns of the widest panel.
        let vectors = |from: &[f32; MOST_COLUMNS]| unsafe { vectors_of::<S, N>(from) };
        Self { numbers, scale: vectors(scale), offset: vectors(offset), stride }
    }
}

impl<S: Simd, const N: usize> Steps<S> for Quantised<'_, S, N> {
    #[inline(always)]
    unsafe fn value(&self, step: usize, vector: usize) -> S::V {
        // SAFETY: the caller's.
        unsafe {
            let number = S::load_bytes(self.numbers.as_ptr().add(step * self.stride + vector * S::LANES));
            S::mul_add(number, self.scale[vector], self.offset[vector])
        }
    }
}

/// Values times a scale.
struct Scaled<'a, S: Simd, const N: usize> {
    values: &'a [f32],
    scale: [S::V; N],
    stride: usize,
}

impl<'a, S: Simd, const N: usize> Scaled<'a, S, N> {
    /// # Safety
    /// As [`Simd`]; `scales` holds a panel's lanes.
    #[inline(always)]
    unsafe fn new(values: &'a [f32], scales: &[f32], stride: usize) -> Self {
        // SAFETY: the caller's.
        Self { values, scale: unsafe { vectors_of::<S, N>(scales) }, stride }
    }
}

impl<S: Simd, const N: usize> Steps<S> for Scaled<'_, S, N> {
    #[inline(always)]
    unsafe fn value(&self, step: usize, vector: usize) -> S::V {
        // SAFETY: the caller's.
        unsafe {
            let value = S::load(self.values.as_ptr().add(step * self.stride + vector * S::LANES));
            S::mul(value, self.scale[vector])
        }
    }
}

/// # Safety
/// As [`Simd`].
#[inline(always)]
unsafe fn vectors_of<S: Simd, const N: usize>(from: &[f32]) -> [S::V; N] {
    assert!(from.len() >= N * S::LANES, "a panel's scales are as many as its lanes");
    // SAFETY: held against the length above.
    unsafe {
        let mut vectors = [S::splat(0.0); N];
        for (index, vector) in vectors.iter_mut().enumerate() {
            *vector = S::load(from.as_ptr().add(index * S::LANES));
        }
        vectors
    }
}

/// Steps from `first` on, an even one where they become pairs, to their places in `out`.
///
/// # Safety
/// As [`store`].
#[inline(always)]
unsafe fn store_at<S: Simd, const N: usize, const PAIRS: bool>(
    steps: &impl Steps<S>,
    (first, count): (usize, usize),
    channels: Option<usize>,
    out: &mut [f32],
) {
    let place = first * N * S::LANES / (1 + usize::from(PAIRS));
    // SAFETY: the caller's.
    unsafe {
        match channels {
            None => store::<S, N, PAIRS>(steps, count, &mut out[place..]),
            Some(channels) => store_taps::<S, N, PAIRS>(steps, (first, count), channels, out),
        }
    }
}

/// Steps that are the taps of channels, to where each tap's channels stand together, so many at a time.
///
/// # Safety
/// As [`Simd`]; there are so many steps.
#[inline(always)]
unsafe fn store_taps<S: Simd, const N: usize, const PAIRS: bool>(
    steps: &impl Steps<S>,
    (first, count): (usize, usize),
    channels: usize,
    out: &mut [f32],
) {
    let (stride, together) = (N * S::LANES, TAPS * channels);
    let halved = 1 + usize::from(PAIRS);
    let end = (first + count).next_multiple_of(together);
    assert!(channels.is_multiple_of(2) && out.len() >= end * stride / halved, "the steps of a panel have room");
    let (mut start, mut channel, mut tap) =
        (first / together * together, first % together / TAPS, first % together % TAPS);
    for step in 0..count {
        let place = start + tap * channels + channel;
        for vector in 0..N {
            // SAFETY: the caller's steps, and places before `end`, which `out` was held against.
            unsafe {
                let to = out.as_mut_ptr().add(place / halved * stride + vector * S::LANES);
                let value = steps.value(step, vector);
                // A pair's first waits for its second, nine steps later.
                S::store(to, if PAIRS && place % 2 == 1 { S::pairs_of(S::load(to), value) } else { value });
            }
        }
        tap += 1;
        if tap == TAPS {
            (channel, tap) = (channel + 1, 0);
        }
        if channel == channels {
            (start, channel) = (start + together, 0);
        }
    }
}

/// # Safety
/// As [`Simd`]; there are so many steps, and one more of any value where they are odd and become pairs.
#[inline(always)]
unsafe fn store<S: Simd, const N: usize, const PAIRS: bool>(steps: &impl Steps<S>, count: usize, out: &mut [f32]) {
    let stride = N * S::LANES;
    let written = if PAIRS { count.div_ceil(2) } else { count };
    assert!(out.len() >= written * stride, "the steps of a panel have room");
    let to = out.as_mut_ptr();
    for step in 0..written {
        for vector in 0..N {
            // SAFETY: the caller's steps, and `out` as held against them above.
            unsafe {
                let value = if PAIRS {
                    S::pairs_of(steps.value(2 * step, vector), steps.value(2 * step + 1, vector))
                } else {
                    steps.value(step, vector)
                };
                S::store(to.add(step * stride + vector * S::LANES), value);
            }
        }
    }
}
