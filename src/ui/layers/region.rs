//! The settings of a painted area: its words, how much they count there, and how soft its border is.

use egui::{Frame, Id, TextEdit, Ui};

use super::rows;
use super::state::LayersState;
use crate::canvas::{LayerId, RegionLayer};
use crate::ui::chrome::layout::Layout;
use crate::ui::state::AppState;
use crate::ui::widgets::fields;
use crate::ui::widgets::fields::Number;

/// Of the words; more of them scrolls.
const MOST_HEIGHT: f32 = 96.0;
/// The slider's end; more can be written.
const USUAL_SOFTNESS_PX: f64 = 64.0;

pub(super) fn show(ui: &mut Ui, state: &mut AppState, id: LayerId, of: &mut RegionLayer, layout: Layout) {
    let field = words_id(id);
    let prompt = &mut of.region.prompt;
    let height = if layout.short { MOST_HEIGHT / 2.0 } else { MOST_HEIGHT };
    words(ui, field, "Words of this region", "what is drawn in this area", height, prompt);
    if std::mem::take(&mut state.layers.wants_words) {
        ui.memory_mut(|memory| memory.request_focus(field));
    }
    if let Some(sentence) = said(state, of) {
        rows::warning(ui, &sentence);
    }
    if !layout.short {
        weight_row(ui, of, layout);
        softness_row(ui, of, layout);
    }
    let summary = if state.layers.more_is_open { String::new() } else { summary(of, layout) };
    fields::section(ui, "Finer", &summary, &mut state.layers.more_is_open);
    if state.layers.more_is_open {
        if layout.short {
            weight_row(ui, of, layout);
            softness_row(ui, of, layout);
        }
        negative(ui, id, of);
    }
}

/// Of the field with a region's words.
fn words_id(id: LayerId) -> Id {
    Id::unique(("words of a region", id))
}

fn words(ui: &mut Ui, id: Id, name: &str, hint: &str, most: f32, text: &mut String) {
    fields::long_text_frame(ui, id, most, |ui| {
        let field = TextEdit::multiline(text).id(id).desired_rows(2).desired_width(f32::INFINITY);
        ui.add(field.hint_text(hint).frame(Frame::NONE)).accessible_name(name)
    });
}

fn weight_row(ui: &mut Ui, of: &mut RegionLayer, layout: Layout) {
    let hint = "1 where these words count alone in the area, less where the picture's own count too";
    rows::weight_row(ui, hint, &mut of.region.weight, [0.0, 1.0, 1.0], layout);
}

fn softness_row(ui: &mut Ui, of: &mut RegionLayer, layout: Layout) {
    let hint = "So far the border fades to both sides, in pixels of the canvas";
    fields::hinted_row(ui, "Softness", hint, |ui, label| {
        let most = f64::from(RegionLayer::MOST_SOFTNESS_PX);
        let mut pixels = f64::from(of.softness_px);
        let field = Number::new(1.0, 0.0..=most).suffix(" px").slider_to(USUAL_SOFTNESS_PX);
        field.show_with_slider(ui, label, layout.number_width(), &mut pixels);
        of.softness_px = pixels.round() as u32;
    });
}

/// Where nothing is written, the picture's own negative prompt counts in the area too.
fn negative(ui: &mut Ui, id: LayerId, of: &mut RegionLayer) {
    let mut text = of.region.negative.clone().unwrap_or_default();
    let hint = "negative prompt; empty: the picture's own";
    words(ui, words_id(id).with("negative"), "Negative prompt of this region", hint, MOST_HEIGHT, &mut text);
    if text != of.region.negative.clone().unwrap_or_default() {
        of.region.negative = Some(text).filter(|text| !text.trim().is_empty());
    }
}

/// Why it does not count, where that is known.
fn said(state: &AppState, of: &RegionLayer) -> Option<String> {
    if let Some(misfit) = LayersState::region_misfit(state.model()) {
        return Some(misfit);
    }
    of.is_wordless().then(|| "No words yet: it does not count.".to_owned())
}

fn summary(of: &RegionLayer, layout: Layout) -> String {
    let negative = if of.region.negative.is_some() { "own negative prompt" } else { "no negative prompt" };
    if layout.short { format!("{:.2}, {} px", of.region.weight, of.softness_px) } else { negative.to_owned() }
}
