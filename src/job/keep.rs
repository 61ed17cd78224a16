//! What the engine asks of whoever keeps jobs for the next start of the program.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Destination, JobId, StepState, Task};

/// What a front notes with a job and wants to know again after a restart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct JobNote {
    /// What was asked for at once has the same number.
    pub press: u64,
    /// As the front's own clients know it.
    pub name: String,
}

/// A job of an earlier run of the program: it waited, or it was being worked on.
#[derive(Clone, Debug)]
pub struct KeptJob {
    /// Names it to the keeper.
    pub key: u64,
    /// With the step that it had come to.
    pub task: Task,
    pub destination: Destination,
    pub note: JobNote,
}

/// How a job is kept.
#[derive(Clone, Debug)]
pub enum Keep {
    /// It is over with the program.
    Not,
    New(JobNote),
    /// It is kept already, by this key.
    Known(u64),
}

/// Keeps what waits and runs until it has ended. All of this is called while others wait: it must return at once, and what
/// is slow is done elsewhere.
pub trait JobKeeper: Send + Sync + 'static {
    /// A job waits; [`Keep::Not`] never comes here.
    fn add(&self, job: JobId, task: &Task, destination: &Destination, keep: Keep);

    /// Those that wait, in the order in which they will run; among them may be some that are not kept.
    fn order(&self, waiting: &[JobId]);

    fn begin(&self, job: JobId);

    /// From here it can go on.
    fn reach(&self, job: JobId, state: &Arc<StepState>);

    /// It was finished, has failed or was cancelled; not when the program ends before that.
    fn end(&self, job: JobId);
}
