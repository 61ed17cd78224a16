//! What the engine asks of whoever draws.

use crate::job::{CancelToken, Drawn, JobError, Progress, Request};

#[derive(Debug, thiserror::Error)]
pub enum BackendError {
    #[error("cancelled")]
    Cancelled,
    #[error(transparent)]
    Failed(#[from] JobError),
}

/// Turns a request into a picture. Lives on the engine's thread and may keep what it has loaded.
pub trait Backend: 'static {
    /// # Errors
    /// `Cancelled` soon after the token says so; `Failed` with its kind. Either way the next
    /// request must find the backend usable.
    fn draw(
        &mut self,
        request: &Request,
        cancel: &CancelToken,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Drawn, BackendError>;

    /// Called after a draw that panicked: forget whatever may be half done.
    fn reset(&mut self);
}
