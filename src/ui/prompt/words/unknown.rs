//! Words that the chosen model does not know: a line under each, and the nearest that it knows in a menu.

use std::ops::Range;
use std::sync::Arc;

use egui::text::{LayoutJob, TextFormat};
use egui::{Color32, FontId, Galley, Pos2, Stroke, Ui};

use crate::prompt::KnownWords;
use crate::ui::action::{Action, PromptField, WordsAction};
use crate::ui::theme;
use crate::ui::theme::icons;
use crate::ui::widgets::MenuItem;

/// As many are offered instead of one.
const MOST_NEAREST: usize = 6;
const MENU_WIDTH: f32 = 232.0;

/// The text with a line under these bytes of it.
pub(super) fn underlined(ui: &Ui, text: &str, unknown: &[Range<usize>], width: f32) -> Arc<Galley> {
    let font = theme::prompt_text_style().resolve(ui.style());
    let plain = format(font.clone(), ui.visuals().text_color());
    let mut marked = format(font, ui.visuals().text_color());
    marked.underline = Stroke::new(1.0, theme::tokens(ui).warning);
    let mut job = LayoutJob { break_on_newline: true, ..LayoutJob::default() };
    job.wrap.max_width = width;
    let mut from = 0;
    for place in unknown {
        job.append(&text[from..place.start], 0.0, plain.clone());
        job.append(&text[place.clone()], 0.0, marked.clone());
        from = place.end;
    }
    job.append(&text[from..], 0.0, plain);
    ui.fonts_mut(|fonts| fonts.layout_job(job))
}

fn format(font_id: FontId, color: Color32) -> TextFormat {
    TextFormat { font_id, color, ..TextFormat::default() }
}

/// The word under the pointer, of those.
pub(super) fn at(
    galley: &Galley,
    galley_pos: Pos2,
    pointer: Pos2,
    text: &str,
    unknown: &[Range<usize>],
) -> Option<Range<usize>> {
    let inside = pointer - galley_pos;
    let is_over_text = galley.rect.expand(2.0).contains(inside.to_pos2());
    let index = galley.cursor_from_pos(inside).index.0;
    let byte = text.char_indices().nth(index).map_or(text.len(), |(at, _)| at);
    unknown.iter().find(|place| is_over_text && place.start <= byte && byte <= place.end).cloned()
}

/// What is said of it.
pub(super) fn words(word: &str, known: &KnownWords) -> String {
    match known.nearest(word, 3).as_slice() {
        [] => format!("The model does not know “{word}”, nor a word that is spelled nearly so."),
        near => format!(
            "The model does not know “{word}”. Nearest: {}. A right click puts one in its place.",
            near.join(", ")
        ),
    }
}

/// What may stand in its place.
pub(super) fn menu(
    ui: &mut Ui,
    field: PromptField,
    place: &Range<usize>,
    word: &str,
    known: &KnownWords,
    actions: &mut Vec<Action>,
) {
    ui.set_width(MENU_WIDTH);
    ui.spacing_mut().item_spacing.y = 0.0;
    let nearest = known.nearest(word, MOST_NEAREST);
    for near in &nearest {
        if ui.add(MenuItem::new(near).icon(icons::CHECK)).clicked() {
            let with = (*near).to_owned();
            actions.push(Action::Words(WordsAction::Replace { field, place: place.clone(), with }));
            ui.close();
        }
    }
    if nearest.is_empty() {
        ui.add_enabled(false, MenuItem::new("No known word is spelled nearly so"));
    }
}
