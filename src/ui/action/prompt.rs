//! What can be asked for in the prompt panel.

use std::path::PathBuf;

use crate::job::{ModelRef, WorkGrid};

#[derive(Clone, Debug)]
pub enum PromptAction {
    /// Starts or queues what the panel says.
    Generate,
    /// The same, in front of everything that waits.
    GenerateInFront,
    /// Writes an example into the prompt and starts it.
    StartExample(&'static str),
    ChooseModel(ModelRef),
    /// A model's files were read.
    GridFound(ModelRef, Option<WorkGrid>),
    /// Writes a saved picture's settings into the panel.
    UseSettings(PathBuf),
}
