//! From words to windows of tokens. No tensors here.

mod chunk;
mod lora_tag;
mod parse;
mod tokenizer;

pub use chunk::{TokenWindow, WeightedToken, windows};
pub use lora_tag::{LoraTag, lora_tags, without_lora_tags};
pub use parse::{WeightedText, parse};
pub use tokenizer::{PromptTokenizer, TokenizerError, TokenizerFiles, find_word};
