//! Where the words of regions lie on the screen.

use egui::Rect;

use crate::canvas::LayerId;

/// The words of an area, which can be pressed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chip {
    pub layer: LayerId,
    pub rect: Rect,
}
