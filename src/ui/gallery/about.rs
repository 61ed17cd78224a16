//! One line under a result or a picture of the gallery: its prompt, its seed and its settings. A click copies them.

use egui::{Align, Color32, Id, Rect, Role, Sense, Ui, WidgetInfo};

use super::words::PictureWords;
use crate::ui::action::LookingAt;
use crate::ui::state::AppState;
use crate::ui::theme;
use crate::ui::theme::fonts;
use crate::ui::widgets::paint;

const GAP: f32 = 16.0;
const PADDING: f32 = 6.0;

/// `on_picture` has a dark ground of its own.
pub(crate) fn show(ui: &Ui, rect: Rect, state: &AppState, on_picture: bool) {
    let Some(words) = words(state) else { return };
    let tokens = if on_picture { &theme::DARK } else { theme::tokens(ui) };
    let response = ui.interact(rect, Id::unique("about the shown picture"), Sense::click());
    let all = format!("{}\n{}", words.prompt, words.facts);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &all));
    if on_picture {
        ui.painter().rect_filled(rect, theme::RADIUS, Color32::from_black_alpha(184));
    }
    let inner = paint::between(rect, PADDING, PADDING);
    let colour = if response.hovered() { tokens.text_1 } else { tokens.text_2 };
    // The settings first: a prompt can be cut, a seed cannot.
    let used = paint::text(ui, inner, Align::Max, &words.facts, fonts::body(), colour);
    let prompt = paint::between(inner, 0.0, used + GAP);
    if prompt.width() > GAP {
        paint::text(ui, prompt, Align::Min, words.first_line(), fonts::body(), tokens.text_1);
    }
    let response = response.on_hover_text(format!("{all}\n\nA click copies this."));
    if response.clicked() {
        ui.ctx().copy_text(all);
    }
}

fn words(state: &AppState) -> Option<PictureWords> {
    match state.canvas.shown() {
        LookingAt::Canvas => None,
        LookingAt::Candidate(job) => Some(PictureWords::of(&state.candidates.get(*job)?.request)),
        LookingAt::Gallery(shown) => state.gallery.words.of(&shown.file).cloned(),
    }
}
