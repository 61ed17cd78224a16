//! From words to windows of tokens. No tensors here.

mod chunk;
mod lora_tag;
mod parse;
mod tokenizer;
mod wildcards;

pub use chunk::TokenWindow;
pub use lora_tag::{LoraTag, lora_tags, without_lora_tags};
pub use parse::{Prompt, WeightedText, parse};
pub use tokenizer::{PromptTokenizer, TokenizerError, TokenizerFiles, WindowWords, find_word};
pub use wildcards::drawn;
