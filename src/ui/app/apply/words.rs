//! What the actions on the prompts' words do: weights, styles, lists of tags.

use std::sync::Arc;

use egui::text::{CCursor, CCursorRange};
use egui::{Context, TextEdit};

use crate::prompt::weighed;
use crate::store::words::Words;
use crate::store::worker::StoreCommand;
use crate::ui::action::{DialogRequest, PromptField, WordsAction};
use crate::ui::app::completions::read_words;
use crate::ui::app::studio::Studio;

impl Studio {
    pub(super) fn apply_to_words(&mut self, ctx: &Context, action: WordsAction) {
        match action {
            WordsAction::Weigh { heavier } => self.weigh(ctx, heavier),
            WordsAction::Replace { field, place, with } => {
                let text = self.text_mut(field);
                if text.get(place.clone()).is_some() {
                    let end = text[..place.start].chars().count() + with.chars().count();
                    text.replace_range(place, &with);
                    select(ctx, field, end..end);
                }
            }
            WordsAction::Append(words) => {
                let prompt = &mut self.state.prompt.prompt;
                let kept = prompt.trim_end().trim_end_matches(',').len();
                prompt.truncate(kept);
                if !prompt.is_empty() {
                    prompt.push_str(", ");
                }
                prompt.push_str(&words);
            }
            WordsAction::UsePrompt(prompt) => {
                self.state.prompt.prompt = prompt;
                self.state.prompt.wants_focus = true;
            }
            WordsAction::UseStyle(name) => {
                let Some(style) = self.state.words.files.style(&name).cloned() else { return };
                let prompt = &mut self.state.prompt;
                prompt.prompt = style.styled(&prompt.prompt);
                prompt.negative = style.styled_negative(&prompt.negative);
                // What is written there shall be seen.
                prompt.negative_open |= !style.negative.is_empty();
            }
            WordsAction::KeepStyle(style) => {
                self.state.toasts.note(format!("{} is kept among the styles.", style.name));
                self.store.send(StoreCommand::KeepStyle(style));
                self.read_words();
            }
            WordsAction::AddLora(file) => {
                self.state.loras.add(&file);
                self.state.loras.is_open = true;
            }
            WordsAction::RemoveLora(file) => self.state.loras.remove(&file),
            WordsAction::ForgetStyle(name) => {
                self.store.send(StoreCommand::ForgetStyle(name));
                self.read_words();
            }
            WordsAction::ShowStyles => {
                // Where nothing was kept yet there is only the folder.
                let file = self.services.paths.styles_file();
                let has_own = self.state.words.files.styles.iter().any(|style| style.is_own);
                let folder = file.parent().map(std::path::Path::to_path_buf).unwrap_or_default();
                let show = if has_own { StoreCommand::Reveal(file) } else { StoreCommand::RevealFolder(folder) };
                self.store.send(show);
            }
            WordsAction::ChooseTagsDialog => self.dialog(DialogRequest::OpenTags),
            WordsAction::UseTags(file) => {
                self.saver.current.tags_file = Some(file);
                self.saver.touch();
                self.read_words();
            }
        }
    }

    /// In the field that was written in last, at its cursor.
    fn weigh(&mut self, ctx: &Context, heavier: bool) {
        let field = self.state.words.last_field;
        let cursor = TextEdit::load_state(ctx, field.id()).and_then(|state| state.cursor.char_range());
        let text = self.text_mut(field);
        let end = text.chars().count();
        let selected = cursor.map_or(end..end, |range| {
            let [from, to] = [range.primary.index.0, range.secondary.index.0];
            from.min(to)..from.max(to)
        });
        if let Some(new) = weighed(text, selected, heavier) {
            *text = new.text;
            select(ctx, field, new.selected);
        }
    }

    fn text_mut(&mut self, field: PromptField) -> &mut String {
        match field {
            PromptField::Prompt => &mut self.state.prompt.prompt,
            PromptField::Negative => &mut self.state.prompt.negative,
        }
    }

    /// Asks the store what helps to write, as it is now.
    pub(in crate::ui) fn read_words(&self) {
        self.store.send(read_words(&self.saver.current));
    }

    /// Asks for what is being written, and takes what was found.
    pub(in crate::ui) fn complete_words(&mut self) {
        let words = &mut self.state.words;
        if words.history != self.saver.current.prompt_history {
            words.history.clone_from(&self.saver.current.prompt_history);
        }
        for lora in self.state.loras.unread() {
            self.store.send(StoreCommand::ReadTriggerWords(lora));
        }
        let Some(wanted) = words.wanted.clone() else { return };
        let answer = self.completions.poll(|asked| *asked == wanted, || wanted.clone());
        words.answer = answer.or(words.answer.take());
    }

    /// The user's files were looked through; what is wrong with them is said once.
    pub(in crate::ui) fn words_arrived(&mut self, files: Arc<Words>) {
        let words = &mut self.state.words;
        for problem in files.problems.iter().filter(|problem| !words.told_problems.contains(problem)) {
            self.state.toasts.error(problem.clone(), None);
        }
        words.told_problems.clone_from(&files.problems);
        words.files = files;
    }
}

/// In characters.
fn select(ctx: &Context, field: PromptField, place: std::ops::Range<usize>) {
    let mut state = TextEdit::load_state(ctx, field.id()).unwrap_or_default();
    state.cursor.set_char_range(Some(CCursorRange::two(CCursor::new(place.start), CCursor::new(place.end))));
    TextEdit::store_state(ctx, field.id(), state);
}
