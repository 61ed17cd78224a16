//! Arithmetic that a network asks for, by kind, and how fast a machine does each kind: together, seconds.

use serde::{Deserialize, Serialize};

/// In billions: of operations, or of values where a kind only passes over them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Work {
    /// 3×3 convolutions, done directly.
    pub convolution: f64,
    /// The same by Winograd's transform, counted as the direct way does them.
    pub transformed: f64,
    /// Linear layers and 1×1 convolutions.
    pub product: f64,
    /// Multiplications, as all of these.
    pub attention: f64,
    /// Values that norms, activations, additions and copies write.
    pub values: f64,
}

impl Work {
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            convolution: self.convolution + other.convolution,
            transformed: self.transformed + other.transformed,
            product: self.product + other.product,
            attention: self.attention + other.attention,
            values: self.values + other.values,
        }
    }

    /// So many times of it.
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        Self {
            convolution: self.convolution * factor,
            transformed: self.transformed * factor,
            product: self.product * factor,
            attention: self.attention * factor,
            values: self.values * factor,
        }
    }

    /// What is left without `other`.
    #[must_use]
    pub fn less(self, other: Self) -> Self {
        self.plus(other.times(-1.0))
    }
}

/// What a machine does in a second of each kind of [`Work`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Speed {
    pub convolution: f64,
    pub transformed: f64,
    pub product: f64,
    pub attention: f64,
    pub values: f64,
}

impl Speed {
    #[must_use]
    pub(crate) fn seconds(&self, work: Work) -> f64 {
        work.convolution / self.convolution
            + work.transformed / self.transformed
            + work.product / self.product
            + work.attention / self.attention
            + work.values / self.values
    }
}
