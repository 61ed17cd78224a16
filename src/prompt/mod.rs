//! From words to windows of tokens. No tensors here.

mod chunk;
mod parse;
mod tokenizer;

pub use chunk::{TokenWindow, WeightedToken, windows};
pub use parse::{WeightedText, parse};
pub use tokenizer::{PromptTokenizer, TokenizerError, TokenizerFiles};
