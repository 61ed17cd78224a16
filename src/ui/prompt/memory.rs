//! The folded section for memory and speed: each choice with its estimate.

use egui::{RichText, Ui};

use super::estimate::MemoryPanel;
use crate::job::{AttentionMode, Compute, Estimate, MemoryMode, VaeTiling};
use crate::ui::numbers::gigabytes;
use crate::ui::theme;
use crate::ui::widgets::fields;
use crate::ui::widgets::{Segment, Segments};

pub(crate) fn section(ui: &mut Ui, panel: &mut MemoryPanel) {
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
        let words = RichText::new(words).color(theme::tokens(ui).text_2);
        let size = egui::vec2(ui.available_width(), 0.0);
        ui.allocate_ui(size, |ui| ui.add(egui::Label::new(words).wrap()));
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
    let mut changed = Vec::new();
    if compute.attention != AttentionMode::Auto {
        changed.push(format!("{} attention", compute.attention));
    }
    match compute.memory {
        MemoryMode::Auto => {}
        MemoryMode::Low => changed.push("save memory".to_owned()),
        MemoryMode::High => changed.push("fast".to_owned()),
    }
    if compute.vae_tiling == VaeTiling::On {
        changed.push("tiles".to_owned());
    }
    if changed.is_empty() { "auto".to_owned() } else { changed.join(", ") }
}
