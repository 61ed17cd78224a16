//! The state of the tool that masks a thing by a click or a box: what was pointed at, and what is waited for.

use std::sync::Arc;

use crate::job::SelectPrompt;
use crate::mask::MaskPlane;
use crate::ui::action::Join;

/// What was pointed at, and what is waited for.
#[derive(Default)]
pub struct Selecting {
    pub join: Join,
    /// Whether what is pointed at now belongs to the last selection.
    pub goes_on: bool,
    /// The share that is there of what is being fetched.
    pub fetched: Option<f32>,
    pub(super) last: Option<Selection>,
    /// The number of the newest ask.
    pub(super) asked: u64,
    /// Whether that was sent, and is not answered.
    pub(super) waits: bool,
    /// It waits to be sent.
    pub(super) unsent: bool,
}

pub(super) struct Selection {
    pub(super) prompt: SelectPrompt,
    pub(super) join: Join,
    /// The mask before it.
    pub(super) before: Arc<MaskPlane>,
}

impl Selecting {
    #[must_use]
    pub fn is_looking(&self) -> bool {
        self.waits
    }
}
