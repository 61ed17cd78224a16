//! Arithmetic that a network asks for, by kind, and how fast a machine does each kind: together, seconds.

use serde::{Deserialize, Serialize};

/// In billions: of operations, or of values where a kind only passes over them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Work {
    /// 3×3 convolutions, done directly.
    pub convolution: f64,
    /// The same on pairs of bfloat16.
    pub convolution_in_bf16: f64,
    /// The same by Winograd's transform, counted as the direct way does them.
    pub transformed: f64,
    /// Linear layers and 1×1 convolutions.
    pub product: f64,
    /// The same on pairs of bfloat16.
    pub product_in_bf16: f64,
    /// The same on whole numbers.
    pub product_in_integers: f64,
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
            convolution_in_bf16: self.convolution_in_bf16 + other.convolution_in_bf16,
            transformed: self.transformed + other.transformed,
            product: self.product + other.product,
            product_in_bf16: self.product_in_bf16 + other.product_in_bf16,
            product_in_integers: self.product_in_integers + other.product_in_integers,
            attention: self.attention + other.attention,
            values: self.values + other.values,
        }
    }

    /// So many times of it.
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        Self {
            convolution: self.convolution * factor,
            convolution_in_bf16: self.convolution_in_bf16 * factor,
            transformed: self.transformed * factor,
            product: self.product * factor,
            product_in_bf16: self.product_in_bf16 * factor,
            product_in_integers: self.product_in_integers * factor,
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
    pub convolution_in_bf16: f64,
    pub transformed: f64,
    pub product: f64,
    pub product_in_bf16: f64,
    pub product_in_integers: f64,
    pub attention: f64,
    pub values: f64,
}

impl Speed {
    #[must_use]
    pub(crate) fn seconds(&self, work: Work) -> f64 {
        work.convolution / self.convolution
            + work.convolution_in_bf16 / self.convolution_in_bf16
            + work.transformed / self.transformed
            + work.product / self.product
            + work.product_in_bf16 / self.product_in_bf16
            + work.product_in_integers / self.product_in_integers
            + work.attention / self.attention
            + work.values / self.values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_work_takes_its_own_time() {
        let speed = Speed {
            convolution: 2.0,
            convolution_in_bf16: 4.0,
            transformed: 8.0,
            product: 16.0,
            product_in_bf16: 32.0,
            product_in_integers: 64.0,
            attention: 128.0,
            values: 256.0,
        };
        let none = Work::default();
        let kinds = [
            Work { convolution: 1.0, ..none },
            Work { convolution_in_bf16: 1.0, ..none },
            Work { transformed: 1.0, ..none },
            Work { product: 1.0, ..none },
            Work { product_in_bf16: 1.0, ..none },
            Work { product_in_integers: 1.0, ..none },
            Work { attention: 1.0, ..none },
            Work { values: 1.0, ..none },
        ];
        let seconds = kinds.map(|work| speed.seconds(work));
        let wanted = [1, 2, 3, 4, 5, 6, 7, 8].map(|power| 0.5f64.powi(power));
        let is_near = |found: f64, wanted: f64| (found - wanted).abs() < 1e-12;
        assert!(seconds.iter().zip(wanted).all(|(found, wanted)| is_near(*found, wanted)), "{seconds:?}");
        let all = kinds.into_iter().fold(none, Work::plus);
        assert!(is_near(speed.seconds(all), seconds.iter().sum()));
        assert!(is_near(speed.seconds(all.times(3.0).less(all)), 2.0 * speed.seconds(all)));
    }
}
