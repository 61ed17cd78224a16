//! What the prompt panel edits: the next request, with "as the model wants" kept apart from a chosen value.

use crate::job::{InpaintSettings, Intent, ModelRef, Request, Variation, fresh_seed};
use crate::raster::ResizeMode;
use crate::sampling::{NoiseKind, SchedulerName, SigmaChoice};
use crate::ui::prompt::token_count::TokenCount;

/// The panel's fields. Most are edited in place by the panel's rows.
#[derive(Clone, Debug, PartialEq)]
pub struct PromptPanelState {
    pub prompt: String,
    pub negative: String,
    pub negative_open: bool,
    pub model: ModelRef,
    /// Of a new picture, in pixels; a picture on the canvas gives its own.
    pub size_px: [u32; 2],
    /// Of a repainted picture; `None` is the picture's own.
    pub repaint_size_px: Option<[u32; 2]>,
    /// How the picture meets that, where it has another shape.
    pub resize: ResizeMode,
    /// What stands in the seed field; empty is random.
    pub seed_text: String,
    /// The seed of the last picture, for "lock".
    pub last_seed: Option<u64>,
    pub picture_count: u32,
    /// 0 to 1: how much of the canvas's picture is made anew.
    pub strength: f64,
    pub sampling_open: bool,
    pub fine: FineSampling,
    /// `None` is the model's own.
    pub scheduler: Option<SchedulerName>,
    /// `None` is the model's own.
    pub sigmas: Option<SigmaChoice>,
    pub steps: u32,
    /// `None` is the model's own.
    pub guidance: Option<f64>,
    /// Of the prompt, once counted.
    pub tokens: Option<TokenCount>,
    /// Asks the next frame to put the cursor into the prompt.
    pub wants_focus: bool,
}

/// What few people touch.
#[derive(Clone, Debug, PartialEq)]
pub struct FineSampling {
    /// Whether the section is unfolded.
    pub is_open: bool,
    pub clip_skip: u32,
    pub noise: NoiseKind,
    /// 0 to 1; 0 is none.
    pub variation_strength: f64,
    /// What stands in the field; empty is random.
    pub variation_seed_text: String,
    pub guidance_rescale: f64,
    pub guidance_until: f64,
}

impl Default for FineSampling {
    fn default() -> Self {
        Self::of(&Request::default())
    }
}

impl FineSampling {
    #[must_use]
    pub fn of(request: &Request) -> Self {
        Self {
            is_open: false,
            clip_skip: request.clip_skip.unwrap_or(1),
            noise: request.noise,
            variation_strength: request.variation.map_or(0.0, |variation| variation.strength),
            variation_seed_text: request.variation.map(|variation| variation.seed.to_string()).unwrap_or_default(),
            guidance_rescale: request.guidance_rescale,
            guidance_until: request.guidance_until,
        }
    }

    /// Writes itself into a request; a second seed that nobody chose is drawn now.
    pub fn fill(&self, request: &mut Request) {
        request.clip_skip = (self.clip_skip > 1).then_some(self.clip_skip);
        request.noise = self.noise;
        request.variation = (self.variation_strength > 0.0).then(|| Variation {
            seed: self.variation_seed_text.parse().unwrap_or_else(|_| fresh_seed()),
            strength: self.variation_strength,
        });
        request.guidance_rescale = self.guidance_rescale;
        request.guidance_until = self.guidance_until;
    }

    /// What is not as usual, for the folded heading.
    #[must_use]
    pub fn summary(&self) -> String {
        let usual = Self::default();
        let changed = [
            (self.variation_strength > 0.0, "variation"),
            (self.guidance_rescale > 0.0, "CFG rescale"),
            (self.guidance_until < 1.0, "CFG until"),
            (self.clip_skip != usual.clip_skip, "clip skip"),
            (self.noise != usual.noise, "NVIDIA RNG"),
        ];
        changed.into_iter().filter(|(is_changed, _)| *is_changed).map(|(_, name)| name).collect::<Vec<_>>().join(", ")
    }
}

impl PromptPanelState {
    pub const DEFAULT_STRENGTH: f64 = 0.75;
    pub const MAX_PICTURES: u32 = 16;

    /// Leaves what a seed is made of in a field. As elsewhere, -1 is a random one.
    pub fn keep_seed(text: &mut String) {
        let is_random = text.trim_start().starts_with('-');
        text.retain(|letter| letter.is_ascii_digit() || (is_random && letter == '-'));
    }

    /// The seed that stands in the field, `None` when it shall be random.
    #[must_use]
    pub fn fixed_seed(&self) -> Option<u64> {
        self.seed_text.trim().parse().ok()
    }
}

impl Default for PromptPanelState {
    fn default() -> Self {
        Self {
            repaint_size_px: None,
            // What most programs offer first: nothing of the picture is pulled out of shape.
            resize: ResizeMode::Crop,
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
            fine: FineSampling::default(),
            scheduler: None,
            sigmas: None,
            steps: Request::DEFAULT_STEPS,
            guidance: None,
            tokens: None,
            wants_focus: true,
        }
    }
}

/// The panel's fields for Fill.
#[derive(Clone, Debug, PartialEq)]
pub struct InpaintPanel {
    pub settings: InpaintSettings,
    /// 0 to 1: how much of what is masked is made anew.
    pub strength: f64,
    pub is_open: bool,
}

impl InpaintPanel {
    pub const DEFAULT_STRENGTH: f64 = 1.0;

    /// Takes everything that an intent sets.
    pub fn choose(&mut self, intent: Intent) {
        let preset = intent.preset();
        self.settings = preset.settings;
        self.strength = preset.strength;
    }

    /// The intent whose settings these are, if nothing was changed since.
    #[must_use]
    pub fn intent(&self) -> Option<Intent> {
        Intent::ALL.into_iter().find(|intent| {
            let preset = intent.preset();
            preset.settings == self.settings && (preset.strength - self.strength).abs() < 1e-9
        })
    }

    /// Whether nothing can be drawn without a prompt.
    #[must_use]
    pub fn needs_words(&self) -> bool {
        self.intent().is_none_or(|intent| intent.preset().needs_prompt)
    }
}

impl Default for InpaintPanel {
    fn default() -> Self {
        let preset = Intent::Fill.preset();
        Self { settings: preset.settings, strength: preset.strength, is_open: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_of_minus_one_is_random() {
        for (written, kept, seed) in
            [("-1", "-1", None), ("12a", "12", Some(12)), ("", "", None), ("1-2", "12", Some(12))]
        {
            let mut panel = PromptPanelState { seed_text: written.into(), ..PromptPanelState::default() };
            PromptPanelState::keep_seed(&mut panel.seed_text);
            assert_eq!((panel.seed_text.as_str(), panel.fixed_seed()), (kept, seed));
        }
    }
}
