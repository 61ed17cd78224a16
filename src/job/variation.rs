//! A picture that is near another: two seeds' noise, mixed.

use serde::{Deserialize, Serialize};

/// Noise of a second seed, mixed into the first noise (slerp).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Variation {
    /// Of this picture; the next of a batch has the next number.
    pub seed: u64,
    /// 0 is the first seed's noise, 1 this one's.
    pub strength: f64,
}
