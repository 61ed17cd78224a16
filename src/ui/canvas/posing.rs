//! What is being done to the people of a layer.

use crate::canvas::LayerId;
use crate::job::Pose;

/// What is being done to the people of a layer.
#[derive(Debug, Default)]
pub struct Posing {
    pub(super) dragged: Option<Dragged>,
    /// What was let go and is being drawn on another thread.
    pub(super) sent: Option<(LayerId, Pose)>,
    /// The person that was moved last, and on which layer.
    pub(super) last: Option<(LayerId, usize)>,
}

#[derive(Debug)]
pub(super) struct Dragged {
    pub(super) layer: LayerId,
    pub(super) person: usize,
    pub(super) point: usize,
    pub(super) whole: bool,
    /// Where the pointer is, in picture pixels.
    pub(super) at: [f32; 2],
    pub(super) pose: Pose,
}

impl Posing {
    #[must_use]
    pub fn is_dragging(&self) -> bool {
        self.dragged.is_some()
    }
}
