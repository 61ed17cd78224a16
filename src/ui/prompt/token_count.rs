//! The prompt's tokens, counted as the model reads them.

use std::sync::Arc;

use crate::job::ModelRef;
use crate::prompt::{PromptTokenizer, WindowWords};

/// The tokens of a prompt, window by window.
#[derive(Clone, Debug, PartialEq)]
pub struct TokenCount {
    pub windows: Vec<WindowWords>,
    /// Tokens that one window takes.
    pub room: usize,
}

impl TokenCount {
    /// Whether the prompt is read in several chunks.
    #[must_use]
    pub fn is_long(&self) -> bool {
        self.windows.len() > 1
    }

    /// Whether the prompt has more chunks than are taken.
    #[must_use]
    pub fn is_too_long(&self) -> bool {
        self.windows.len() > PromptTokenizer::MAX_WINDOWS
    }

    /// "12 of 75 tokens", or "86 tokens, 2 chunks; the second begins at “…”".
    #[must_use]
    pub fn words(&self) -> String {
        let used: usize = self.windows.iter().map(|window| window.tokens).sum();
        let begin = |window: &WindowWords| format!("“{}…”", whole_characters(&window.begins));
        match &self.windows[..] {
            [] | [_] => format!("{used} of {} tokens", self.room),
            [_, second] => format!("{used} tokens, 2 chunks; the second begins at {}", begin(second)),
            more if self.is_too_long() => {
                format!("{used} tokens, {} chunks: at most {} are taken", more.len(), PromptTokenizer::MAX_WINDOWS)
            }
            more => format!("{used} tokens, {} chunks", more.len()),
        }
    }

    /// A line for each chunk.
    #[must_use]
    pub fn boundaries(&self) -> String {
        let line = |(index, window): (usize, &WindowWords)| {
            let begins = whole_characters(&window.begins);
            format!("Chunk {}: {} of {} tokens, from “{begins}…”", index + 1, window.tokens, self.room)
        };
        self.windows.iter().enumerate().map(line).collect::<Vec<_>>().join("\n")
    }
}

/// A token may end in the middle of a character: what is left of one is not shown.
fn whole_characters(words: &str) -> String {
    words.replace(char::REPLACEMENT_CHARACTER, "").trim().to_owned()
}

/// Counts a prompt's tokens as the model reads them; `None` when its tokenizer cannot be had or takes no more. May take its time: it is called on a thread of its own.
pub type CountTokens = Arc<dyn Fn(&TokenQuestion) -> Option<TokenCount> + Send + Sync>;

/// A prompt to count.
#[derive(Clone, Debug, PartialEq)]
pub struct TokenQuestion {
    pub model: ModelRef,
    pub prompt: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_how_many_chunks_there_are_and_where_they_begin() {
        let window = |tokens, begins: &str| WindowWords { tokens, begins: begins.into() };
        let words = |windows| TokenCount { windows, room: 75 }.words();
        assert_eq!(words(vec![window(12, "a red")]), "12 of 75 tokens");
        assert_eq!(words(Vec::new()), "0 of 75 tokens");
        assert_eq!(
            words(vec![window(75, "a red"), window(11, "snow 🏔\u{fffd}\u{fffd}")]),
            "86 tokens, 2 chunks; the second begins at “snow 🏔…”"
        );
        assert_eq!(words(vec![window(75, "a"), window(75, "b"), window(1, "c")]), "151 tokens, 3 chunks");
        assert_eq!(words(vec![window(75, "a"); 9]), "675 tokens, 9 chunks: at most 8 are taken");
    }
}
