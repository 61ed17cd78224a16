//! What the thread that writes and those who speak to it have in common.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crossbeam_channel::Sender;

use super::LeftBehind;
use super::error::QueueError;
use crate::job::{Destination, JobError, JobId, JobNote, StepState, Task, Wake};

/// What the thread and those who ask have in common.
pub(super) struct Desk {
    /// The newest of each job: one that was overtaken is never written.
    pub steps: Mutex<HashMap<JobId, Arc<StepState>>>,
    /// Once the folder was read.
    pub left: Mutex<Option<LeftBehind>>,
    pub problems: Mutex<Vec<JobError>>,
    wake: Wake,
}

pub(super) enum Command {
    Add {
        job: JobId,
        task: Box<Task>,
        destination: Destination,
        note: JobNote,
    },
    /// It has a file already.
    Know {
        job: JobId,
        key: u64,
    },
    Order(Vec<JobId>),
    Begin(JobId),
    End(JobId),
    /// Answered with what has failed since the last one.
    Flush(Sender<Option<String>>),
    Close,
}

impl Desk {
    pub(super) fn new(wake: Wake) -> Self {
        Self { steps: Mutex::default(), left: Mutex::default(), problems: Mutex::default(), wake }
    }

    pub(super) fn take_steps(&self) -> HashMap<JobId, Arc<StepState>> {
        std::mem::take(&mut lock(&self.steps))
    }

    pub(super) fn leave(&self, left: LeftBehind) {
        *lock(&self.left) = Some(left);
        (self.wake)();
    }

    pub(super) fn report(&self, problem: QueueError) {
        tracing::warn!("{problem}");
        lock(&self.problems).insert(0, problem.into());
        (self.wake)();
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
