//! What a search of the gallery gives: which pictures, in few bytes, however many they are.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};
use std::path::Path;

use crate::store::pictures::picture_key::key_of;

/// Pictures that were found, by the hashes of their paths.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found(HashSet<i64, BuildHasherDefault<AsItIs>>);

impl Found {
    #[must_use]
    pub fn contains(&self, key: i64) -> bool {
        self.0.contains(&key)
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn add(&mut self, key: i64) {
        self.0.insert(key);
    }
}

impl<'a> FromIterator<&'a Path> for Found {
    fn from_iter<T: IntoIterator<Item = &'a Path>>(paths: T) -> Self {
        Self(paths.into_iter().map(key_of).collect())
    }
}

/// A key is a hash already.
#[derive(Clone, Copy, Debug, Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_i64(&mut self, key: i64) {
        self.0 = key.cast_unsigned();
    }
}

/// What the gallery's filters offer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facets {
    /// Names as they are searched for.
    pub models: Vec<String>,
    /// "512x768".
    pub sizes: Vec<String>,
}
