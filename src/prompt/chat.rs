//! Qwen's byte-pair tokenizer, and the form of a chat in which a language model is asked about a prompt.

use serde_json::{Value, json};
use tokenizers::Tokenizer;

use super::parse::Prompt;
use super::tokenizer::{TokenizerError, TokenizerFiles, WindowWords, read_json, without_traps};

/// What stands around the words of a person, and where the answer would begin.
const BEFORE: &str = "<|im_start|>user\n";
const AFTER: &str = "<|im_end|>\n<|im_start|>assistant\n";
/// An answer that needs no thought.
const WITHOUT_THOUGHT: &str = "<think>\n\n</think>\n\n";
const PADDING: &str = "<|endoftext|>";

/// How a family asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChatForm {
    /// Whether the answer is said to need no thought.
    pub without_thought: bool,
    /// Whether the tokens are filled up to [`ChatTokenizer::MOST_TOKENS`].
    pub fills_up: bool,
}

/// A prompt as the language model reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatTokens {
    pub ids: Vec<u32>,
    /// How many of them are the chat's; the others fill up.
    pub words: usize,
    /// How many more there were than are read.
    pub cut: usize,
}

pub struct ChatTokenizer {
    tokenizer: Tokenizer,
    padding: u32,
    form: ChatForm,
}

impl ChatTokenizer {
    /// As many are read as diffusers reads.
    pub const MOST_TOKENS: usize = 512;

    /// # Errors
    /// When files are missing, unreadable, or lack a token of the chat.
    pub fn new(files: &TokenizerFiles, form: ChatForm) -> Result<Self, TokenizerError> {
        let (json, file) = match (&files.tokenizer_json, &files.vocab_json, &files.merges_txt) {
            (Some(bytes), ..) => (without_traps(read_json(bytes, "tokenizer.json")?)?, "tokenizer.json"),
            (None, Some(vocab), Some(merges)) => (qwen_tokenizer_json(vocab, merges)?, "vocab.json"),
            _ => return Err(TokenizerError::Missing),
        };
        let unreadable = |error: tokenizers::Error| TokenizerError::Unreadable { file, reason: error.to_string() };
        let mut tokenizer = Tokenizer::from_bytes(json.to_string()).map_err(unreadable)?;
        tokenizer.with_padding(None);
        tokenizer.with_truncation(None).map_err(unreadable)?;
        let id = |token: &str| tokenizer.token_to_id(token).ok_or_else(|| TokenizerError::NoToken(token.to_owned()));
        let padding = id(PADDING)?;
        id("<|im_start|>")?;
        id("<|im_end|>")?;
        Ok(Self { tokenizer, padding, form })
    }

    /// The chat around a text.
    ///
    /// # Errors
    /// When the text cannot be tokenized.
    pub fn tokens(&self, text: &str) -> Result<ChatTokens, TokenizerError> {
        let thought = if self.form.without_thought { WITHOUT_THOUGHT } else { "" };
        let mut ids = self.ids(&format!("{BEFORE}{text}{AFTER}{thought}"))?;
        let cut = ids.len().saturating_sub(Self::MOST_TOKENS);
        ids.truncate(Self::MOST_TOKENS);
        let words = ids.len();
        if self.form.fills_up {
            ids.resize(Self::MOST_TOKENS, self.padding);
        }
        Ok(ChatTokens { ids, words, cut })
    }

    /// What a prompt holds: one window of words without the chat around them.
    ///
    /// # Errors
    /// As [`Self::tokens`].
    pub fn count(&self, prompt: &Prompt) -> Result<WindowWords, TokenizerError> {
        let text = words_of(prompt);
        Ok(WindowWords { tokens: self.ids(&text)?.len(), begins: text.chars().take(24).collect() })
    }

    /// Tokens of a person's words that are read.
    #[must_use]
    pub fn room(&self) -> usize {
        let around = self.tokens("").map_or(0, |tokens| tokens.words);
        Self::MOST_TOKENS - around.min(Self::MOST_TOKENS)
    }

    fn ids(&self, text: &str) -> Result<Vec<u32>, TokenizerError> {
        let encoding =
            self.tokenizer.encode_fast(text, false).map_err(|error| TokenizerError::Encode(error.to_string()))?;
        Ok(encoding.get_ids().to_vec())
    }
}

/// A prompt's text without its weights.
#[must_use]
pub fn words_of(prompt: &Prompt) -> String {
    let section = |section: &Vec<super::parse::WeightedText>| -> String {
        section.iter().map(|piece| piece.text.as_str()).collect()
    };
    prompt.sections.iter().map(section).collect::<Vec<_>>().join(" ")
}

/// What `tokenizer.json` would say, for a folder that has none.
fn qwen_tokenizer_json(vocab: &[u8], merges: &[u8]) -> Result<Value, TokenizerError> {
    const PATTERN: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
    const SPECIAL: [(&str, u64); 5] = [
        ("<|endoftext|>", 151_643),
        ("<|im_start|>", 151_644),
        ("<|im_end|>", 151_645),
        ("<think>", 151_667),
        ("</think>", 151_668),
    ];
    let vocab: serde_json::Map<String, Value> = read_json(vocab, "vocab.json")?;
    let merges = std::str::from_utf8(merges)
        .map_err(|error| TokenizerError::Unreadable { file: "merges.txt", reason: error.to_string() })?;
    let merges: Vec<&str> =
        merges.lines().filter(|line| !line.starts_with("#version") && !line.trim().is_empty()).collect();
    let special = SPECIAL.map(|(token, id)| {
        let id = vocab.get(token).and_then(Value::as_u64).unwrap_or(id);
        json!({"id": id, "content": token, "special": !token.ends_with("think>"), "normalized": false,
               "single_word": false, "lstrip": false, "rstrip": false})
    });
    Ok(json!({
        "version": "1.0",
        "added_tokens": special,
        "normalizer": {"type": "NFC"},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
            {"type": "Split", "pattern": {"Regex": PATTERN}, "behavior": "Isolated", "invert": false},
            {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": false},
        ]},
        "model": {"type": "BPE", "continuing_subword_prefix": "", "end_of_word_suffix": "", "fuse_unk": false,
                  "byte_fallback": false, "vocab": vocab, "merges": merges},
    }))
}
