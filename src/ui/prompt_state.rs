//! What the prompt panel edits: the next request, with "as the model wants" kept apart from a chosen value.

use super::token_count::TokenCount;
use crate::job::{ModelRef, Request};
use crate::sampling::SchedulerName;

/// The panel's fields. Most are edited in place by `prompt_panel`.
#[derive(Clone, Debug, PartialEq)]
pub struct PromptPanelState {
    pub prompt: String,
    pub negative: String,
    pub negative_open: bool,
    pub model: ModelRef,
    /// Of a new picture, in pixels; a picture on the canvas gives its own.
    pub size_px: [u32; 2],
    /// What stands in the seed field; empty is random.
    pub seed_text: String,
    /// The seed of the last picture, for "lock".
    pub last_seed: Option<u64>,
    pub picture_count: u32,
    /// 0 to 1: how much of the canvas's picture is made anew.
    pub strength: f64,
    pub sampling_open: bool,
    /// `None` is the model's own.
    pub scheduler: Option<SchedulerName>,
    pub steps: u32,
    /// `None` is the model's own.
    pub guidance: Option<f64>,
    /// Of the prompt, once counted.
    pub tokens: Option<TokenCount>,
    /// Asks the next frame to put the cursor into the prompt.
    pub wants_focus: bool,
}

impl PromptPanelState {
    pub const DEFAULT_STRENGTH: f64 = 0.75;
    pub const MAX_PICTURES: u32 = 16;

    /// The seed that stands in the field, `None` when it shall be random.
    #[must_use]
    pub fn fixed_seed(&self) -> Option<u64> {
        self.seed_text.trim().parse().ok()
    }
}

impl Default for PromptPanelState {
    fn default() -> Self {
        Self {
            prompt: String::new(),
            negative: String::new(),
            negative_open: false,
            model: ModelRef::BuiltIn,
            size_px: [256, 256],
            seed_text: String::new(),
            last_seed: None,
            picture_count: 1,
            strength: Self::DEFAULT_STRENGTH,
            sampling_open: false,
            scheduler: None,
            steps: Request::DEFAULT_STEPS,
            guidance: None,
            tokens: None,
            wants_focus: true,
        }
    }
}
