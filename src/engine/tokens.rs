//! Counts a prompt's tokens as the pipeline reads them, without the engine's thread.

use std::sync::{Mutex, PoisonError};

use super::files_of;
use crate::job::ModelRef;
use crate::pipeline::tokenizer_of;
use crate::prompt::{PromptTokenizer, WindowWords, drawn, parse};

/// Keeps the tokenizer used last.
#[derive(Default)]
pub(crate) struct TokenCounter {
    last: Mutex<Option<(ModelRef, PromptTokenizer)>>,
}

impl TokenCounter {
    /// What each window of `prompt` holds, and how many words fit into one; weights and brackets are no tokens. `None`
    /// where the model's tokenizer cannot be read, or the prompt is too long for any model.
    #[must_use]
    pub(crate) fn count(&self, model: &ModelRef, prompt: &str) -> Option<(Vec<WindowWords>, usize)> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.as_ref().is_none_or(|(known, _)| known != model) {
            let tokenizer = tokenizer_of(&files_of(model).ok()?).ok()?;
            *last = Some((model.clone(), tokenizer));
        }
        let (_, tokenizer) = last.as_ref()?;
        // A drawn choice is as good as another to count.
        let windows = tokenizer.count(&parse(&drawn(prompt, 0))).ok()?;
        Some((windows, tokenizer.window_room()))
    }
}
