//! A job's life as one atomic: who may start it, who may cancel it, and who tells of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// Where a job stands. A job that was cancelled while it waited never starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobState {
    Waiting,
    Running,
    Cancelled,
}

const WAITING: u8 = 0;
const RUNNING: u8 = 1;
const CANCELLED: u8 = 2;

/// Shared between the one who asked for a job and the thread that works on it.
#[derive(Clone, Debug, Default)]
pub struct CancelToken {
    state: Arc<AtomicU8>,
}

impl CancelToken {
    /// Marks the job as started. `false` when it was cancelled before.
    #[must_use]
    pub fn start(&self) -> bool {
        self.state.compare_exchange(WAITING, RUNNING, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// Asks the job to stop and returns what it was doing: a job that was `Waiting` will never speak again,
    /// a `Running` one answers by itself within one block of the network.
    #[must_use]
    pub fn cancel(&self) -> JobState {
        match self.state.swap(CANCELLED, Ordering::AcqRel) {
            WAITING => JobState::Waiting,
            RUNNING => JobState::Running,
            _ => JobState::Cancelled,
        }
    }

    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.state.load(Ordering::Acquire) == CANCELLED
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_cancelled_while_waiting_never_starts() {
        let token = CancelToken::default();
        assert_eq!(token.cancel(), JobState::Waiting);
        assert!(!token.start());
        assert_eq!(token.cancel(), JobState::Cancelled);
    }

    #[test]
    fn a_running_job_sees_its_cancel() {
        let token = CancelToken::default();
        assert!(token.start());
        assert!(!token.is_cancelled());
        assert_eq!(token.clone().cancel(), JobState::Running);
        assert!(token.is_cancelled());
    }
}
