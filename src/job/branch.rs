//! A picture that goes on from another one's step, with other words, guidance, mask or sampler.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::StepState;

/// Where another picture's way is left.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Branch {
    /// Behind this step of the other picture, from 1; its last one is decoded once more, and nothing else.
    pub step: u32,
    /// Of so many.
    pub steps: u32,
    /// Whether the decoder works in single precision, whatever the weights are kept in.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub decodes_in_single: bool,
    /// What it goes on from. Not written with the settings: without it the picture is begun anew.
    #[serde(skip)]
    pub state: Option<Arc<StepState>>,
}

impl Branch {
    /// Whether nothing is drawn, only decoded.
    #[must_use]
    pub fn is_decoding(&self) -> bool {
        self.step >= self.steps
    }
}
