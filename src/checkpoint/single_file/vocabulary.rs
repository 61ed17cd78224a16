//! CLIP's vocabulary, for files that carry none: made of the merges inside the program.

use std::borrow::Cow;
use std::io::Read as _;
use std::sync::LazyLock;

use flate2::read::GzDecoder;
use serde_json::{Map, Value, json};

use crate::checkpoint::CheckpointError;
use crate::checkpoint::builtin::BuiltinFiles;

/// `openai/clip-vit-large-patch14`'s merges, as `OpenAI` published them (MIT); unpacked at the first call, in some
/// milliseconds.
static MERGES: LazyLock<String> = LazyLock::new(|| {
    let mut text = String::new();
    let read = GzDecoder::new(&include_bytes!("../../../assets/clip/merges.txt.gz")[..]).read_to_string(&mut text);
    // A test reads it to its end, so that this cannot fail in a program that was tested.
    read.map(|_| text).unwrap_or_default()
});

/// Tokens of the whole vocabulary: 256 bytes, 256 bytes that end a word, the merges, begin and end.
const WHOLE: usize = 49_408;
const BYTES: usize = 512;
const SPECIALS: usize = 2;

/// The id of the end token in a vocabulary of that size; tokens beyond CLIP's own were added behind it.
#[must_use]
pub(crate) fn end_token(vocabulary_size: usize) -> usize {
    vocabulary_size.min(WHOLE).saturating_sub(1)
}

/// A file of a tokenizer folder for an encoder of `vocabulary_size` tokens, or `None` when there is no such file.
/// A smaller vocabulary than CLIP's is its beginning. `pads_with_zero`: `OpenCLIP`'s encoders are padded with `!`.
#[must_use]
pub(crate) fn file(name: &str, vocabulary_size: usize, pads_with_zero: bool) -> Option<Vec<u8>> {
    let merges = vocabulary_size.min(WHOLE).checked_sub(BYTES + SPECIALS)?;
    let lines = || MERGES.lines().skip(1).take(merges);
    match name {
        "merges.txt" => {
            let mut text = String::from("#version: 0.2\n");
            for line in lines() {
                text.push_str(line);
                text.push('\n');
            }
            Some(text.into_bytes())
        }
        "vocab.json" => {
            let letters = byte_letters();
            let endings = letters.iter().map(|letter| format!("{letter}</w>"));
            let words = letters.iter().map(ToString::to_string).chain(endings);
            let words = words.chain(lines().map(|line| line.replace(' ', "")));
            let words = words.chain(["<|startoftext|>".to_owned(), "<|endoftext|>".to_owned()]);
            let vocabulary: Map<String, Value> = words.enumerate().map(|(id, word)| (word, id.into())).collect();
            serde_json::to_vec(&vocabulary).ok()
        }
        "special_tokens_map.json" => {
            let (begin, end) = ("<|startoftext|>", "<|endoftext|>");
            let padding = if pads_with_zero { "!" } else { end };
            let map = json!({"bos_token": begin, "eos_token": end, "unk_token": end, "pad_token": padding});
            serde_json::to_vec(&map).ok()
        }
        "tokenizer_config.json" => serde_json::to_vec(&json!({"model_max_length": 77})).ok(),
        _ => None,
    }
}

/// GPT-2's letters for the 256 bytes, in the order of the vocabulary: printable ones stand for themselves.
fn byte_letters() -> Vec<char> {
    let is_printable = |byte: &u8| matches!(byte, b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF);
    let printable = (0..=u8::MAX).filter(is_printable).map(char::from);
    let others = (0..=u8::MAX).filter(|byte| !is_printable(byte)).count() as u32;
    printable.chain((256..256 + others).filter_map(char::from_u32)).collect()
}

/// Files made from the built-in model have its vocabulary.
pub(crate) fn built_in(size: usize, file: &str) -> Result<Option<Cow<'static, [u8]>>, CheckpointError> {
    #[derive(serde::Deserialize)]
    struct Size {
        vocab_size: usize,
    }
    let Ok(files) = BuiltinFiles::find() else { return Ok(None) };
    if size >= 49_408 {
        return Ok(None);
    }
    let config = files.read("text_encoder/config.json")?;
    let own = config.and_then(|config| serde_json::from_slice::<Size>(&config).ok());
    if own.is_some_and(|own| own.vocab_size == size) { files.read(&format!("tokenizer/{file}")) } else { Ok(None) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::{PromptTokenizer, TokenizerFiles};

    /// Ids as `openai/clip-vit-large-patch14`'s own tokenizer gives them.
    #[test]
    fn words_have_the_ids_of_the_published_tokenizer() {
        let read = |name| file(name, WHOLE, true);
        let files = TokenizerFiles {
            tokenizer_json: None,
            vocab_json: read("vocab.json"),
            merges_txt: read("merges.txt"),
            special_tokens_map_json: read("special_tokens_map.json"),
            tokenizer_config_json: read("tokenizer_config.json"),
        };
        let tokenizer = PromptTokenizer::new(&files, 77).unwrap();
        let text = "a photo of an astronaut riding a horse".to_owned();
        let windows = tokenizer.windows(&crate::prompt::Prompt::plain(&text), 1).unwrap();
        let ids = &windows[0].ids;
        assert_eq!(ids[..11], [49406, 320, 1125, 539, 550, 18376, 6765, 320, 4558, 49407, 0]);
        assert_eq!(ids.len(), 77);
    }
}
