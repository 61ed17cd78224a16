//! Presses of Generate on their way to the engine: what takes longer than a frame is done before they are submitted.

use std::collections::BTreeMap;

use crate::job::Frame;
use crate::ui::action::Press;
use crate::ui::results::candidate::Kind;

/// Where in the queue its pictures go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    End,
    Front,
    /// Behind a row that waits.
    Behind(Press),
    /// Where that row waits, which goes.
    InsteadOf(Press),
}

/// What a press asked for besides the request itself.
#[derive(Clone, Debug)]
pub(crate) struct PreparedRun {
    pub place: Place,
    /// The row that its pictures make, together with others of the same press.
    pub press: Press,
    pub kind: Kind,
    pub picture_count: u32,
    /// The part of the canvas that is worked on, where it is masked.
    pub frame: Option<Frame>,
    pub estimated_seconds: Option<f64>,
}

/// By the number under which the store answers.
#[derive(Debug, Default)]
pub(crate) struct PreparedRuns {
    waiting: BTreeMap<u64, PreparedRun>,
    last: u64,
}

impl PreparedRuns {
    pub(crate) fn add(&mut self, run: PreparedRun) -> u64 {
        let id = self.next_id();
        self.waiting.insert(id, run);
        id
    }

    /// A number that nothing else is answered by.
    pub(crate) fn next_id(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    /// `None` where it was cancelled meanwhile.
    pub(crate) fn take(&mut self, id: u64) -> Option<PreparedRun> {
        self.waiting.remove(&id)
    }

    /// `None` where it was cancelled meanwhile.
    #[must_use]
    pub(crate) fn picture_count(&self, id: u64) -> Option<u32> {
        self.waiting.get(&id).map(|run| run.picture_count)
    }

    /// Whether something of this press is on its way.
    #[must_use]
    pub(crate) fn has(&self, press: Press) -> bool {
        self.waiting.values().any(|run| run.press == press)
    }

    pub(crate) fn cancel(&mut self, press: Press) {
        self.waiting.retain(|_, run| run.press != press);
    }

    #[must_use]
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(crate) fn cancel_last(&mut self) {
        self.waiting.pop_last();
    }

    pub(crate) fn cancel_all(&mut self) {
        self.waiting.clear();
    }
}
