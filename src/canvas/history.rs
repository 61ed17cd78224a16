//! The steps that can be taken back, and forth again: at most 64, in at most 256 MB.

use std::collections::VecDeque;

use super::change::Change;

#[derive(Debug, Default)]
pub(super) struct History {
    /// Oldest first.
    undo: VecDeque<Change>,
    /// What comes back next stands last.
    redo: Vec<Change>,
}

impl History {
    pub(crate) const MAX_STEPS: usize = 64;
    pub(crate) const MAX_BYTES: usize = 256 << 20;

    /// After a new step: how it is taken back. What had been taken back is gone.
    pub(crate) fn push(&mut self, back: Change) {
        self.redo.clear();
        self.undo.push_back(back);
        self.trim();
    }

    /// Takes the newest step, does `swap` with it, and keeps what `swap` returns for the way forth.
    pub(crate) fn undo(&mut self, swap: impl FnOnce(Change) -> Change) -> bool {
        let Some(change) = self.undo.pop_back() else { return false };
        self.redo.push(swap(change));
        true
    }

    pub(crate) fn redo(&mut self, swap: impl FnOnce(Change) -> Change) -> bool {
        let Some(change) = self.redo.pop() else { return false };
        self.undo.push_back(swap(change));
        true
    }

    pub(crate) fn undo_count(&self) -> usize {
        self.undo.len()
    }

    pub(crate) fn redo_count(&self) -> usize {
        self.redo.len()
    }

    /// The newest step can always be taken back, however large.
    fn trim(&mut self) {
        let mut bytes: usize = self.undo.iter().map(Change::byte_count).sum();
        while self.undo.len() > 1 && (self.undo.len() > Self::MAX_STEPS || bytes > Self::MAX_BYTES) {
            bytes -= self.undo.pop_front().map_or(0, |change| change.byte_count());
        }
    }
}
