//! What can be done on the canvas, as values. Places are in picture pixels, from its upper left corner.

use std::sync::Arc;

use crate::canvas::Prepared;
use crate::canvas::tools::Tool;
use crate::job::SelectPrompt;
use crate::raster::{Extension, Picture};

#[derive(Clone, Debug)]
pub enum CanvasAction {
    ChooseTool(Tool),
    /// Brush and eraser, or the colour and the one before it.
    SwapTool,
    /// The brush becomes so many times as large.
    ScaleBrush(f32),
    StrokeBegin(StrokeStart),
    StrokeTo(PenPoint),
    StrokeEnd,
    OutlineBegin {
        at: [f32; 2],
        takes_away: bool,
        /// With the last selection, to point at more of the same thing.
        goes_on: bool,
    },
    /// The next place of a lasso, or the other corner of a rectangle.
    OutlineTo([f32; 2]),
    OutlineCorner([f32; 2]),
    /// Closes the outline and masks its inside.
    OutlineClose,
    /// Forgets the gesture that was begun.
    Drop,
    Fill([f32; 2]),
    /// How the next selection is joined with the mask.
    Join(Join),
    PickColour([f32; 2]),
    UseColour([u8; 3]),
    Mask(MaskStep),
    ToggleMask,
    ToggleModelView,
    ExtendTo(Extension),
    /// Adds what was dragged out.
    Extend,
    /// A white canvas of the size in the prompt panel, to draw on.
    BlankCanvas,
    /// Takes the canvas's picture away: back to Create.
    NewCanvas,
    /// The hand is on the tool that masks a rectangle, and what is masked is worked on at the model's own size.
    WorkOnPart,
    /// Takes the line away that says what the model cannot do.
    CloseNotice,
    Undo,
    Redo,
    Zoom(Zoom),
    /// Copies what is seen, or what is masked of the canvas.
    Copy,
    /// That is put together.
    Copied(Arc<egui::ColorImage>),
    /// The canvas's picture is put together, for the selector; nothing where that broke.
    SelectIn {
        /// The number of the ask.
        ask: u64,
        picture: Option<Arc<Picture>>,
        prompt: SelectPrompt,
    },
    /// A picture from the clipboard.
    Paste(Arc<egui::ColorImage>),
    /// A step on the whole canvas was worked out; nothing where it changes nothing.
    Worked {
        id: u64,
        step: WholeStep,
        prepared: Option<Box<Prepared>>,
    },
}

/// A step that is worked out apart from the window's thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WholeStep {
    Mask,
    Extend,
    Paste,
    /// A layer that is new, and chosen then.
    Layer,
    /// Two layers that become one.
    Merge,
    /// Anything else with the layers.
    Layers,
}

/// How the view changes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Zoom {
    Fit,
    In,
    Out,
    /// Screen points for one picture pixel.
    To(f32),
}

/// How a selection is joined with the mask that is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Join {
    Replace,
    #[default]
    Add,
    TakeAway,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StrokeStart {
    pub at: PenPoint,
    /// Eraser instead of brush, and the other way round.
    pub reversed: bool,
    /// Straight from where the last stroke ended.
    pub from_last: bool,
}

/// Where the pen is, and how firmly it is pressed, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PenPoint {
    pub at: [f32; 2],
    pub pressure: f32,
}

/// A step that changes the whole mask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MaskStep {
    All,
    Invert,
    Clear,
    Grow,
    Shrink,
    /// Blurs its edge.
    Feather,
}
