//! Tensors whose numbers do not lie one after the other: channels-last, transposed, expanded, or a part of another.

/// A tensor's place in its storage, in numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    pub offset: usize,
    pub shape: Vec<usize>,
    pub strides: Vec<usize>,
}

impl Layout {
    /// How many numbers it has; `None` where that is no number of this machine.
    #[must_use]
    pub(crate) fn count(&self) -> Option<usize> {
        self.shape.iter().try_fold(1usize, |product, side| product.checked_mul(*side))
    }

    /// From its first number to behind its last, counted from its offset; 0 where it has none.
    #[must_use]
    pub(crate) fn extent(&self) -> Option<usize> {
        if self.shape.len() != self.strides.len() {
            return None;
        }
        if self.shape.contains(&0) {
            return Some(0);
        }
        let steps = self.shape.iter().zip(&self.strides);
        steps.map(|(side, stride)| (side - 1).checked_mul(*stride)).try_fold(1usize, |sum, step| sum.checked_add(step?))
    }

    /// Row after row, with no gaps.
    #[must_use]
    pub(crate) fn is_plain(&self) -> bool {
        let mut wanted = 1usize;
        self.shape.iter().zip(&self.strides).rev().all(|(side, stride)| {
            let fits = *side <= 1 || *stride == wanted;
            wanted = wanted.saturating_mul(*side);
            fits
        })
    }

    /// The numbers row after row, out of the bytes from the first to behind the last. `size` is of one number.
    #[must_use]
    pub(crate) fn gathered(&self, bytes: &[u8], size: usize) -> Vec<u8> {
        let count = self.count().unwrap_or(0);
        let mut gathered = Vec::with_capacity(count * size);
        let mut index = vec![0usize; self.shape.len()];
        let mut at = 0;
        for _ in 0..count {
            gathered.extend_from_slice(&bytes[at * size..(at + 1) * size]);
            // The last side runs fastest, as on an odometer.
            for axis in (0..index.len()).rev() {
                index[axis] += 1;
                at += self.strides[axis];
                if index[axis] < self.shape[axis] {
                    break;
                }
                at -= self.strides[axis] * index[axis];
                index[axis] = 0;
            }
        }
        gathered
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(shape: &[usize], strides: &[usize]) -> Layout {
        Layout { offset: 0, shape: shape.to_vec(), strides: strides.to_vec() }
    }

    #[test]
    fn numbers_come_out_row_after_row() {
        let transposed = layout(&[3, 2], &[1, 3]);
        assert_eq!((transposed.is_plain(), transposed.extent()), (false, Some(6)));
        assert_eq!(transposed.gathered(&[0, 1, 2, 3, 4, 5], 1), [0, 3, 1, 4, 2, 5]);
        let expanded = layout(&[2, 3], &[0, 1]);
        assert_eq!((expanded.extent(), expanded.gathered(&[7, 8, 9], 1)), (Some(3), vec![7, 8, 9, 7, 8, 9]));
        let channels_last = layout(&[1, 2, 2, 2], &[8, 1, 4, 2]);
        assert_eq!(channels_last.gathered(&[0, 1, 2, 3, 4, 5, 6, 7], 1), [0, 2, 4, 6, 1, 3, 5, 7]);
        assert_eq!(layout(&[], &[]).gathered(&[5, 6], 2), [5, 6]);
        assert_eq!((layout(&[0, 3], &[3, 1]).extent(), layout(&[0, 3], &[3, 1]).gathered(&[], 4).len()), (Some(0), 0));
    }

    #[test]
    fn sides_that_no_machine_has_have_no_extent() {
        assert_eq!(layout(&[usize::MAX, 2], &[2, 1]).extent(), None);
        assert_eq!(layout(&[usize::MAX, usize::MAX], &[1, 1]).extent(), None);
        assert_eq!(layout(&[usize::MAX, usize::MAX], &[1, 1]).count(), None);
        assert_eq!(layout(&[1, 2], &[1]).extent(), None);
    }
}
