//! What the queue's panel keeps besides the pictures themselves.

use egui::Id;

use crate::job::JobId;
use crate::ui::action::Press;
use crate::ui::results::candidate::Candidate;

#[derive(Debug, Default)]
pub struct QueueState {
    /// Whether it stands in the gallery's place.
    pub open: bool,
    pub is_paused: bool,
    /// Whether one picture follows the other with what stands in the panel.
    pub forever: bool,
    pub editing: Option<Editing>,
    /// The row that has the keyboard, as the last frame drew it.
    pub focused: Option<Press>,
    /// Asks the next frame to give a row the keyboard.
    pub wants_focus: Option<Press>,
    /// The row that was taken out last, for Undo.
    pub removed: Option<Removed>,
    /// Rows of which a picture was finished just now.
    pub finished: Vec<Press>,
    /// Up to here the list of what is done was cleared.
    pub cleared: Option<JobId>,
}

/// A row whose words are being written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Editing {
    pub press: Press,
    pub words: String,
    /// Whether the field has had the keyboard yet.
    pub has_begun: bool,
}

#[derive(Clone, Debug)]
pub struct Removed {
    /// Where it stood among the rows.
    pub row: usize,
    pub pictures: Vec<Candidate>,
}

/// The name by which a row can be given the keyboard.
#[must_use]
pub(super) fn row_id(press: Press) -> Id {
    Id::unique(("queue row", press))
}
