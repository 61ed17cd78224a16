//! What the engine asks of whoever draws.

use crate::job::{CancelToken, Drawn, JobError, Progress, Task};

/// Why a task came to no picture.
#[derive(Debug, thiserror::Error)]
pub enum BackendError {
    #[error("cancelled")]
    Cancelled,
    #[error(transparent)]
    Failed(#[from] JobError),
    /// This device cannot do it, where another one may: only after [`Backend::has_others`] said that there is one.
    #[error("{device}: {error}")]
    HandOver {
        /// As a person calls it: "cuda:1".
        device: String,
        error: JobError,
        /// Whether the device itself has failed, so that it is better left alone; else the picture was too much for it.
        is_broken: bool,
    },
}

/// Carries tasks out. Lives on a thread of the engine and may keep what it has loaded.
pub trait Backend: 'static {
    /// # Errors
    /// `Cancelled` soon after the token says so; `Failed` with its kind. Either way the next
    /// task must find the backend usable.
    fn run(
        &mut self,
        task: &Task,
        cancel: &CancelToken,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Drawn, BackendError>;

    /// Called before each run: whether another device could take the task over from this one.
    fn has_others(&mut self, _has_others: bool) {}

    /// Called after a run that panicked: forget whatever may be half done.
    fn reset(&mut self);
}

impl<B: Backend + ?Sized> Backend for Box<B> {
    fn run(
        &mut self,
        task: &Task,
        cancel: &CancelToken,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Drawn, BackendError> {
        self.as_mut().run(task, cancel, progress)
    }

    fn has_others(&mut self, has_others: bool) {
        self.as_mut().has_others(has_others);
    }

    fn reset(&mut self) {
        self.as_mut().reset();
    }
}
