//! Counts a prompt's tokens as the pipeline reads them, without the engine's thread.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use super::files_of;
use crate::job::{ModelRef, Request};
use crate::pipeline::{chat_tokenizer_of, tokenizer_of};
use crate::prompt::{ChatTokenizer, PromptTokenizer, Wildcards, WindowWords, drawn_from, parse, parts};

/// Of the kind that the model's prompts are read by.
enum ModelTokenizer {
    Windows(PromptTokenizer),
    Chat(ChatTokenizer),
}

impl ModelTokenizer {
    fn of(model: &ModelRef) -> Option<Self> {
        let files = files_of(model).ok()?;
        match chat_tokenizer_of(&files).ok()? {
            Some(chat) => Some(Self::Chat(chat)),
            None => tokenizer_of(&files).ok().map(Self::Windows),
        }
    }

    fn count(&self, text: &str) -> Option<Vec<WindowWords>> {
        match self {
            Self::Windows(tokenizer) => tokenizer.count(&parse(text)).ok(),
            Self::Chat(tokenizer) => tokenizer.count(&parse(text)).ok().map(|words| vec![words]),
        }
    }

    fn room(&self) -> usize {
        match self {
            Self::Windows(tokenizer) => tokenizer.window_room(),
            Self::Chat(tokenizer) => tokenizer.room(),
        }
    }
}

/// Keeps the tokenizer used last.
#[derive(Default)]
pub(crate) struct TokenCounter {
    last: Mutex<Option<(ModelRef, ModelTokenizer)>>,
}

impl TokenCounter {
    /// What each window of `prompt` holds, and how many words fit into one: weights and brackets are no tokens, and of
    /// texts that take turns the longest counts, even where it is too long. `None` where the model's tokenizer cannot be
    /// read.
    #[must_use]
    pub(crate) fn count(&self, model: &ModelRef, prompt: &str, lists: &Wildcards) -> Option<(Vec<WindowWords>, usize)> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.as_ref().is_none_or(|(known, _)| known != model) {
            *last = Some((model.clone(), ModelTokenizer::of(model)?));
        }
        let (_, tokenizer) = last.as_ref()?;
        // A drawn choice is as good as another to count.
        let drawn = drawn_from(prompt, 0, lists);
        let parts = parts(&drawn, Request::DEFAULT_STEPS as usize);
        let texts: BTreeSet<&str> =
            parts.iter().flat_map(|part| &part.stages).map(|stage| stage.text.as_str()).collect();
        let counted = texts.into_iter().map(|text| tokenizer.count(text)).collect::<Option<Vec<_>>>()?;
        let used = |windows: &Vec<WindowWords>| windows.iter().map(|window| window.tokens).sum::<usize>();
        let windows = counted.into_iter().max_by_key(|windows| (windows.len(), used(windows)))?;
        Some((windows, tokenizer.room()))
    }
}
