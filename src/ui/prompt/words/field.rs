//! A prompt's text field: what may be meant is offered below it while one writes.

use std::ops::Range;

use egui::{
    AtomExt as _, CompletionPopup, Event, Frame, Galley, Key, Pos2, RectAlign, Response, RichText, Suggestion,
    TextBuffer, TextEdit, Ui,
};

use super::state::WordsState;
use super::unknown;
use crate::prompt::KnownWords;
use crate::store::words::{Completion, CompletionKind};
use crate::ui::action::{Action, PromptField, WordsAction};
use crate::ui::theme;

/// More of them scroll, in points.
const POPUP_HEIGHT: f32 = 320.0;

/// How the field looks, and what it is about.
pub(crate) struct PromptText<'a> {
    pub field: PromptField,
    pub hint: &'static str,
    /// In points.
    pub least_height: f32,
    /// The chosen model's own words, where they are known.
    pub known: Option<&'a KnownWords>,
    /// Whether a word means something that files bring along.
    pub is_of_file: &'a dyn Fn(&str) -> bool,
}

impl PromptText<'_> {
    /// Draws the field. What is accepted is written into `text`; a style is asked for.
    pub(crate) fn show(
        &self,
        ui: &mut Ui,
        text: &mut String,
        state: &mut WordsState,
        actions: &mut Vec<Action>,
    ) -> Response {
        let id = self.field.id();
        let had_focus = ui.memory(|memory| memory.has_focus(id));
        if had_focus {
            state.last_field = self.field;
        }
        let is_written = had_focus && ui.input(|input| input.events.iter().any(writes));
        // The word that is just being written is not judged yet.
        let begun =
            state.written.as_ref().filter(|(field, before)| *field == self.field && text.starts_with(before.as_str()));
        let begun = begun.map(|(_, before)| before.len());
        let mut layouter = |ui: &Ui, buffer: &dyn TextBuffer, width: f32| {
            let text = buffer.as_str();
            unknown::underlined(ui, text, &self.unknown_in(text, begun), width)
        };
        let edit = TextEdit::multiline(text)
            .hint_text(self.hint)
            .font(theme::prompt_text_style())
            .desired_rows(2)
            .desired_width(f32::INFINITY)
            .min_size(egui::vec2(0.0, self.least_height))
            .frame(Frame::NONE);
        let edit = if self.known.is_some() { edit.layouter(&mut layouter) } else { edit };
        // What is only spelled nearly so may not be meant: Enter stays a new line.
        let keys = if state.offers_nearest() { vec![Key::Tab] } else { vec![Key::Enter, Key::Tab] };
        let popup = CompletionPopup::new(id).word_boundary(|_| false).align(RectAlign::BOTTOM_START).accept_keys(keys);
        let mut offered = Vec::new();
        let output = popup.max_height(POPUP_HEIGHT).show(ui, edit, |query| {
            let here = Some((self.field, query.word.to_owned()));
            if is_written {
                state.written = here;
            } else if !had_focus || state.written != here {
                if had_focus {
                    state.stop_offering();
                }
                return Vec::new();
            }
            offered = state.offered(query.word, self.known.is_some());
            offered.iter().map(|completion| suggestion(query.word, completion)).collect()
        });
        state.completes |= output.is_open;
        let accepted = output.accepted.as_ref().and_then(|accepted| {
            let before = state.written.take().map(|(_, before)| before)?;
            offered.iter().find(|completion| insert(&before, completion) == accepted.insert)
        });
        if let Some(style) = accepted.filter(|completion| completion.kind == CompletionKind::Style) {
            actions.push(Action::Words(WordsAction::UseStyle(style.text.clone())));
        }
        let edit = output.text_edit;
        let response = edit.response.response;
        self.explain_unknown(response, &edit.galley, edit.galley_pos, text, state, actions)
    }

    fn unknown_in(&self, text: &str, begun: Option<usize>) -> Vec<Range<usize>> {
        let Some(known) = self.known else { return Vec::new() };
        let mut unknown = known.unknown_in(text, self.is_of_file);
        unknown.retain(|place| begun.is_none_or(|end| !(place.start <= end && end <= place.end)));
        unknown
    }

    /// Says under the pointer what a line under a word means; a right click there offers others.
    fn explain_unknown(
        &self,
        response: Response,
        galley: &Galley,
        galley_pos: Pos2,
        text: &str,
        state: &mut WordsState,
        actions: &mut Vec<Action>,
    ) -> Response {
        let Some(known) = self.known else { return response };
        let unknown = self.unknown_in(text, None);
        let pointed = response.hover_pos().and_then(|pos| unknown::at(galley, galley_pos, pos, text, &unknown));
        if response.secondary_clicked() {
            state.menu_word = pointed.clone().map(|place| (self.field, place));
        }
        if let Some((field, place)) = state.menu_word.clone().filter(|(field, _)| *field == self.field)
            && let Some(word) = text.get(place.clone())
        {
            response.context_menu(|ui| unknown::menu(ui, field, &place, word, known, actions));
        }
        match pointed {
            Some(place) => response.on_hover_text_at_pointer(unknown::words(&text[place], known)),
            None => response,
        }
    }
}

/// Whether one writes with it. What is pasted is whole.
fn writes(event: &Event) -> bool {
    matches!(event, Event::Text(_) | Event::Ime(_) | Event::Key { key: Key::Backspace, pressed: true, .. })
}

/// Only the word that is written is replaced; a style's name is taken out.
fn insert(before: &str, completion: &Completion) -> String {
    let kept = before.chars().take(completion.start);
    match completion.kind {
        CompletionKind::Style => kept.collect(),
        _ => kept.chain(completion.text.chars()).collect(),
    }
}

fn suggestion(before: &str, completion: &Completion) -> Suggestion {
    let shown = RichText::new(&completion.shown).atom_shrink(true);
    Suggestion::new(insert(before, completion)).content(shown).description(completion.hint.as_str())
}
