//! What can be asked for in the prompt panel.

use std::path::PathBuf;

use crate::job::{ModelRef, Request};

#[derive(Clone, Debug)]
pub enum PromptAction {
    /// Starts or queues what the panel holds.
    Generate,
    /// The same, in front of everything that waits.
    GenerateInFront,
    /// Puts the cursor into the prompt, wherever one was.
    Focus,
    /// Unfolds the field of that name in the panel, and puts the keyboard into it.
    FindField(&'static str),
    /// Writes the prompt that was used before this one into the field.
    Older,
    /// The way back, down to what was not sent yet.
    Newer,
    /// Writes an example into the prompt and starts it.
    StartExample(&'static str),
    ChooseModel(ModelRef),
    /// Writes a saved picture's settings into the panel.
    UseSettings(PathBuf),
    /// The canvas is in the request of a press of Generate.
    RequestReady {
        id: u64,
        request: Box<Request>,
    },
    RequestFailed {
        id: u64,
    },
}
