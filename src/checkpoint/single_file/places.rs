//! Where tensors of ours are in a file, and what their shapes say of a network.

use std::collections::BTreeMap;

/// How a tensor of ours comes out of one of the file's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TensorSlice {
    Whole,
    /// Some of the rows, as `count` of `of` equal parts from `first` on: query, key and value kept in one matrix.
    Rows {
        first: usize,
        count: usize,
        of: usize,
    },
    /// A matrix that the original multiplies from the other side.
    Transposed,
    /// The second half of the rows, then the first: scale and shift that the original has the other way round.
    HalvesSwapped,
}

impl TensorSlice {
    /// One of three equal parts of the rows.
    #[must_use]
    pub const fn third(index: usize) -> Self {
        Self::Rows { first: index, count: 1, of: 3 }
    }

    /// What it takes of as many bytes.
    #[must_use]
    pub(crate) fn share_of(self, bytes: usize) -> usize {
        match self {
            Self::Rows { count, of, .. } => bytes / of.max(1) * count,
            Self::Whole | Self::Transposed | Self::HalvesSwapped => bytes,
        }
    }

    /// What is left of a tensor of this shape.
    #[must_use]
    pub(crate) fn shape_after(self, shape: &[usize]) -> Vec<usize> {
        match (self, shape) {
            (Self::Rows { count, of, .. }, [rows, rest @ ..]) => [&[rows / of.max(1) * count], rest].concat(),
            (Self::Transposed, [rows, columns]) => vec![*columns, *rows],
            _ => shape.to_vec(),
        }
    }
}

/// Where a tensor of ours is in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorSource {
    pub name: String,
    pub cut: TensorSlice,
    /// After the cut.
    pub shape: Vec<usize>,
}

impl TensorSource {
    /// Whether it can be read as a tensor of `shape`: attention in old VAEs is stored as 1×1 convolutions, and a vector may
    /// have lost a side of one on its way. The numbers are the same.
    pub(crate) fn fits(&self, shape: &[usize]) -> bool {
        let found = self.shape.as_slice();
        found == shape
            || shape.strip_prefix(&[1]) == Some(found)
            || (found.len() == 4 && found[2..] == [1, 1] && found[..2] == *shape)
    }
}

/// A network's tensors by diffusers' names.
pub(crate) type NetworkTensors = BTreeMap<String, TensorSource>;

/// How many different numbers follow `prefix`, which are taken to begin at 0.
pub(super) fn count(part: &NetworkTensors, prefix: &str) -> usize {
    let numbers = part
        .range(prefix.to_owned()..)
        .map_while(|(name, _)| name.strip_prefix(prefix))
        .filter_map(|rest| rest.split('.').next()?.parse::<usize>().ok());
    // No network has as many; such a file is reported by the layers that it lacks.
    numbers.max().map_or(0, |last| last.saturating_add(1)).min(1000)
}

pub(super) fn side(part: &NetworkTensors, name: &str, axis: usize) -> Option<usize> {
    part.get(name)?.shape.get(axis).copied()
}
