//! Quantised weights as whole numbers: what `blocks` gives and `integers` multiplies.

/// How the steps of quantised weights share their scales, and what their numbers mean.
#[derive(Clone, Copy)]
pub(super) struct Groups {
    pub steps: usize,
    /// The number that means zero, where it is the same for all; else each group of each column has an offset.
    pub middle: Option<u8>,
}

/// Some steps of a panel.
#[derive(Default)]
pub(super) struct IntegerPanel {
    /// Two steps' numbers of each lane as one float's bits.
    pub numbers: Vec<f32>,
    /// Of each group, lane after lane.
    pub scales: Vec<f32>,
    pub offsets: Vec<f32>,
}
