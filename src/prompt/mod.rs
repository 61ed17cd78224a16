//! From words to windows of tokens. No tensors here.

mod chunk;
mod lora_tag;
mod parse;
mod tokenizer;
mod wildcards;

pub(crate) use chunk::TokenWindow;
pub use lora_tag::lora_tags;
pub use parse::{Prompt, parse};
pub use tokenizer::{PromptTokenizer, WindowWords, find_word};
pub(crate) use tokenizer::{TokenizerError, TokenizerFiles};
pub use wildcards::drawn;
