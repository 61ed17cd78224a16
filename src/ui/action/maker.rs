//! What a layer can be made by of a picture, what it is called then and what it shows.

use crate::job::{Annotator, ControlKind};
use crate::raster::Preprocessor;

/// What makes a layer of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Maker {
    Plain(Preprocessor),
    /// A network, whose weights may have to be fetched.
    Network(Annotator),
}

impl Maker {
    /// Those that a layer is made by with one click: without a network, then with one.
    pub const OFFERED: [&[Self]; 2] = [
        &[
            Self::Plain(Preprocessor::Canny),
            Self::Plain(Preprocessor::Scribble),
            Self::Plain(Preprocessor::Lineart),
            Self::Plain(Preprocessor::Blur),
            Self::Plain(Preprocessor::Grey),
        ],
        &[
            Self::Network(Annotator::Depth),
            Self::Network(Annotator::Normal),
            Self::Network(Annotator::SoftEdge),
            Self::Network(Annotator::LineDrawing),
        ],
    ];

    /// What the layer is called.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain(Preprocessor::Canny) => "Edges",
            Self::Plain(Preprocessor::Scribble) => "Strokes",
            Self::Plain(Preprocessor::Lineart) => "Lines",
            Self::Plain(Preprocessor::Blur) => "Blur",
            Self::Plain(Preprocessor::Inpaint) => "Inpaint",
            Self::Plain(Preprocessor::Grey) => "Grey",
            Self::Plain(Preprocessor::Invert) => "Inverted",
            Self::Network(Annotator::Depth) => "Depth",
            Self::Plain(Preprocessor::NormalOfDepth) | Self::Network(Annotator::Normal) => "Normals",
            Self::Network(Annotator::SoftEdge) => "Soft edges",
            Self::Network(Annotator::LineDrawing) => "Pencil drawing",
            Self::Network(Annotator::CoarseDrawing) => "Bold drawing",
        }
    }

    /// What its picture shows.
    #[must_use]
    pub fn shows(self) -> Option<ControlKind> {
        match self {
            Self::Plain(Preprocessor::Canny) => Some(ControlKind::Canny),
            Self::Plain(Preprocessor::Scribble) => Some(ControlKind::Scribble),
            Self::Plain(Preprocessor::Blur) => Some(ControlKind::Tile),
            Self::Plain(Preprocessor::Inpaint) => Some(ControlKind::Inpaint),
            Self::Plain(Preprocessor::Grey | Preprocessor::Invert) => None,
            Self::Plain(Preprocessor::NormalOfDepth) | Self::Network(Annotator::Normal) => Some(ControlKind::Normal),
            Self::Network(Annotator::Depth) => Some(ControlKind::Depth),
            Self::Network(Annotator::SoftEdge) => Some(ControlKind::SoftEdge),
            Self::Plain(Preprocessor::Lineart) | Self::Network(Annotator::LineDrawing | Annotator::CoarseDrawing) => {
                Some(ControlKind::Lineart)
            }
        }
    }

    /// How it is seen over the picture: what covers all of it shall not hide it.
    #[must_use]
    pub fn opacity(self) -> f32 {
        let is_lines = matches!(
            self.shows(),
            Some(ControlKind::Canny | ControlKind::Scribble | ControlKind::Lineart | ControlKind::SoftEdge)
        );
        if is_lines { 1.0 } else { 0.5 }
    }
}
