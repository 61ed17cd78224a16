//! The jobs that clients of this interface wait for: what `interrupt` stops, and what ends when a client goes away.

use std::sync::{Arc, Mutex, PoisonError};

use crate::service::jobs::{Record, State};

/// The jobs of one request.
type Group = Vec<Arc<Record>>;

#[derive(Default)]
pub(in crate::service) struct Groups {
    open: Mutex<Vec<Group>>,
}

impl Groups {
    pub(super) fn open(&self, group: Group) {
        self.list().push(group);
    }

    /// Nobody waits for it any more. What has not ended is cancelled, unless it is to be saved here: that can still be
    /// interrupted.
    pub(super) fn close(&self, group: &[Arc<Record>], goes_on: bool) {
        if !goes_on {
            for record in group {
                record.cancel();
            }
        }
        drop(self.list());
    }

    /// All jobs that have not ended, in the order in which they were asked for.
    #[must_use]
    pub(super) fn live(&self) -> Group {
        self.list().iter().flatten().filter(|record| record.state() != State::Ended).cloned().collect()
    }

    /// Stops the request that is being worked on.
    pub(super) fn interrupt(&self) {
        let list = self.list();
        let is_running = |group: &&Group| group.iter().any(|record| record.state() == State::Running);
        let group = list.iter().find(is_running).or_else(|| list.first());
        group.into_iter().flatten().for_each(|record| record.cancel());
    }

    /// Stops the picture that is being worked on; the next of its request follows.
    pub(super) fn skip(&self) {
        if let Some(record) = self.list().iter().flatten().find(|record| record.state() == State::Running) {
            record.cancel();
        }
    }

    /// Those that have not ended.
    fn list(&self) -> std::sync::MutexGuard<'_, Vec<Group>> {
        let mut list = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        list.retain(|group| group.iter().any(|record| record.state() != State::Ended));
        list
    }
}
