//! A panel's weights as whole numbers, as the products read them: out of quantised blocks, or rounded here.

use super::aligned::Aligned;

/// Steps that share a scale where the weights were rounded here.
pub(super) const GROUP: usize = 32;

/// What the largest of such a group becomes, of a row or of a weight: 32 products of two of them are a sum of 32 bits.
pub(super) const LARGEST_OF_BOTH: f32 = 8191.0;

/// How the steps of quantised weights share their scales, and what their numbers mean.
#[derive(Clone, Copy)]
pub(super) struct Groups {
    pub steps: usize,
    /// The number that means zero, where it is the same for all; else each group of each column has an offset.
    pub middle: Option<u8>,
    /// What the largest of a group of a row's numbers becomes: as large as sums of 32 bits allow.
    pub largest: f32,
}

impl Groups {
    /// Of weights that were rounded here, as rows are.
    pub(super) const OF_BOTH: Self = Self { steps: GROUP, middle: Some(0), largest: LARGEST_OF_BOTH };

    /// Of weights that are whole numbers of at most 8 bits.
    pub(super) fn of_bytes(steps: usize, middle: Option<u8>) -> Self {
        Self { steps, middle, largest: 32767.0 }
    }
}

/// Some steps of a panel as whole numbers.
#[derive(Clone, Copy)]
pub(super) struct PanelNumbers<'a> {
    /// Two steps' numbers of each lane as one float's bits.
    pub numbers: &'a [f32],
    /// Of each group, lane after lane.
    pub scales: &'a [f32],
    /// The same, where numbers do not mean zero by one of their own.
    pub offsets: &'a [f32],
}

/// Some steps of a panel that are read out of blocks: what [`PanelNumbers`] shows.
#[derive(Default)]
pub(super) struct IntegerPanel {
    pub numbers: Aligned<f32>,
    /// So many of them.
    pub filled: usize,
    pub scales: Vec<f32>,
    pub offsets: Vec<f32>,
}
