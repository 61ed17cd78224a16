//! Vector units: what a kernel may ask of one, which of them this machine has, and how a kernel is run on one.
//!
//! A kernel is written once, generic over [`Simd`], and compiled for each instruction set.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod by_lane;
#[cfg(target_arch = "aarch64")]
mod neon;
mod portable;

use std::fmt;
use std::sync::OnceLock;

use self::by_lane::{
    add_integer_pairs_by_lane, add_pairs_by_lane, floats_by_lane, integer_pairs_by_lane, load_pairs_by_lane,
    pairs_of_by_lane,
};

/// Chooses the instruction set, for tests and comparisons; an unknown or missing one is reported and ignored.
pub const VARIABLE: &str = "INKWICK_SIMD";

/// The most lanes that any instruction set has.
pub(crate) const MAX_LANES: usize = 16;

/// An instruction set that this machine has: only those can be made, so that running one is sound.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Level(Isa);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Isa {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "x86_64")]
    Avx512Bf16,
    #[cfg(target_arch = "aarch64")]
    Neon,
}

impl Level {
    /// All that this machine has, the best first.
    #[must_use]
    pub fn available() -> Vec<Self> {
        let mut levels = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("fma") {
                // Every processor that has the first has the others.
                let wanted = is_x86_feature_detected!("avx512bf16") && is_x86_feature_detected!("avx512bw");
                if wanted && is_x86_feature_detected!("avx512vnni") {
                    levels.push(Self(Isa::Avx512Bf16));
                }
                levels.push(Self(Isa::Avx512));
            }
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                levels.push(Self(Isa::Avx2));
            }
        }
        #[cfg(target_arch = "aarch64")]
        if std::arch::is_aarch64_feature_detected!("neon") {
            levels.push(Self(Isa::Neon));
        }
        levels.push(Self(Isa::Portable));
        levels
    }

    /// The one that this run uses, chosen once: the best, or what the environment asks for.
    #[must_use]
    pub fn current() -> Self {
        static CHOSEN: OnceLock<Level> = OnceLock::new();
        *CHOSEN.get_or_init(|| {
            let available = Self::available();
            let Ok(wanted) = std::env::var(VARIABLE) else { return available[0] };
            available.iter().copied().find(|level| level.name() == wanted).unwrap_or_else(|| {
                let names: Vec<&str> = available.iter().map(|level| level.name()).collect();
                tracing::warn!(
                    "{VARIABLE} is {wanted:?} and this machine has {}: using {}",
                    names.join(", "),
                    names[0]
                );
                available[0]
            })
        })
    }

    /// As the environment variable and the reports name it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self.0 {
            Isa::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => "avx2",
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => "avx512",
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512Bf16 => "avx512-bf16",
            #[cfg(target_arch = "aarch64")]
            Isa::Neon => "neon",
        }
    }

    /// Whether the processor multiplies pairs of bfloat16 by itself.
    #[must_use]
    pub fn has_bf16_products(self) -> bool {
        self.run(HasPairs)
    }

    /// Whether the processor multiplies pairs of whole numbers of 16 bits and adds them up by itself: twice as many as of
    /// single precision at once.
    #[must_use]
    pub fn has_integer_products(self) -> bool {
        self.run_integers(HasIntegers)
    }

    /// Floats in one vector.
    #[must_use]
    pub fn lanes(self) -> usize {
        self.run(Shape).0
    }

    /// Columns of a packed panel: what one step of a product computes side by side.
    #[must_use]
    pub fn panel_width(self) -> usize {
        let (lanes, vectors) = self.run(Shape);
        lanes * vectors
    }

    /// Runs `kernel` with this instruction set.
    pub fn run<K: Kernel>(self, kernel: K) -> K::Output {
        match self.0 {
            Isa::Portable => kernel.run::<portable::Portable>(),
            // SAFETY: a level is only made for instruction sets that were detected on this machine.
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => unsafe { avx2::run(kernel) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => unsafe { avx512::run(kernel) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512Bf16 => unsafe { avx512::run_with_bf16(kernel) },
            // SAFETY: as above.
            #[cfg(target_arch = "aarch64")]
            Isa::Neon => unsafe { neon::run(kernel) },
        }
    }
}

impl Level {
    /// The same of a kernel whose products are of whole numbers: with the instructions for these where the machine has them.
    pub fn run_integers<K: Kernel>(self, kernel: K) -> K::Output {
        match self.0 {
            // SAFETY: detected here and when the level was made.
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 if is_x86_feature_detected!("avxvnni") => unsafe { avx2::run_with_integers(kernel) },
            _ => self.run(kernel),
        }
    }
}

impl fmt::Debug for Level {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

struct Shape;

impl Kernel for Shape {
    type Output = (usize, usize);

    #[inline(always)]
    fn run<S: Simd>(self) -> Self::Output {
        (S::LANES, S::PANEL_VECTORS)
    }
}

struct HasPairs;

impl Kernel for HasPairs {
    type Output = bool;

    #[inline(always)]
    fn run<S: Simd>(self) -> bool {
        S::MULTIPLIES_PAIRS
    }
}

struct HasIntegers;

impl Kernel for HasIntegers {
    type Output = bool;

    #[inline(always)]
    fn run<S: Simd>(self) -> bool {
        S::MULTIPLIES_INTEGERS
    }
}

/// A piece of work that can run on any instruction set. Implementations must be `#[inline(always)]`, so that they are
/// compiled for the set that they run on.
pub trait Kernel {
    type Output;

    fn run<S: Simd>(self) -> Self::Output;
}

/// One instruction set's vectors of `f32`.
///
/// # Safety
/// Every method needs the instruction set: they are called inside [`Kernel::run`] only. Pointers must be valid for as
/// many floats as are read or written; no alignment is needed.
pub trait Simd: Copy {
    const LANES: usize;
    /// Vectors in a packed panel's row; even, so that a gated product finds both halves in one panel.
    const PANEL_VECTORS: usize;
    /// Whether `add_pairs` is one instruction.
    const MULTIPLIES_PAIRS: bool = false;
    /// Whether `add_integer_pairs` is one instruction.
    const MULTIPLIES_INTEGERS: bool = false;
    type V: Copy;

    unsafe fn load(from: *const f32) -> Self::V;
    unsafe fn store(to: *mut f32, v: Self::V);
    /// The line at `from` comes nearer, where the processor is to be told. Nothing is read: it may point anywhere.
    unsafe fn fetch(_from: *const u8) {}
    unsafe fn splat(x: f32) -> Self::V;
    unsafe fn add(a: Self::V, b: Self::V) -> Self::V;
    unsafe fn sub(a: Self::V, b: Self::V) -> Self::V;
    unsafe fn mul(a: Self::V, b: Self::V) -> Self::V;
    unsafe fn div(a: Self::V, b: Self::V) -> Self::V;
    /// `a · b + c`
    unsafe fn mul_add(a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// Gives `b` where either is NaN.
    unsafe fn max(a: Self::V, b: Self::V) -> Self::V;
    /// Gives `b` where either is NaN.
    unsafe fn min(a: Self::V, b: Self::V) -> Self::V;
    unsafe fn abs(a: Self::V) -> Self::V;
    /// `magnitude` (at least 0) with the sign of `sign`.
    unsafe fn with_sign(magnitude: Self::V, sign: Self::V) -> Self::V;
    /// 2ⁿ, where `shifted` is n + 1.5·2²³, so that n stands in its lowest bits.
    unsafe fn power_of_two(shifted: Self::V) -> Self::V;

    /// `sums + a₀·b₀ + a₁·b₁`, where each lane of `a` and `b` is the bits of two bfloat16, the first in the lower half.
    #[inline(always)]
    unsafe fn add_pairs(a: Self::V, b: Self::V, sums: Self::V) -> Self::V {
        // SAFETY: the caller's.
        unsafe { add_pairs_by_lane::<Self>(a, b, sums) }
    }

    /// The same of whole numbers: each lane of `a` and `b` is the bits of two of 16 bits with a sign, each of `sums` of one
    /// of 32.
    #[inline(always)]
    unsafe fn add_integer_pairs(a: Self::V, b: Self::V, sums: Self::V) -> Self::V {
        // SAFETY: the caller's.
        unsafe { add_integer_pairs_by_lane::<Self>(a, b, sums) }
    }

    /// So many bytes of each as a vector has lanes, brought together lane by lane as whole numbers of 16 bits.
    #[inline(always)]
    unsafe fn integer_pairs_of(first: *const u8, second: *const u8) -> Self::V {
        // SAFETY: the caller's.
        unsafe { integer_pairs_by_lane::<Self>(first, second) }
    }

    /// Lanes that are the bits of whole numbers of 32 bits, as numbers.
    #[inline(always)]
    unsafe fn floats_of(integers: Self::V) -> Self::V {
        // SAFETY: the caller's.
        unsafe { floats_by_lane::<Self>(integers) }
    }

    /// Two vectors' worth of floats, rounded to bfloat16 and brought together two by two.
    #[inline(always)]
    unsafe fn load_pairs(from: *const f32) -> Self::V {
        // SAFETY: the caller's.
        unsafe { load_pairs_by_lane::<Self>(from) }
    }

    /// So many bytes as a vector has lanes, each as the number that it is without a sign.
    unsafe fn load_bytes(from: *const u8) -> Self::V;

    /// Two vectors rounded to bfloat16 and brought together lane by lane, the first in the lower half.
    #[inline(always)]
    unsafe fn pairs_of(first: Self::V, second: Self::V) -> Self::V {
        // SAFETY: the caller's.
        unsafe { pairs_of_by_lane::<Self>(first, second) }
    }

    /// The first `count` of a vector; the others are zero.
    #[inline(always)]
    unsafe fn load_some(from: *const f32, count: usize) -> Self::V {
        // SAFETY: the caller's floats, or a full vector's worth of our own.
        unsafe {
            if count >= Self::LANES {
                return Self::load(from);
            }
            let mut lanes = [0f32; MAX_LANES];
            std::ptr::copy_nonoverlapping(from, lanes.as_mut_ptr(), count);
            Self::load(lanes.as_ptr())
        }
    }

    /// Writes the first `count` of a vector.
    #[inline(always)]
    unsafe fn store_some(to: *mut f32, v: Self::V, count: usize) {
        // SAFETY: the caller's floats, or a full vector's worth of our own.
        unsafe {
            if count >= Self::LANES {
                Self::store(to, v);
                return;
            }
            let mut lanes = [0f32; MAX_LANES];
            Self::store(lanes.as_mut_ptr(), v);
            std::ptr::copy_nonoverlapping(lanes.as_ptr(), to, count);
        }
    }

    /// The lanes' sum.
    #[inline(always)]
    unsafe fn sum(v: Self::V) -> f32 {
        // SAFETY: the caller's.
        unsafe { fold::<Self>(v, |a, b| a + b) }
    }

    /// The lanes' largest; NaN lanes may count or not.
    #[inline(always)]
    unsafe fn largest(v: Self::V) -> f32 {
        // SAFETY: the caller's.
        unsafe { fold::<Self>(v, |a, b| if a > b { a } else { b }) }
    }
}

/// A vector's lanes brought together, each half with the other.
///
/// # Safety
/// As [`Simd`].
#[inline(always)]
unsafe fn fold<S: Simd>(v: S::V, together: impl Fn(f32, f32) -> f32) -> f32 {
    let mut lanes = [0f32; MAX_LANES];
    // SAFETY: `lanes` holds a full vector.
    unsafe { S::store(lanes.as_mut_ptr(), v) };
    let mut half = S::LANES / 2;
    while half > 0 {
        for lane in 0..half {
            lanes[lane] = together(lanes[lane], lanes[lane + half]);
        }
        half /= 2;
    }
    lanes[0]
}

/// Two numbers rounded to bfloat16 (to the nearest, of two the even), as the bits of one float: the first in its lower
/// half.
#[inline(always)]
pub(crate) fn pair(first: f32, second: f32) -> f32 {
    let rounded = |value: f32| {
        let bits = value.to_bits();
        if value.is_nan() { bits | 0x0040_0000 } else { bits.wrapping_add(0x7fff + ((bits >> 16) & 1)) }
    };
    f32::from_bits((rounded(first) >> 16) | (rounded(second) & 0xffff_0000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_portable_level_is_always_there_and_names_are_unique() {
        let names: Vec<&str> = Level::available().iter().map(|level| level.name()).collect();
        assert_eq!(names.last(), Some(&"portable"));
        assert!(names.iter().all(|name| names.iter().filter(|other| *other == name).count() == 1));
        assert!(Level::available().iter().all(|level| level.panel_width() % (2 * level.lanes()) == 0));
    }
}
