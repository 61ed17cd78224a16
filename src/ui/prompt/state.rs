//! What the prompt panel edits: the next request, with "as the model wants" kept apart from a chosen value.

use egui::Event;

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
    pub start: StartFocus,
    /// Which prompt of the history stands in the field, and what stood there before.
    pub recalled: Option<Recalled>,
}

/// The cursor as the start put it into the prompt, which is right only where the canvas turns out to be empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StartFocus {
    /// Whether nobody has pressed anything yet.
    is_untouched: bool,
    /// Asks the next frame to take the cursor out again.
    leaves: bool,
}

impl StartFocus {
    pub(in crate::ui) fn take_leave(&mut self) -> bool {
        std::mem::take(&mut self.leaves)
    }
}

/// A prompt of the history that stands in the field.
#[derive(Clone, Debug, PartialEq)]
pub struct Recalled {
    /// In the history, newest first.
    pub index: usize,
    /// What was written and not sent.
    pub unsent: String,
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
    /// As many as may wait for the engine.
    pub const MAX_PICTURES: u32 = 64;

    /// Looks whether somebody uses the window.
    pub(in crate::ui) fn note_use(&mut self, ctx: &egui::Context) {
        self.start.is_untouched &= ctx.input(|input| {
            !input.events.iter().any(|event| {
                matches!(event, Event::Key { .. } | Event::Text(_) | Event::PointerButton { .. } | Event::Paste(_))
            })
        });
    }

    /// With a picture on the canvas one looks and paints first: the keys are the tools' then.
    pub(in crate::ui) fn start_on_picture(&mut self) {
        if self.start.is_untouched {
            (self.wants_focus, self.start.leaves) = (false, true);
        }
    }

    /// Writes an older (or, with -1, a newer) prompt of `history` into the field. What was not sent stays at its end.
    pub fn recall(&mut self, history: &[String], older: isize) {
        // What was changed since it was recalled is a prompt of its own.
        let at = self.recalled.take().filter(|recalled| history.get(recalled.index) == Some(&self.prompt));
        let (from, unsent) = match at {
            Some(Recalled { index, unsent }) => (Some(index), unsent),
            None => (None, self.prompt.clone()),
        };
        let is_new = |index: &usize| history.get(*index).is_some_and(|prompt| *prompt != self.prompt);
        let index = match (from, older > 0) {
            (None, true) => (0..history.len()).find(is_new),
            (None, false) => None,
            (Some(index), true) => Some((index + 1).min(history.len().saturating_sub(1))),
            (Some(index), false) => index.checked_sub(1),
        };
        match index {
            Some(index) => {
                self.prompt.clone_from(&history[index]);
                self.recalled = Some(Recalled { index, unsent });
            }
            None => self.prompt = unsent,
        }
    }

    /// Leaves what a seed is made of in a field, and of its figures as many as a seed can have. As elsewhere, -1 is a random
    /// one.
    pub fn keep_seed(text: &mut String) {
        let is_random = text.trim_start().starts_with('-');
        text.retain(|letter| letter.is_ascii_digit() || (is_random && letter == '-'));
        while !is_random && !text.is_empty() && text.parse::<u64>().is_err() {
            text.pop();
        }
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
            start: StartFocus { is_untouched: true, leaves: false },
            recalled: None,
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
    /// What was set before the canvas was extended, until the new part is filled.
    pub before_expanding: Option<(InpaintSettings, f64)>,
}

impl InpaintPanel {
    pub const DEFAULT_STRENGTH: f64 = 1.0;

    /// Takes everything that an intent sets.
    pub fn choose(&mut self, intent: Intent) {
        let preset = intent.preset();
        self.settings = preset.settings;
        self.strength = preset.strength;
    }

    /// For the part by which the canvas was extended.
    pub fn expand(&mut self) {
        if self.intent() != Some(Intent::Expand) {
            self.before_expanding = Some((self.settings.clone(), self.strength));
        }
        self.choose(Intent::Expand);
    }

    /// That part is filled, or gone: what is masked next is an ordinary mask again. What was changed by hand stays.
    pub fn end_expanding(&mut self) {
        if let Some((settings, strength)) = self.before_expanding.take()
            && self.intent() == Some(Intent::Expand)
        {
            (self.settings, self.strength) = (settings, strength);
        }
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
        Self { settings: preset.settings, strength: preset.strength, is_open: false, before_expanding: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_history_goes_back_and_forth_and_keeps_what_was_not_sent() {
        let history = ["third", "second", "first"].map(str::to_owned);
        let mut panel = PromptPanelState { prompt: "unsent".into(), ..PromptPanelState::default() };
        let mut walk = |older: isize| {
            panel.recall(&history, older);
            panel.prompt.clone()
        };
        assert_eq!(
            [1, 1, 1, 1, -1, -1, -1, -1].map(&mut walk),
            ["third", "second", "first", "first", "second", "third", "unsent", "unsent"]
        );
        // The newest one stands in the field already, as after a press of Generate.
        panel.prompt = "third".into();
        panel.recall(&history, 1);
        assert_eq!(panel.prompt, "second");
        panel.prompt.push('!');
        panel.recall(&history, 1);
        panel.recall(&history, -1);
        assert_eq!(panel.prompt, "second!");
    }

    #[test]
    fn a_seed_of_minus_one_is_random() {
        for (written, kept, seed) in [
            ("-1", "-1", None),
            ("12a", "12", Some(12)),
            ("", "", None),
            ("1-2", "12", Some(12)),
            ("18446744073709551615", "18446744073709551615", Some(u64::MAX)),
            ("18446744073709551616", "1844674407370955161", Some(1_844_674_407_370_955_161)),
        ] {
            let mut panel = PromptPanelState { seed_text: written.into(), ..PromptPanelState::default() };
            PromptPanelState::keep_seed(&mut panel.seed_text);
            assert_eq!((panel.seed_text.as_str(), panel.fixed_seed()), (kept, seed));
        }
    }
}
