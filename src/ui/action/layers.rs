//! What can be asked for with the layers over the picture.

use std::path::PathBuf;
use std::sync::Arc;

use super::maker::Maker;
use super::place::PlaceAction;
use super::pose::PoseAction;
use crate::canvas::{LayerId, LayerSettings};
use crate::job::Annotator;
use crate::mask::Outline;
use crate::raster::Picture;

/// A row of the list, and what the tools work on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum LayerRow {
    Picture,
    #[default]
    Mask,
    Layer(LayerId),
    /// Where a layer counts.
    LayerMask(LayerId),
}

impl LayerRow {
    /// The layer whose row it is, or whose mask's.
    #[must_use]
    pub fn layer(self) -> Option<LayerId> {
        match self {
            Self::Layer(id) | Self::LayerMask(id) => Some(id),
            Self::Picture | Self::Mask => None,
        }
    }
}

/// Where a new layer's pixels come from.
#[derive(Clone, Debug, PartialEq)]
pub enum NewLayer {
    /// Nothing: it is drawn on.
    Scribble,
    /// Somebody who stands, whose points are moved.
    Pose,
    /// Nothing yet: an area is painted on it, which has words of its own.
    Region,
    /// The same of what is masked.
    RegionOfMask,
    /// The regions' areas, each in the colour of what it is called, for networks that know areas by colour.
    AreasOfRegions,
    /// The canvas's picture.
    OfPicture(Maker),
    /// A picture file, as it is or made into something.
    OfFile(PathBuf, Option<Maker>),
    /// A picture file that the prompt speaks of.
    Reference(PathBuf),
}

#[derive(Clone, Debug)]
pub enum LayerAction {
    /// Folds the list, or opens it; where only a rail is, it lies over the canvas.
    ToggleList,
    Choose(LayerRow),
    /// Chooses the row `by` places further down.
    Step {
        by: isize,
    },
    Add(NewLayer),
    /// A network makes a layer of this picture.
    Annotate {
        annotator: Annotator,
        picture: Arc<Picture>,
    },
    /// Something is done to the people of a layer.
    Pose(PoseAction),
    /// The chosen layer is moved, scaled or turned by its handles.
    Place(PlaceAction),
    /// Asks for a picture file.
    AddFileDialog,
    /// Asks for a picture file that the prompt speaks of.
    AddReferenceDialog,
    /// A layer's picture is what the prompt speaks of, instead of what steers.
    MakeReference(LayerId),
    ToggleEye(LayerRow),
    /// This one alone is on; all of them, where it is so already.
    Solo(LayerId),
    ToggleLock(LayerRow),
    /// The chosen layer goes `by` places further down.
    Move {
        by: isize,
    },
    /// It stands at this place of the layers from now on, 0 in front.
    MoveTo {
        layer: LayerId,
        place: usize,
    },
    /// The keyboard goes to the words of a region.
    EditWords(LayerId),
    BeginRename(LayerId),
    Rename {
        layer: LayerId,
        name: String,
    },
    EndRename,
    Duplicate(LayerId),
    Delete(LayerId),
    /// What was deleted last stands there again.
    PutBack,
    /// Black becomes white.
    Invert(LayerId),
    /// Takes away what is drawn.
    Clear(LayerId),
    /// One with the layer below it.
    MergeDown(LayerId),
    /// How it was placed becomes its own pixels.
    ApplyPlacement(LayerId),
    /// A mask of its own, on which one paints where it counts.
    AddMask(LayerId),
    InvertMask(LayerId),
    RemoveMask(LayerId),
    /// Sets something of it; what is dragged comes many times, and is one step in the end.
    Set {
        layer: LayerId,
        settings: Box<LayerSettings>,
    },
    /// Of the picture as it is seen, 0 to 1.
    SetPictureOpacity(f32),
    /// A small picture of a drawing was made; `LayerRow::Mask` is the mask's.
    Thumbnail {
        row: LayerRow,
        /// Of what it was made.
        revision: u64,
        picture: Option<Arc<Picture>>,
        /// Around a region.
        outline: Option<Arc<Outline>>,
    },
    /// What a network will see was worked out, or why it will not.
    Seen {
        ask: u64,
        picture: Result<Arc<Picture>, String>,
    },
}
