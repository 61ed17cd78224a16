//! The folded section for memory and speed: each choice with what it is foretold to take.

use std::sync::Arc;

use egui::{RichText, Ui};

use crate::job::{AttentionMode, Compute, Estimate, EstimateQuestion, MemoryMode, VaeTiling};
use crate::sampling::SchedulerName;
use crate::ui::state::{AppState, Mode};
use crate::ui::theme;
use crate::ui::widgets::fields;
use crate::ui::widgets::{Segment, Segments};

/// What a picture will take; `None` where that cannot be told. May take its time: it is called on a thread of its own.
pub type Foretell = Arc<dyn Fn(&EstimateQuestion) -> Option<Estimate> + Send + Sync>;

/// How much of a new measurement goes into the pace.
const SMOOTHING: f64 = 0.4;

/// The panel's choices of memory and speed, and what they are foretold to cost.
#[derive(Clone, Debug, PartialEq)]
pub struct MemoryPanel {
    pub is_open: bool,
    pub compute: Compute,
    pub estimate: Option<Estimate>,
    /// How much longer a step really took than was foretold.
    pub pace: f64,
}

impl Default for MemoryPanel {
    fn default() -> Self {
        Self { is_open: false, compute: Compute::default(), estimate: None, pace: 1.0 }
    }
}

impl MemoryPanel {
    /// Learns from a step that was just made, of a picture for which `foretold` seconds were foretold.
    pub fn learn(&mut self, foretold: f64, seconds: f64) {
        if foretold > 0.0 && seconds > 0.0 {
            self.pace += (seconds / foretold - self.pace) * SMOOTHING;
        }
    }

    /// "fits: 1.2 of 16 GB", for the status line.
    #[must_use]
    pub fn words(&self) -> Option<String> {
        let estimate = self.estimate.as_ref()?;
        let peak = gigabytes(estimate.peak_bytes);
        Some(match estimate.free_bytes {
            Some(free) if estimate.is_too_large() => format!("too large: {peak} of {} GB", gigabytes(free)),
            Some(free) => format!("fits: {peak} of {} GB", gigabytes(free)),
            None => format!("takes {peak} GB"),
        })
    }
}

impl AppState {
    /// What the next press of the button would take.
    #[must_use]
    pub fn estimate_question(&self) -> EstimateQuestion {
        let frame = self.next_frame().map(|frame| [frame.width, frame.height]);
        let strength = match self.mode() {
            Mode::Create => 1.0,
            Mode::Edit => self.prompt.strength,
            Mode::Fill => self.inpaint.strength,
        };
        let guidance = self.prompt.guidance.or(self.model().map(|model| model.defaults.guidance));
        let scheduler = self.prompt.scheduler.or(self.model().and_then(|model| model.defaults.scheduler));
        let calls = f64::from(self.prompt.steps) * strength * scheduler.map_or(1.0, SchedulerName::calls_per_step);
        EstimateQuestion {
            model: self.prompt.model.clone(),
            size_px: frame.unwrap_or_else(|| self.worked_size_px()),
            guided: guidance.is_none_or(|guidance| guidance > 1.0),
            encodes: self.mode() != Mode::Create,
            calls: calls.ceil() as u32,
            compute: self.memory.compute,
        }
    }
}

pub fn section(ui: &mut Ui, panel: &mut MemoryPanel) {
    let summary = if panel.is_open { String::new() } else { summary(&panel.compute) };
    fields::section(ui, "Memory and speed", &summary, &mut panel.is_open);
    if !panel.is_open {
        return;
    }
    attention_row(ui, panel);
    memory_row(ui, panel);
    fields::row(ui, "Decode", |ui, _| {
        let choices = [VaeTiling::Auto, VaeTiling::Off, VaeTiling::On];
        let words = [
            ("Auto", "In tiles where the picture would take most of the free memory."),
            ("Whole", "In one piece."),
            ("In tiles", "In overlapping tiles: large pictures in little memory."),
        ];
        let chosen = choices.iter().position(|tiling| *tiling == panel.compute.vae_tiling).unwrap_or(0);
        let words = words.map(|(text, hint)| Segment { text, hint });
        if let Some(index) = Segments::new("Decode", &words, chosen).show(ui) {
            panel.compute.vae_tiling = choices[index];
        }
    });
}

fn attention_row(ui: &mut Ui, panel: &mut MemoryPanel) {
    let chosen = panel.compute.attention;
    let figure = |mode: AttentionMode| peak_of(panel.estimate.as_ref(), |estimate| &estimate.by_attention, mode);
    let choices = [
        (AttentionMode::Auto, "Auto", "Chosen by device, size and free memory.", String::new()),
        (
            AttentionMode::Tiled,
            "Tiled",
            "In blocks: the same picture in the least memory.",
            figure(AttentionMode::Tiled),
        ),
        (
            AttentionMode::Sliced(Some(1)),
            "One head at a time",
            "The scores of one head at once.",
            figure(AttentionMode::Sliced(Some(1))),
        ),
        (AttentionMode::Full, "Full", "All scores at once.", figure(AttentionMode::Full)),
    ];
    let shown = choices.iter().find(|(mode, ..)| *mode == chosen);
    let (words, hint) = shown.map_or_else(
        || (chosen.to_string(), String::new()),
        |(_, words, _, figure)| ((*words).to_owned(), figure.clone()),
    );
    let mut wanted = None;
    fields::row(ui, "Attention", |ui, label| {
        fields::menu_box(ui, label, ui.available_width(), &words, &hint, |ui| {
            for (mode, words, hint, figure) in &choices {
                let line = ui.scope(|ui| fields::choice(ui, *mode == chosen, words, figure));
                if line.inner {
                    wanted = Some(*mode);
                    ui.close();
                }
                line.response.on_hover_text(*hint);
            }
        });
    });
    panel.compute.attention = wanted.unwrap_or(chosen);
}

fn memory_row(ui: &mut Ui, panel: &mut MemoryPanel) {
    fields::row(ui, "Weights", |ui, _| {
        let choices = [MemoryMode::Auto, MemoryMode::Low, MemoryMode::High];
        let words = [
            ("Auto", "By what is free."),
            ("Save memory", "The weights as they are."),
            ("Fast", "A second form of the weights, for faster convolutions."),
        ];
        let chosen = choices.iter().position(|memory| *memory == panel.compute.memory).unwrap_or(0);
        let words = words.map(|(text, hint)| Segment { text, hint });
        if let Some(index) = Segments::new("Weights", &words, chosen).show(ui) {
            panel.compute.memory = choices[index];
        }
    });
    let Some(estimate) = &panel.estimate else { return };
    let [(_, low), (_, high)] = estimate.by_memory;
    fields::row(ui, "", |ui, _| {
        let words = format!("Peak: {} GB saved, {} GB fast.", gigabytes(low), gigabytes(high));
        ui.label(RichText::new(words).color(theme::tokens(ui).text_2));
    });
}

fn peak_of(
    estimate: Option<&Estimate>,
    of: impl Fn(&Estimate) -> &Vec<(AttentionMode, u64)>,
    mode: AttentionMode,
) -> String {
    let found = estimate.and_then(|estimate| of(estimate).iter().find(|(known, _)| *known == mode).copied());
    found.map(|(_, bytes)| format!("{} GB", gigabytes(bytes))).unwrap_or_default()
}

/// What is not as usual, for the folded heading.
fn summary(compute: &Compute) -> String {
    let mut told = Vec::new();
    if compute.attention != AttentionMode::Auto {
        told.push(format!("{} attention", compute.attention));
    }
    match compute.memory {
        MemoryMode::Auto => {}
        MemoryMode::Low => told.push("save memory".to_owned()),
        MemoryMode::High => told.push("fast".to_owned()),
    }
    if compute.vae_tiling == VaeTiling::On {
        told.push("tiles".to_owned());
    }
    if told.is_empty() { "auto".to_owned() } else { told.join(", ") }
}

/// Two figures that matter.
fn gigabytes(bytes: u64) -> String {
    let value = bytes as f64 / 1e9;
    match value {
        value if value < 0.995 => format!("{value:.2}"),
        value if value < 9.95 => format!("{value:.1}"),
        value => format!("{value:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_follows_what_was_measured() {
        let mut panel = MemoryPanel::default();
        for _ in 0..20 {
            panel.learn(0.5, 1.5);
        }
        assert!((panel.pace - 3.0).abs() < 0.01, "{}", panel.pace);
        panel.learn(0.0, 1.0);
        assert!(panel.pace.is_finite());
    }

    #[test]
    fn memory_is_told_in_figures_that_matter() {
        let estimate = Estimate {
            peak_bytes: 1_234_000_000,
            free_bytes: Some(16_000_000_000),
            seconds_per_call: 1.0,
            seconds_once: 1.0,
            calls: 20,
            by_attention: Vec::new(),
            by_memory: [(MemoryMode::Low, 0), (MemoryMode::High, 0)],
        };
        let words = |estimate: Estimate| MemoryPanel { estimate: Some(estimate), ..MemoryPanel::default() }.words();
        assert_eq!(words(estimate.clone()).unwrap(), "fits: 1.2 of 16 GB");
        let larger = Estimate { peak_bytes: 20_000_000_000, ..estimate.clone() };
        assert_eq!(words(larger).unwrap(), "too large: 20 of 16 GB");
        assert_eq!(words(Estimate { free_bytes: None, ..estimate }).unwrap(), "takes 1.2 GB");
    }
}
