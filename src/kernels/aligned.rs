//! Numbers that begin where a cache line does: the allocator leaves a large block 16 bytes behind that, and each of its
//! vectors then lies across two lines, which is two reads.

use std::ops::{Deref, DerefMut};

use super::ahead::LINE_BYTES;
use super::pages::Element;

/// A block of numbers, aligned where it was made here.
#[derive(Debug)]
pub(super) struct Aligned<T> {
    values: Vec<T>,
    start: usize,
    length: usize,
}

impl<T: Element> Aligned<T> {
    pub(super) fn zeros(length: usize) -> Self {
        let spare = LINE_BYTES / size_of::<T>();
        let values = T::zeros(length + spare);
        // An interpreter may refuse to say where a line begins.
        let start = values.as_ptr().align_offset(LINE_BYTES).min(spare);
        Self { values, start, length }
    }

    /// So many numbers, of which whatever was there before may be left: whoever takes them writes all of them.
    pub(super) fn sized(&mut self, length: usize) -> &mut [T] {
        if self.length < length {
            *self = Self::zeros(length);
        }
        &mut self[..length]
    }
}

impl<T> Default for Aligned<T> {
    fn default() -> Self {
        Self::from(Vec::new())
    }
}

/// As they are.
impl<T> From<Vec<T>> for Aligned<T> {
    fn from(values: Vec<T>) -> Self {
        Self { length: values.len(), values, start: 0 }
    }
}

impl<T> Deref for Aligned<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.values[self.start..][..self.length]
    }
}

impl<T> DerefMut for Aligned<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.values[self.start..][..self.length]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_begin_with_a_line_and_keep_their_place_when_fewer_are_asked_for() {
        for length in [0, 1, 1000, 1 << 20] {
            let mut values: Aligned<f32> = Aligned::zeros(length);
            assert_eq!(values.len(), length);
            assert!(values.iter().all(|value| *value == 0.0));
            assert!(cfg!(miri) || values.as_ptr().addr().is_multiple_of(LINE_BYTES));
            let place = values.as_ptr();
            assert_eq!(values.sized(length / 2).as_ptr(), place);
            let larger = values.sized(length + 1);
            assert_eq!(larger.len(), length + 1);
            assert!(cfg!(miri) || larger.as_ptr().addr().is_multiple_of(LINE_BYTES));
        }
    }
}
