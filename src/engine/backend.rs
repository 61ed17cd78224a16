//! What the engine asks of whoever draws.

use crate::job::{CancelToken, Drawn, JobError, Progress, Task};

/// Why a task came to no picture.
#[derive(Debug, thiserror::Error)]
pub enum BackendError {
    #[error("cancelled")]
    Cancelled,
    #[error(transparent)]
    Failed(#[from] JobError),
}

/// Carries tasks out. Lives on the engine's thread and may keep what it has loaded.
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

    /// Called after a run that panicked: forget whatever may be half done.
    fn reset(&mut self);
}
