//! The queue on disk: what waits and what is being made outlives the program, however that ends. Window and service each
//! have a folder of their own.
//!
//! A job is a file that never changes (`entry`), the step that it has come to another one, and the order in which jobs run
//! a third (`list`). Everything is written beside its place and renamed. What cannot be read is set aside, never run.

mod desk;
mod entry;
mod error;
mod folder;
mod keeper;
mod list;
#[cfg(feature = "serve")]
mod outcomes;
mod sealed;
#[cfg(test)]
mod tests;
mod writer;

pub use error::QueueError;
pub use keeper::QueueKeeper;
#[cfg(feature = "serve")]
pub(crate) use outcomes::{KeptOutcome, Outcomes};

use crate::job::{KeptJob, Notice};

/// What earlier runs of the program left.
#[derive(Debug, Default)]
pub struct LeftBehind {
    /// In the order in which they shall run.
    pub jobs: Vec<KeptJob>,
    /// What could not be read, and what became of it.
    pub notices: Vec<Notice>,
}
