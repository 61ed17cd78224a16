//! The number that stands for a picture where a hundred thousand are compared: a hash of its path.

use std::path::Path;

use crate::store::fnv::Fnv;

/// Two of a hundred thousand pictures have one number in one of four billion galleries.
#[must_use]
pub fn key_of(path: &Path) -> i64 {
    let mut hash = Fnv::default();
    hash.add(path.as_os_str().as_encoded_bytes());
    hash.value().cast_signed()
}
