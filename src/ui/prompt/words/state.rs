//! What is known while somebody writes: the user's files, what is offered, and which field is written in.

use std::path::Path;
use std::sync::Arc;

use egui::Id;

use crate::prompt::{Fragment, KnownWords, fragment};
use crate::store::words::{Completion, CompletionKind, Words};
use crate::ui::action::PromptField;

/// What is asked of the thread that looks for completions.
#[derive(Clone, Debug)]
pub(crate) struct CompletionQuestion {
    pub files: Arc<Words>,
    pub fragment: Fragment,
    /// Whether the chosen model's own words are known.
    pub known: bool,
}

impl PartialEq for CompletionQuestion {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.files, &other.files) && (&self.fragment, self.known) == (&other.fragment, other.known)
    }
}

impl CompletionQuestion {
    /// May take some milliseconds.
    #[must_use]
    pub(crate) fn answer(&self) -> CompletionAnswer {
        let known = self.known.then(KnownWords::built_in);
        CompletionAnswer { fragment: self.fragment.clone(), found: self.files.complete(&self.fragment, known) }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct CompletionAnswer {
    fragment: Fragment,
    found: Vec<Completion>,
}

#[derive(Default)]
pub struct WordsState {
    pub files: Arc<Words>,
    /// Prompts of all sessions, newest first.
    pub history: Vec<String>,
    /// The field that was written in last: menus and keys mean that one.
    pub last_field: PromptField,
    /// What shall be asked, while something is being written.
    pub(crate) wanted: Option<CompletionQuestion>,
    pub(crate) answer: Option<CompletionAnswer>,
    /// The text before the cursor when a key was pressed last; where the cursor went by itself nothing is offered.
    pub(crate) written: Option<(PromptField, String)>,
    /// Whether completions are seen: their keys are theirs.
    pub completes: bool,
    /// The word that the menu is open for, as bytes of the field.
    pub(crate) menu_word: Option<(PromptField, std::ops::Range<usize>)>,
    /// The name that new styles are given.
    pub(crate) style_name: String,
    /// What was said to be wrong with the files, so that it is said once.
    pub(crate) told_problems: Vec<String>,
}

impl WordsState {
    /// What is offered for the text before the cursor, and asks for it where that is not known yet. Until then what was
    /// offered for its beginning stays, as far as it fits: nothing flickers.
    pub(crate) fn offered(&mut self, before: &str, known: bool) -> Vec<Completion> {
        let Some(fragment) = fragment(before) else {
            self.wanted = None;
            return Vec::new();
        };
        let offered = self.answer.as_ref().map_or_else(Vec::new, |answer| answer.for_fragment(&fragment));
        self.wanted = Some(CompletionQuestion { files: Arc::clone(&self.files), fragment, known });
        offered
    }

    /// Until the next key is pressed in a field.
    pub(crate) fn stop_offering(&mut self) {
        (self.written, self.wanted) = (None, None);
    }

    /// Whether all that is offered is only spelled like what was written.
    #[must_use]
    pub(crate) fn offers_nearest(&self) -> bool {
        let found = self.answer.as_ref().map_or(&[][..], |answer| answer.found.as_slice());
        found.iter().any(|completion| completion.kind == CompletionKind::Nearest)
    }

    /// The name of the list of tags, and how many it has.
    #[must_use]
    pub(crate) fn tags_words(&self) -> Option<String> {
        let (path, count) = self.files.tags()?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Some(format!("{name}, {count} tags"))
    }

    #[must_use]
    pub(crate) fn thumbnail_of(&self, lora: &Path) -> Option<&Path> {
        self.files.loras.iter().find(|known| known.path == lora)?.thumbnail.as_deref()
    }
}

impl CompletionAnswer {
    fn for_fragment(&self, fragment: &Fragment) -> Vec<Completion> {
        if self.fragment == *fragment {
            return self.found.clone();
        }
        // Only the last piece has grown.
        let written = |start: usize| match fragment {
            Fragment::Lora { name, start: at } | Fragment::Wildcard { name, start: at } if *at == start => {
                Some(name.as_str())
            }
            Fragment::Words(pieces) => {
                pieces.iter().find(|piece| piece.start == start).map(|piece| piece.text.as_str())
            }
            Fragment::Lora { .. } | Fragment::Wildcard { .. } => None,
        };
        let fits = |completion: &&Completion| {
            written(completion.start).is_some_and(|written| {
                completion.shown.to_lowercase().contains(&written.trim().to_lowercase().replace('\\', ""))
            })
        };
        let is_same_kind = std::mem::discriminant(&self.fragment) == std::mem::discriminant(fragment);
        self.found.iter().filter(|_| is_same_kind).filter(fits).cloned().collect()
    }
}

impl PromptField {
    /// Of its text field.
    #[must_use]
    pub(crate) fn id(self) -> Id {
        match self {
            Self::Prompt => Id::unique("prompt words"),
            Self::Negative => Id::unique("negative words"),
        }
    }
}
