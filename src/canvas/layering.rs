//! Steps on the list of layers.

use super::change::{Change, Record};
use super::document::Document;
use super::stack::StackChange;

impl Document {
    /// Changes the list of layers, as one step. `false`, and nothing is done, where `edit` says so.
    pub fn change_stack(&mut self, edit: impl FnOnce(&mut StackChange) -> bool) -> bool {
        self.end_stroke();
        let mut stack = self.stack.as_it_is();
        let is_changed = edit(&mut stack);
        if is_changed {
            self.put_stack(stack);
        }
        is_changed
    }

    pub(super) fn put_stack(&mut self, stack: StackChange) {
        self.records.push(Record::Stack(stack.clone()));
        let back = self.swap(Change::Stack(stack));
        self.history.push(back);
    }

    /// Sets something of the layers that is still being set (a slider is dragged, a word is written): it becomes one step
    /// at [`Document::end_editing`].
    pub fn edit_stack(&mut self, edit: impl FnOnce(&mut StackChange)) {
        let before = self.stack.as_it_is();
        let mut stack = before.clone();
        edit(&mut stack);
        self.editing.get_or_insert(before);
        self.swap(Change::Stack(stack));
    }

    /// What was set is one step, if it is different from before.
    pub fn end_editing(&mut self) {
        let Some(before) = self.editing.take() else { return };
        let now = self.stack.as_it_is();
        if before != now {
            self.records.push(Record::Stack(now));
            self.history.push(Change::Stack(before));
        }
    }

    /// Whether something of the layers is being set.
    #[must_use]
    pub fn is_editing(&self) -> bool {
        self.editing.is_some()
    }
}
