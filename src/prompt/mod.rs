//! From words to windows of tokens. No tensors here.

mod chunk;
mod parse;
mod tokenizer;
mod wildcards;

pub use chunk::TokenWindow;
pub use parse::{Prompt, WeightedText, parse};
pub use tokenizer::{PromptTokenizer, TokenizerError, TokenizerFiles, WindowWords};
pub use wildcards::drawn;
