//! What can be asked for while pictures are compared. They are brought there by `ResultsAction::Compare`.

use std::path::PathBuf;
use std::sync::Arc;

use crate::raster::Difference;

#[derive(Clone, Debug)]
pub enum CompareAction {
    Close,
    Mode(CompareMode),
    /// A and B change places.
    Swap,
    /// This one is A, or B.
    Show {
        index: usize,
        as_b: bool,
    },
    /// The difference of these two files at this gain was computed; nothing where that broke.
    Computed {
        files: [PathBuf; 2],
        gain: f32,
        difference: Option<Arc<Difference>>,
    },
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CompareMode {
    /// A at the left of a line, B at its right.
    #[default]
    Slider,
    SideBySide,
    /// One after the other in the same place.
    Flicker,
    Difference,
}

impl CompareMode {
    pub const ALL: [Self; 4] = [Self::Slider, Self::SideBySide, Self::Flicker, Self::Difference];

    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Slider => "Slider",
            Self::SideBySide => "Side by side",
            Self::Flicker => "Flicker",
            Self::Difference => "Difference",
        }
    }

    #[must_use]
    pub fn hint(self) -> &'static str {
        match self {
            Self::Slider => "A at the left of the line, B at its right: drag it, or use the arrow keys.",
            Self::SideBySide => "All of them, moved and zoomed together.",
            Self::Flicker => "One after the other in the same place.",
            Self::Difference => "Black where both are alike, brighter the more they differ.",
        }
    }
}
