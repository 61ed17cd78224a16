//! Whether a job shall stop: set by whoever asked for it, looked at by whoever works on it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Shared between the front, the engine and the pipeline.
#[derive(Clone, Debug, Default)]
pub struct CancelToken {
    cancelled: Arc<AtomicBool>,
}

impl CancelToken {
    /// Asks the job to stop: it answers by itself within one block of the network.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Release);
    }

    /// As it is looked at within an operator.
    #[must_use]
    pub fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.cancelled)
    }

    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Acquire)
    }
}
