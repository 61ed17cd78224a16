//! Steps on the canvas as values: what undo keeps, and what the journal writes.

use std::path::PathBuf;
use std::sync::Arc;

use super::layer::LayerPart;
use super::mask_layer::{MaskLayer, MaskTile};
use super::picture_layer::{ColourTile, PictureLayer};
use super::stack::StackChange;
use super::tiles::TileIndex;
use crate::raster::Picture;

/// Where the canvas's picture came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// `None` when it was never a file of its own.
    pub file: Option<PathBuf>,
    /// Whether it was made here; a photo was not.
    pub made_here: bool,
}

/// Contents of single tiles.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TilesChange {
    pub mask: Vec<(TileIndex, MaskTile)>,
    /// `None` shows the picture as it came.
    pub colour: Vec<(TileIndex, Option<ColourTile>)>,
    /// Of the layer that is painted on, of its drawing or its mask.
    pub drawn: Vec<(TileIndex, MaskTile)>,
    pub part: LayerPart,
}

impl TilesChange {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.mask.is_empty() && self.colour.is_empty() && self.drawn.is_empty()
    }

    fn byte_count(&self) -> usize {
        let colour = self.colour.iter().filter_map(|(_, pixels)| pixels.as_ref());
        let mask = self.mask.iter().chain(&self.drawn).map(|(_, tile)| tile.byte_count() + 32);
        mask.sum::<usize>() + colour.map(|pixels| pixels.len() + 32).sum::<usize>()
    }
}

/// Everything that lies on the canvas at one time.
#[derive(Clone, Debug, Default)]
pub struct Sheet {
    /// `None` is the empty canvas.
    pub picture: Option<PictureLayer>,
    pub origin: Origin,
    /// Shared with the canvas: it is packed where it is written.
    pub mask: MaskLayer,
    pub stack: StackChange,
}

impl Sheet {
    #[must_use]
    pub fn of(picture: Arc<Picture>, origin: Origin, mask: MaskLayer, stack: StackChange) -> Self {
        Self { picture: Some(PictureLayer::new(picture)), origin, mask, stack }
    }
}

/// What goes back with one undo.
#[derive(Clone, Debug)]
pub(super) enum Change {
    Tiles(TilesChange),
    Sheet(Box<Sheet>),
    Stack(StackChange),
}

impl Change {
    pub(crate) fn byte_count(&self) -> usize {
        match self {
            Self::Tiles(tiles) => tiles.byte_count(),
            Self::Sheet(sheet) => {
                sheet.mask.byte_count()
                    + sheet.stack.byte_count()
                    + sheet.picture.as_ref().map_or(0, PictureLayer::byte_count)
            }
            Self::Stack(stack) => stack.byte_count(),
        }
    }
}

/// One step as it was made, so that a row of them makes the same canvas again.
#[derive(Clone, Debug)]
pub enum Record {
    /// Where the row begins: there is no step back from here.
    Start(Box<Sheet>),
    /// The tiles as they are afterwards.
    Tiles(TilesChange),
    Sheet(Box<Sheet>),
    /// The list of layers as it is afterwards, with what is new in it.
    Stack(StackChange),
    Undo,
    Redo,
}
