//! Steps that change the whole canvas: worked out apart from the window's thread, one after the other, and put in place
//! only if the canvas is still the same.

use std::collections::VecDeque;
use std::fmt;

use crate::canvas::{Prepared, Snapshot};
use crate::ui::action::{CanvasAction, WholeStep};

type Make = Box<dyn FnOnce(&Snapshot) -> Option<Prepared> + Send>;

#[derive(Default)]
pub struct CanvasWork {
    waiting: VecDeque<(WholeStep, Make)>,
    /// The number of what is being worked out.
    running: Option<u64>,
    last: u64,
}

impl fmt::Debug for CanvasWork {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "CanvasWork({:?}, {} waiting)", self.running, self.waiting.len())
    }
}

impl CanvasWork {
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.running.is_some() || !self.waiting.is_empty()
    }

    /// Adds a step. It is made of the canvas as it is once its turn has come.
    pub(super) fn add(&mut self, step: WholeStep, make: impl FnOnce(&Snapshot) -> Option<Prepared> + Send + 'static) {
        self.waiting.push_back((step, Box::new(make)));
    }

    /// The next step, to be run on another thread, if nothing runs.
    pub(super) fn next(&mut self) -> Option<(u64, impl FnOnce(&Snapshot) -> CanvasAction + Send + use<>)> {
        if self.running.is_some() {
            return None;
        }
        let (step, make) = self.waiting.pop_front()?;
        self.last += 1;
        let id = self.last;
        self.running = Some(id);
        Some((id, move |snapshot: &Snapshot| CanvasAction::Worked { id, step, prepared: make(snapshot).map(Box::new) }))
    }

    /// Whether the answer is the one that is waited for.
    pub(super) fn ends(&mut self, id: u64) -> bool {
        let is_it = self.running == Some(id);
        if is_it {
            self.running = None;
        }
        is_it
    }

    /// Gives up what runs and what waits. `false` when there was nothing.
    pub(in crate::ui) fn cancel(&mut self) -> bool {
        let was_busy = self.is_busy();
        self.waiting.clear();
        self.running = None;
        was_busy
    }
}
