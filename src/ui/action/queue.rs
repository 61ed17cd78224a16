//! What can be done with what waits. A press of Generate is one row of the queue, however many pictures it asked for.

/// Tells the presses of Generate apart, also after a restart.
pub type Press = u64;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QueueAction {
    /// Shows it in the gallery's place, or the gallery again.
    Toggle,
    /// No picture begins any more, or they do again.
    Pause,
    /// So many rows down, or up with less than 0.
    Move {
        press: Press,
        by: isize,
    },
    /// To this row, counted without itself.
    MoveTo {
        press: Press,
        row: usize,
    },
    ToFront(Press),
    /// Takes a waiting row out.
    Remove(Press),
    /// Puts the row back that was taken out last.
    PutBack,
    /// Stops all pictures of the row that is being made.
    CancelRow(Press),
    /// The same once more behind it, with the next seeds.
    Duplicate(Press),
    /// Opens the field with the row's words.
    BeginEdit(Press),
    EndEdit,
    /// Other words for a waiting row.
    Edit {
        press: Press,
        words: String,
    },
    /// Takes what is done off the list; it stays in the strip and in the gallery.
    ClearDone,
    /// One picture after the other with what stands in the panel, or no more of that.
    Forever,
}
