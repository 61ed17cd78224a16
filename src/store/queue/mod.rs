//! The queue on disk: what waits and what is being made outlives the program, however that ends. Window and service each
//! have a folder of their own.
//!
//! A job is a file that never changes (`entry`), the step that it has come to another one, and the order in which jobs run
//! a third (`list`). Everything is written beside its place and renamed. What cannot be read is set aside, never run.

mod entry;
mod error;
mod folder;
mod keeper;
mod list;
#[cfg(test)]
mod tests;
mod writer;

pub use error::QueueError;
pub use keeper::QueueKeeper;

use crate::job::{KeptJob, Notice};

/// A folder that this program keeps, with what earlier runs left there.
pub struct OpenedQueue {
    pub keeper: QueueKeeper,
    /// In the order in which they shall run.
    pub jobs: Vec<KeptJob>,
    /// What could not be read, and what became of it.
    pub notices: Vec<Notice>,
}
