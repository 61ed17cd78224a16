//! CLIP's byte-pair tokenizer, from `tokenizer.json` or from `vocab.json` and `merges.txt`.

use serde::Deserialize;
use serde_json::{Value, json};
use tokenizers::decoders::byte_level::ByteLevel;
use tokenizers::{AddedToken, Decoder, Tokenizer};

use super::chunk::{SpecialTokens, TokenWindow, WeightedToken, windows};
use super::parse::Prompt;

#[derive(Debug, thiserror::Error)]
pub enum TokenizerError {
    #[error("the tokenizer needs tokenizer.json, or vocab.json and merges.txt, and none is there")]
    Missing,
    #[error("the tokenizer's {file} cannot be read: {reason}")]
    Unreadable { file: &'static str, reason: String },
    #[error("the tokenizer has no token “{0}”")]
    NoToken(String),
    #[error(
        "the prompt has {found} tokens in {windows} windows, and at most {limit} windows are taken; shorten it (a picture hardly follows more than 75 tokens)"
    )]
    TooLong { found: usize, windows: usize, limit: usize },
    #[error("the prompt cannot be tokenized: {0}")]
    Encode(String),
}

/// The contents of a `tokenizer` folder, as far as they exist.
#[derive(Clone, Debug, Default)]
pub struct TokenizerFiles {
    pub tokenizer_json: Option<Vec<u8>>,
    pub vocab_json: Option<Vec<u8>>,
    pub merges_txt: Option<Vec<u8>>,
    pub special_tokens_map_json: Option<Vec<u8>>,
    pub tokenizer_config_json: Option<Vec<u8>>,
}

/// What a window of a prompt holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WindowWords {
    /// Begin and end not counted.
    pub tokens: usize,
    /// Its first words.
    pub begins: String,
}

/// Tokens of which [`WindowWords::begins`] is made.
const SHOWN_TOKENS: usize = 5;

pub struct PromptTokenizer {
    tokenizer: Tokenizer,
    special: SpecialTokens,
    /// Of a comma that ends a word.
    comma: Option<u32>,
    /// Tokens of one window, begin and end included.
    positions: usize,
    /// Learned words and what they stand for.
    words: Vec<(String, Vec<u32>)>,
}

/// Special tokens are a text, or an object with its text as `content`.
#[derive(Deserialize)]
#[serde(untagged)]
enum TokenName {
    Text(String),
    Object { content: String },
}

impl TokenName {
    fn into_text(self) -> String {
        match self {
            Self::Text(text) | Self::Object { content: text } => text,
        }
    }
}

#[derive(Default, Deserialize)]
struct TokenNames {
    bos_token: Option<TokenName>,
    eos_token: Option<TokenName>,
    unk_token: Option<TokenName>,
    pad_token: Option<TokenName>,
    model_max_length: Option<f64>,
}

impl PromptTokenizer {
    /// More windows than this make a step slower without a picture following them.
    pub const MAX_WINDOWS: usize = 8;

    /// `encoder_positions`: what the text encoder takes; the tokenizer's own limit may be lower.
    ///
    /// # Errors
    /// When files are missing, unreadable, or lack a special token.
    pub fn new(files: &TokenizerFiles, encoder_positions: usize) -> Result<Self, TokenizerError> {
        let map = names(files.special_tokens_map_json.as_deref(), "special_tokens_map.json")?;
        let config = names(files.tokenizer_config_json.as_deref(), "tokenizer_config.json")?;
        // The map wins: SD 2.x pads with `!` there, while its tokenizer_config.json says otherwise.
        let pick = |a: Option<TokenName>, b: Option<TokenName>| a.or(b).map(TokenName::into_text);
        let begin = pick(map.bos_token, config.bos_token).unwrap_or_else(|| "<|startoftext|>".into());
        let end = pick(map.eos_token, config.eos_token).unwrap_or_else(|| "<|endoftext|>".into());
        let unknown = pick(map.unk_token, config.unk_token).unwrap_or_else(|| end.clone());
        let padding = pick(map.pad_token, config.pad_token);

        let (tokenizer, file) = match (&files.tokenizer_json, &files.vocab_json, &files.merges_txt) {
            (Some(bytes), ..) => {
                let json = without_traps(read_json(bytes, "tokenizer.json")?)?;
                (Tokenizer::from_bytes(json.to_string()), "tokenizer.json")
            }
            (None, Some(vocab), Some(merges)) => {
                let json = clip_tokenizer_json(vocab, merges, &begin, &end, &unknown)?;
                (Tokenizer::from_bytes(json.to_string()), "vocab.json")
            }
            _ => return Err(TokenizerError::Missing),
        };
        let mut tokenizer =
            tokenizer.map_err(|error| TokenizerError::Unreadable { file, reason: error.to_string() })?;
        if let Some(padding) = &padding {
            // transformers makes it a token of its own: with SD 2's padding each `!` of a prompt is cut out as one.
            let added = tokenizer.add_special_tokens([AddedToken::from(padding.as_str(), true)]);
            added.map_err(|error| TokenizerError::Unreadable { file, reason: error.to_string() })?;
        }
        let padding_of_file = tokenizer.get_padding().map(|padding| padding.pad_id);
        // Windows are cut and padded here, whatever the file says.
        tokenizer.with_padding(None);
        let without = tokenizer.with_truncation(None);
        without.map_err(|error| TokenizerError::Unreadable { file, reason: error.to_string() })?;
        let id = |token: &str| tokenizer.token_to_id(token).ok_or_else(|| TokenizerError::NoToken(token.to_owned()));
        let (begin, end) = (id(&begin)?, id(&end)?);
        let padding = match padding {
            Some(token) => id(&token)?,
            None => padding_of_file.unwrap_or(end),
        };
        // transformers writes 1e30 for "no limit".
        let own_limit = config.model_max_length.filter(|limit| *limit >= 3.0).unwrap_or(f64::MAX);
        let positions = (own_limit as usize).min(encoder_positions);
        let comma = tokenizer.token_to_id(",</w>");
        let special = SpecialTokens { begin, end, padding };
        Ok(Self { tokenizer, special, comma, positions, words: Vec::new() })
    }

    /// Words that fit into one window.
    #[must_use]
    pub fn window_room(&self) -> usize {
        self.positions - 2
    }

    /// What each window of a prompt holds.
    ///
    /// # Errors
    /// As [`Self::windows`].
    pub fn count(&self, prompt: &Prompt) -> Result<Vec<WindowWords>, TokenizerError> {
        let words = |window: &TokenWindow| {
            // The first end token ends the words; padding may be the end token too.
            let words = &window.ids[1..];
            let tokens = words.iter().position(|id| *id == self.special.end).unwrap_or(words.len());
            WindowWords { tokens, begins: self.text_of(&words[..tokens.min(SHOWN_TOKENS)]) }
        };
        Ok(self.all_windows(prompt, 1)?.iter().map(words).collect())
    }

    /// Roughly the text that the tokens came from.
    fn text_of(&self, ids: &[u32]) -> String {
        let tokens: Vec<String> = ids.iter().filter_map(|id| self.tokenizer.id_to_token(*id)).collect();
        let text = ByteLevel::default().decode_chain(tokens).unwrap_or_default().concat();
        text.replace("</w>", " ").trim_end().to_owned()
    }

    /// The windows of a prompt: at least `at_least`, and as many as its words need.
    ///
    /// # Errors
    /// When it needs more than [`Self::MAX_WINDOWS`].
    pub fn windows(&self, prompt: &Prompt, at_least: usize) -> Result<Vec<TokenWindow>, TokenizerError> {
        let windows = self.all_windows(prompt, at_least)?;
        if windows.len() > Self::MAX_WINDOWS.max(at_least) {
            let found = self.sections(prompt)?.iter().map(Vec::len).sum();
            return Err(TokenizerError::TooLong { found, windows: windows.len(), limit: Self::MAX_WINDOWS });
        }
        Ok(windows)
    }

    /// However many they are.
    fn all_windows(&self, prompt: &Prompt, at_least: usize) -> Result<Vec<TokenWindow>, TokenizerError> {
        let comma = self.comma.filter(|_| prompt.keeps_phrases);
        Ok(windows(&self.sections(prompt)?, self.positions, self.special, comma, at_least))
    }

    fn sections(&self, prompt: &Prompt) -> Result<Vec<Vec<WeightedToken>>, TokenizerError> {
        let mut sections = Vec::with_capacity(prompt.sections.len());
        for section in &prompt.sections {
            let mut tokens = Vec::new();
            for piece in section {
                let ids = self.ids(&piece.text)?;
                tokens.extend(ids.into_iter().map(|id| WeightedToken { id, weight: piece.weight }));
            }
            sections.push(tokens);
        }
        Ok(sections)
    }

    /// Learns a word: wherever it stands in a prompt, in upper or lower case, it becomes these tokens.
    pub fn add_word(&mut self, word: &str, ids: Vec<u32>) {
        self.words.push((word.to_owned(), ids));
        // "cat-toy-2" before "cat-toy".
        self.words.sort_by_key(|(word, _)| std::cmp::Reverse(word.len()));
    }

    fn ids(&self, text: &str) -> Result<Vec<u32>, TokenizerError> {
        let found = self.words.iter().find_map(|(word, ids)| Some((find_word(text, word)?, ids)));
        let Some((place, ids)) = found else { return self.plain_ids(text) };
        let mut all = self.ids(&text[..place.start])?;
        all.extend(ids);
        all.extend(self.ids(&text[place.end..])?);
        Ok(all)
    }

    fn plain_ids(&self, text: &str) -> Result<Vec<u32>, TokenizerError> {
        let encoding =
            self.tokenizer.encode_fast(text, false).map_err(|error| TokenizerError::Encode(error.to_string()))?;
        Ok(encoding.get_ids().to_vec())
    }
}

/// Where `word` stands in `text` for itself, not inside of a longer word, in upper or lower case.
#[must_use]
pub fn find_word(text: &str, word: &str) -> Option<std::ops::Range<usize>> {
    let is_letter = |character: Option<char>| character.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let (first, last) = (word.chars().next()?, word.chars().next_back()?);
    text.char_indices().map(|(start, _)| start).find_map(|start| {
        let end = start + length_of_same(&text[start..], word)?;
        let joins_before = is_letter(Some(first)) && is_letter(text[..start].chars().next_back());
        let joins_after = is_letter(Some(last)) && is_letter(text[end..].chars().next());
        (!joins_before && !joins_after).then_some(start..end)
    })
}

/// How many bytes of `text` are `word`, whatever the case.
fn length_of_same(text: &str, word: &str) -> Option<usize> {
    let mut characters = text.chars();
    for wanted in word.chars() {
        let found = characters.next()?;
        if found != wanted && !found.to_lowercase().eq(wanted.to_lowercase()) {
            return None;
        }
    }
    Some(text.len() - characters.as_str().len())
}

fn names(bytes: Option<&[u8]>, file: &'static str) -> Result<TokenNames, TokenizerError> {
    bytes.map_or_else(|| Ok(TokenNames::default()), |bytes| read_json(bytes, file))
}

pub(super) fn read_json<T: serde::de::DeserializeOwned>(bytes: &[u8], file: &'static str) -> Result<T, TokenizerError> {
    serde_json::from_slice(bytes).map_err(|error| TokenizerError::Unreadable { file, reason: error.to_string() })
}

/// `tokenizer.json` without what the library ends the program at where it is damaged: a decoder, which nobody needs here,
/// and a normalizer by table, which no text encoder of Stable Diffusion has.
pub(super) fn without_traps(mut json: Value) -> Result<Value, TokenizerError> {
    fn has_table(normalizer: &Value) -> bool {
        match normalizer {
            Value::Object(fields) => {
                fields.get("type").is_some_and(|kind| kind == "Precompiled") || fields.values().any(has_table)
            }
            Value::Array(values) => values.iter().any(has_table),
            _ => false,
        }
    }
    if let Some(fields) = json.as_object_mut() {
        fields.insert("decoder".into(), Value::Null);
    }
    if json.get("normalizer").is_some_and(has_table) {
        let reason = "its normalizer is a table, which no text encoder of Stable Diffusion has".into();
        return Err(TokenizerError::Unreadable { file: "tokenizer.json", reason });
    }
    Ok(json)
}

/// What `tokenizer.json` would say, for the many folders that have none.
fn clip_tokenizer_json(
    vocab: &[u8],
    merges: &[u8],
    begin: &str,
    end: &str,
    unknown: &str,
) -> Result<Value, TokenizerError> {
    let vocab: serde_json::Map<String, Value> = read_json(vocab, "vocab.json")?;
    let merges = std::str::from_utf8(merges)
        .map_err(|error| TokenizerError::Unreadable { file: "merges.txt", reason: error.to_string() })?;
    let merges: Vec<&str> =
        merges.lines().filter(|line| !line.starts_with("#version") && !line.trim().is_empty()).collect();
    let special = |token: &str| {
        json!({"id": vocab.get(token), "content": token, "special": true, "normalized": false,
               "single_word": false, "lstrip": false, "rstrip": false})
    };
    for token in [begin, end] {
        if !vocab.contains_key(token) {
            return Err(TokenizerError::NoToken(token.to_owned()));
        }
    }
    let pattern = r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+";
    Ok(json!({
        "version": "1.0",
        "added_tokens": [special(begin), special(end)],
        "normalizer": {"type": "Sequence", "normalizers": [
            {"type": "NFC"},
            {"type": "Replace", "pattern": {"Regex": r"\s+"}, "content": " "},
            {"type": "Lowercase"},
        ]},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
            {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Removed", "invert": true},
            {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
        ]},
        "model": {"type": "BPE", "unk_token": unknown, "continuing_subword_prefix": "", "end_of_word_suffix": "</w>",
                  "fuse_unk": false, "vocab": vocab, "merges": merges},
    }))
}
