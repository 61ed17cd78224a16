//! What can be asked for while somebody writes: weights, styles, lists of tags.

use std::ops::Range;
use std::path::PathBuf;

use crate::store::words::Style;

/// One of the prompt panel's texts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PromptField {
    #[default]
    Prompt,
    Negative,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WordsAction {
    /// What is selected, or the word at the cursor, counts a tenth more or less.
    Weigh {
        heavier: bool,
    },
    /// Writes other words over these bytes of a text.
    Replace {
        field: PromptField,
        place: Range<usize>,
        with: String,
    },
    /// Puts words at a prompt's end, behind a comma.
    Append(String),
    /// Puts a prompt in the place of what stands there.
    UsePrompt(String),
    /// Writes the style of this name into prompt and negative prompt.
    UseStyle(String),
    KeepStyle(Style),
    /// Puts a LoRA on the shelf.
    AddLora(PathBuf),
    RemoveLora(PathBuf),
    ForgetStyle(String),
    /// Shows the file in which styles are kept.
    ShowStyles,
    ChooseTagsDialog,
    /// This list of tags is completed from now on.
    UseTags(PathBuf),
}
