//! The settings of a picture that the prompt speaks of: its adapter, what of it is passed on, how much and when.

use std::path::Path;

use egui::{RichText, Ui};

use super::rows;
use super::state::reads_pictures;
use crate::job::{Reference, ReferenceAdapter, ReferenceUse};
use crate::ui::chrome::layout::Layout;
use crate::ui::state::AppState;
use crate::ui::theme;
use crate::ui::widgets::fields;
use crate::ui::widgets::span;

const NONE: &str = "None";

const USES: [(ReferenceUse, &str, &str); 3] = [
    (ReferenceUse::All, "All of it", "Things, colours and manner"),
    (ReferenceUse::Style, "Style only", "Colours and manner, not the things in it"),
    (ReferenceUse::Composition, "Composition only", "Where things are, not what they look like"),
];

pub(super) fn show(ui: &mut Ui, state: &mut AppState, reference: &mut Reference, layout: Layout) {
    let model = state.model();
    if reference.adapter.is_none() && model.is_some_and(reads_pictures) {
        let words = "This model reads the picture itself: say in the prompt what is made of it.";
        ui.add(egui::Label::new(RichText::new(words).color(theme::tokens(ui).text_3)).wrap());
        return;
    }
    if layout.short {
        weight_row(ui, reference, layout);
        let is_open = &mut state.layers.more_is_open;
        let summary = if *is_open { String::new() } else { summary(reference) };
        fields::section(ui, "Finer", &summary, is_open);
        if state.layers.more_is_open {
            adapter_row(ui, state, reference);
            use_row(ui, reference);
            rows::steps_row(ui, &mut reference.from, &mut reference.to);
        }
        return;
    }
    adapter_row(ui, state, reference);
    use_row(ui, reference);
    weight_row(ui, reference, layout);
    rows::steps_row(ui, &mut reference.from, &mut reference.to);
}

fn adapter_row(ui: &mut Ui, state: &AppState, reference: &mut Reference) {
    let model = state.model();
    let name = reference.adapter.as_ref().map_or_else(|| NONE.to_owned(), ReferenceAdapter::name);
    fields::hinted_row(ui, "Adapter", "The IP-Adapter that shows the picture to the model", |ui, label| {
        fields::menu_box(ui, label, ui.available_width(), &name, "", |ui| {
            let hint = "For models that read pictures themselves";
            if fields::explained_choice(ui, reference.adapter.is_none(), NONE, hint, None) {
                reference.adapter = None;
                ui.close();
            }
            for known in &state.layers.adapters {
                let is_chosen = is_of(reference, &known.path);
                let misfit = state.layers.adapter_misfit(&known.path, model);
                let place = known.path.display().to_string();
                if fields::explained_choice(ui, is_chosen, &known.name, &place, misfit.as_deref()) {
                    reference.adapter = Some(ReferenceAdapter { file: known.path.clone(), encoder: None });
                    ui.close();
                }
            }
        });
    });
    if let Some(sentence) = state.layers.reference_misfit(reference, model) {
        rows::warning(ui, &sentence);
    }
}

fn is_of(reference: &Reference, file: &Path) -> bool {
    reference.adapter.as_ref().is_some_and(|adapter| adapter.file == file)
}

fn use_row(ui: &mut Ui, reference: &mut Reference) {
    fields::hinted_row(ui, "Use", "What of the picture is passed on", |ui, label| {
        fields::menu_box(ui, label, ui.available_width(), words_of(reference.used), "", |ui| {
            for (used, words, hint) in USES {
                if fields::explained_choice(ui, used == reference.used, words, hint, None) {
                    reference.used = used;
                    ui.close();
                }
            }
        });
    });
}

fn weight_row(ui: &mut Ui, reference: &mut Reference, layout: Layout) {
    let hint = "How much it counts beside the prompt: 1 as the adapter was trained, 0 not at all";
    let ends = [-Reference::MAX_WEIGHT, 1.5, Reference::MAX_WEIGHT];
    rows::weight_row(ui, hint, &mut reference.weight, ends, layout);
}

fn words_of(used: ReferenceUse) -> &'static str {
    USES.iter().find(|(known, ..)| *known == used).map_or("", |(_, words, _)| words)
}

fn summary(reference: &Reference) -> String {
    format!("{}, {}", words_of(reference.used).to_lowercase(), span::words(reference.from, reference.to))
}
