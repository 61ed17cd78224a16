//! The tokenizer that a GGUF file of a language model brings along: byte pairs with GPT-2's letters, as Qwen has them.

use std::fs::File;
use std::path::Path;

use serde_json::{Map, Value as Json};

use super::gguf_header::{Header, Value};
use super::refusal::Refusal;

const KIND: &str = "tokenizer.ggml.model";
const TOKENS: &str = "tokenizer.ggml.tokens";
const MERGES: &str = "tokenizer.ggml.merges";
/// What llama.cpp calls byte pairs with GPT-2's letters.
const BYTE_PAIRS: &str = "gpt2";

/// Words by their number, and pairs of them in the order in which they are joined.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Vocabulary {
    tokens: Vec<String>,
    merges: Vec<String>,
}

impl Vocabulary {
    /// Reads the header once more; `None` where there is no tokenizer, or one of another kind.
    ///
    /// # Errors
    /// When it is damaged.
    pub(super) fn read(path: &Path) -> Result<Option<Self>, Refusal> {
        let file = File::open(path).map_err(|error| error.to_string())?;
        let (mut header, _, values) = Header::open(&file)?;
        let (mut is_known, mut tokens, mut merges) = (false, None, None);
        for _ in 0..values {
            match header.text()?.unwrap_or_default().as_str() {
                TOKENS => tokens = header.texts()?,
                MERGES => merges = header.texts()?,
                KIND => is_known = matches!(header.value()?, Value::Text(kind) if kind == BYTE_PAIRS),
                _ => drop(header.value()?),
            }
        }
        let found = tokens.zip(merges).filter(|_| is_known);
        Ok(found.map(|(tokens, merges)| Self { tokens, merges }))
    }

    /// A file of a tokenizer's folder; `None` for one that it does not need.
    #[must_use]
    pub(crate) fn file(&self, name: &str) -> Option<Vec<u8>> {
        match name {
            "vocab.json" => {
                let numbered = self.tokens.iter().enumerate();
                let words: Map<String, Json> = numbered.map(|(id, word)| (word.clone(), id.into())).collect();
                serde_json::to_vec(&words).ok()
            }
            "merges.txt" => Some(self.merges.join("\n").into_bytes()),
            _ => None,
        }
    }
}
