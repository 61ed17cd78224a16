//! What may stand in the tool strip: the buttons as values, so that the strip and its menu show and do the same.

use crate::canvas::tools::Tool;
use crate::ui::action::{Action, CanvasAction, LiveAction, MaskStep, Zoom};
use crate::ui::input::shortcuts::Command;
use crate::ui::state::AppState;
use crate::ui::theme::icons;

/// Of the strip's menus.
pub(super) const MENU_WIDTH: f32 = 264.0;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Button(Button),
    /// The zoom, which opens the menu of zooms.
    ZoomLevel,
    SizeLabel,
    SizeSlider,
    SizeNumber,
    HardnessLabel,
    HardnessSlider,
    HardnessNumber,
    /// Freehand or corner by corner.
    Outline,
    /// How a selection joins the mask.
    Join,
    /// What is waited for.
    SelectState,
    Hint,
    Colour,
    OtherColour,
    /// The word beside the switch of live painting: one button with it.
    LiveWord,
    /// Opens the four sides' numbers.
    ExtendNumbers,
    More,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Button {
    Tool(Tool),
    ZoomOut,
    ZoomIn,
    ZoomFit,
    ShowMask,
    InvertMask,
    ClearMask,
    /// Live painting.
    Live,
    /// Its result beside the drawing, or over it.
    LivePlace,
    Undo,
    Redo,
}

/// How a button looks at this moment.
pub(super) struct Shown {
    pub icon: &'static str,
    pub name: &'static str,
    pub command: Command,
    pub enabled: bool,
    pub selected: bool,
    /// Why it is not enabled.
    pub reason: &'static str,
}

impl Button {
    pub(super) fn shown(self, state: &AppState) -> Shown {
        let canvas = &state.canvas;
        let has_picture = canvas.has_picture();
        let plain =
            |icon, name, command, enabled, reason| Shown { icon, name, command, enabled, selected: false, reason };
        let no_picture = "There is no picture yet";
        let zooms = canvas.view.shown_zoom.is_some();
        match self {
            Self::Tool(tool) => Shown {
                selected: stands_for(tool, canvas.tool),
                ..plain(
                    icon(tool),
                    tool.name(),
                    Command::Tool(tool),
                    has_picture || matches!(tool, Tool::Hand | Tool::Colour),
                    "Open a picture or accept a result first: there is nothing to paint on",
                )
            },
            Self::ZoomOut => plain(icons::MINUS, "Zoom out", Command::ZoomOut, zooms, no_picture),
            Self::ZoomIn => plain(icons::PLUS, "Zoom in", Command::ZoomIn, zooms, no_picture),
            Self::ZoomFit => plain(icons::FRAME_CORNERS, "Fit the picture", Command::ZoomFit, zooms, no_picture),
            Self::ShowMask => {
                let eye = if canvas.overlay.hides_mask { icons::EYE_SLASH } else { icons::EYE };
                plain(eye, "Show the mask", Command::ToggleMask, has_picture, no_picture)
            }
            Self::InvertMask => {
                let command = Command::Mask(MaskStep::Invert);
                plain(icons::SELECTION_INVERSE, "Invert the mask", command, has_picture, no_picture)
            }
            Self::ClearMask => {
                let has_mask = !canvas.document.mask().is_empty();
                let command = Command::Mask(MaskStep::Clear);
                plain(icons::TRASH, "Clear the mask", command, has_mask, "Nothing is masked")
            }
            Self::Live => Shown {
                selected: state.live.is_on,
                ..plain(icons::LIGHTNING, "Live painting", Command::Live, true, "")
            },
            Self::LivePlace => {
                let (icon, name) = if state.live.is_over {
                    (icons::CIRCLE_HALF, "Show the result beside the drawing")
                } else {
                    (icons::SQUARE_SPLIT_HORIZONTAL, "Show the result over the drawing")
                };
                plain(icon, name, Command::LivePlace, state.live.is_on, "Live painting is off")
            }
            Self::Undo => {
                let can = canvas.can_undo();
                plain(icons::ARROW_U_UP_LEFT, "Undo", Command::Undo, can, "Nothing to take back yet")
            }
            Self::Redo => {
                let can = canvas.document.can_redo();
                plain(icons::ARROW_U_UP_RIGHT, "Redo", Command::Redo, can, "Nothing was taken back")
            }
        }
    }

    /// What a press asks for.
    pub(super) fn press(self, state: &AppState, actions: &mut Vec<Action>) {
        match self {
            Self::Live => return actions.push(Action::Live(LiveAction::Toggle)),
            Self::LivePlace => return actions.push(Action::Live(LiveAction::TogglePlace)),
            _ => {}
        }
        let mut ask = |action| actions.push(Action::Canvas(action));
        match self {
            Self::Tool(tool) => {
                if tool == Tool::Colour && !state.canvas.has_picture() {
                    ask(CanvasAction::BlankCanvas);
                }
                ask(CanvasAction::ChooseTool(tool));
            }
            Self::ZoomOut => ask(CanvasAction::Zoom(Zoom::Out)),
            Self::ZoomIn => ask(CanvasAction::Zoom(Zoom::In)),
            Self::ZoomFit => ask(CanvasAction::Zoom(Zoom::Fit)),
            Self::ShowMask => ask(CanvasAction::ToggleMask),
            Self::InvertMask => ask(CanvasAction::Mask(MaskStep::Invert)),
            Self::ClearMask => ask(CanvasAction::Mask(MaskStep::Clear)),
            Self::Undo => ask(CanvasAction::Undo),
            Self::Redo => ask(CanvasAction::Redo),
            Self::Live | Self::LivePlace => {}
        }
    }
}

/// Lasso stands for the polygon too: its options show which.
pub(super) fn stands_for(tool: Tool, chosen: Tool) -> bool {
    tool == chosen || (tool == Tool::Lasso && chosen == Tool::Polygon)
}

fn icon(tool: Tool) -> &'static str {
    match tool {
        Tool::Hand => icons::HAND,
        Tool::Brush => icons::PAINT_BRUSH,
        Tool::Eraser => icons::ERASER,
        Tool::Rectangle => icons::SELECTION,
        Tool::Lasso => icons::LASSO,
        Tool::Polygon => icons::POLYGON,
        Tool::Bucket => icons::PAINT_BUCKET,
        Tool::Select => icons::MAGIC_WAND,
        Tool::Colour => icons::PALETTE,
        Tool::Extend => icons::CORNERS_OUT,
    }
}
