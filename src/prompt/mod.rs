//! From words to windows of tokens. No tensors here.

mod chat;
mod choices;
mod chunk;
mod composable;
mod extra_tags;
mod fragment;
mod known_words;
mod parse;
mod remarks;
mod schedule;
mod tokenizer;
mod weight_keys;

pub use chat::{ChatForm, ChatTokenizer, words_of};
pub use choices::{Wildcards, drawn, drawn_from, wildcard_names};
pub(crate) use chunk::TokenWindow;
pub(crate) use composable::weights;
pub use composable::{Part, parts};
pub use extra_tags::{LoraTag, lora_tags};
pub use fragment::{Fragment, Piece, fragment};
pub use known_words::{KnownWords, Phrase};
pub use parse::{Prompt, parse};
pub use remarks::{remarks, remarks_on_negative, remarks_on_region};
pub(crate) use schedule::at_step;
pub use schedule::{Stage, stages};
pub use tokenizer::{PromptTokenizer, WindowWords, find_word};
pub(crate) use tokenizer::{TokenizerError, TokenizerFiles};
pub use weight_keys::{Weighed, weighed};
