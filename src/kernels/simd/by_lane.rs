//! What an instruction set's own instructions do, lane by lane where it has none: right, and slow.

use super::{MAX_LANES, Simd, pair};

/// What is made of the bits of each lane, one after the other.
///
/// # Safety
/// As [`Simd`].
#[inline(always)]
unsafe fn by_lane<S: Simd, const COUNT: usize>(vectors: [S::V; COUNT], of: impl Fn([i32; COUNT]) -> i32) -> S::V {
    let mut lanes = [[0f32; MAX_LANES]; COUNT];
    // SAFETY: `lanes` holds full vectors.
    unsafe {
        for (lanes, vector) in lanes.iter_mut().zip(vectors) {
            S::store(lanes.as_mut_ptr(), vector);
        }
        let mut made = [0f32; MAX_LANES];
        for (lane, made) in made.iter_mut().enumerate() {
            let bits = std::array::from_fn(|vector: usize| lanes[vector][lane].to_bits().cast_signed());
            *made = f32::from_bits(of(bits).cast_unsigned());
        }
        S::load(made.as_ptr())
    }
}

/// [`Simd::add_integer_pairs`] where no instruction does it: right, and slow.
///
/// # Safety
/// As [`Simd`].
#[inline(always)]
pub(super) unsafe fn add_integer_pairs_by_lane<S: Simd>(a: S::V, b: S::V, sums: S::V) -> S::V {
    // SAFETY: the caller's.
    unsafe { by_lane::<S, 3>([a, b, sums], |[a, b, sum]| sum + low(a) * low(b) + (a >> 16) * (b >> 16)) }
}

/// The lower of two whole numbers of 16 bits.
#[inline(always)]
fn low(pair: i32) -> i32 {
    i32::from(pair as i16)
}

/// [`Simd::add_pairs`] where no instruction does it: right, and slow.
///
/// # Safety
/// As [`Simd`].
#[inline(always)]
pub(super) unsafe fn add_pairs_by_lane<S: Simd>(a: S::V, b: S::V, sums: S::V) -> S::V {
    let mut lanes = [[0f32; MAX_LANES]; 3];
    // SAFETY: `lanes` holds full vectors.
    unsafe {
        for (lanes, vector) in lanes.iter_mut().zip([a, b, sums]) {
            S::store(lanes.as_mut_ptr(), vector);
        }
        let [a, b, mut sums] = lanes;
        for (sum, (a, b)) in sums.iter_mut().zip(a.into_iter().zip(b)) {
            for shift in [16, 0] {
                let half = |pair: f32| f32::from_bits((pair.to_bits() << shift) & 0xffff_0000);
                *sum += half(a) * half(b);
            }
        }
        S::load(sums.as_ptr())
    }
}

/// [`Simd::pairs_of`] where no instruction does it.
///
/// # Safety
/// As [`Simd`].
#[inline(always)]
pub(super) unsafe fn pairs_of_by_lane<S: Simd>(first: S::V, second: S::V) -> S::V {
    let (mut lanes, mut others) = ([0f32; MAX_LANES], [0f32; MAX_LANES]);
    // SAFETY: both hold full vectors.
    unsafe {
        S::store(lanes.as_mut_ptr(), first);
        S::store(others.as_mut_ptr(), second);
        lanes.iter_mut().zip(others).for_each(|(first, second)| *first = pair(*first, second));
        S::load(lanes.as_ptr())
    }
}

/// [`Simd::load_pairs`] where no instruction does it.
///
/// # Safety
/// As [`Simd`].
#[inline(always)]
pub(super) unsafe fn load_pairs_by_lane<S: Simd>(from: *const f32) -> S::V {
    let mut lanes = [0f32; MAX_LANES];
    // SAFETY: the caller's floats, and `lanes` holds a full vector.
    unsafe {
        for (lane, pairs) in lanes.iter_mut().enumerate().take(S::LANES) {
            *pairs = pair(*from.add(2 * lane), *from.add(2 * lane + 1));
        }
        S::load(lanes.as_ptr())
    }
}

/// [`Simd::integer_pairs_of`] where no instruction does it.
///
/// # Safety
/// As [`Simd`].
#[inline(always)]
pub(super) unsafe fn integer_pairs_by_lane<S: Simd>(first: *const u8, second: *const u8) -> S::V {
    let mut lanes = [0f32; MAX_LANES];
    // SAFETY: the caller's bytes, and `lanes` holds a full vector.
    unsafe {
        for (lane, pair) in lanes.iter_mut().enumerate().take(S::LANES) {
            *pair = f32::from_bits(u32::from(*first.add(lane)) | (u32::from(*second.add(lane)) << 16));
        }
        S::load(lanes.as_ptr())
    }
}

/// [`Simd::floats_of`] where no instruction does it.
///
/// # Safety
/// As [`Simd`].
#[inline(always)]
pub(super) unsafe fn floats_by_lane<S: Simd>(integers: S::V) -> S::V {
    // SAFETY: the caller's.
    unsafe { by_lane::<S, 1>([integers], |[value]| (value as f32).to_bits().cast_signed()) }
}
