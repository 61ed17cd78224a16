//! What is being done to the place of a layer.

use crate::canvas::LayerId;
use crate::job::Placement;
use crate::ui::action::Grip;

/// What is being done to the place of a layer.
#[derive(Debug, Default)]
pub struct Placing {
    /// Whether there are handles around the chosen layer.
    pub is_on: bool,
    /// The layer that they were put around.
    pub(super) of: Option<LayerId>,
    pub(super) dragged: Option<Dragged>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Dragged {
    pub(super) layer: LayerId,
    pub(super) grip: Grip,
    /// Where it was taken, in picture pixels.
    pub(super) from: [f32; 2],
    /// As it lay then.
    pub(super) before: Placement,
}

impl Placing {
    #[must_use]
    pub fn is_dragging(&self) -> bool {
        self.dragged.is_some()
    }
}
