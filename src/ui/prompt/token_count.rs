//! The prompt's tokens, counted as the model reads them.

use std::sync::Arc;

use crate::job::ModelRef;
use crate::prompt::WindowWords;

/// The tokens of a prompt, window by window.
#[derive(Clone, Debug, PartialEq)]
pub struct TokenCount {
    pub windows: Vec<WindowWords>,
    /// Tokens that one window takes.
    pub room: usize,
}

impl TokenCount {
    /// "12 of 75", or "88 in 2 windows".
    #[must_use]
    pub fn words(&self) -> String {
        let used: usize = self.windows.iter().map(|window| window.tokens).sum();
        match self.windows.len() {
            ..=1 => format!("{used} of {}", self.room),
            count => format!("{used} in {count} windows"),
        }
    }

    /// Where each further window begins, a line for each.
    #[must_use]
    pub fn boundaries(&self) -> String {
        let line = |(index, window): (usize, &WindowWords)| {
            format!("Window {}: {} of {}, from “{}…”", index + 1, window.tokens, self.room, window.begins)
        };
        self.windows.iter().enumerate().map(line).collect::<Vec<_>>().join("\n")
    }
}

/// Counts a prompt's tokens as the model reads them; `None` when its tokenizer cannot be had or takes no more. May take its time: it is called on a thread of its own.
pub type CountTokens = Arc<dyn Fn(&TokenQuestion) -> Option<TokenCount> + Send + Sync>;

/// A prompt to count.
#[derive(Clone, Debug, PartialEq)]
pub struct TokenQuestion {
    pub model: ModelRef,
    pub prompt: String,
}
