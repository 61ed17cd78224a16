//! Seeds that nobody chose.

use std::hash::BuildHasher;

/// Another one each time, short enough to be read aloud (32 bits, as in the field's other programs).
#[must_use]
pub(crate) fn fresh_seed() -> u64 {
    // The standard library seeds its hash maps from the system's randomness.
    std::collections::hash_map::RandomState::new().hash_one(std::time::SystemTime::now()) & 0xFFFF_FFFF
}
