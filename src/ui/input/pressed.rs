//! What this frame's keys ask for.

use egui::{Context, FocusDirection, Key, KeyboardShortcut, Modifiers};

use super::keymap;
use super::shortcuts::{Command, When};
use crate::ui::action::{
    Action, CanvasAction, FilesAction, LibraryAction, LookingAt, PromptAction, ResultsAction, Sheet, Tab, WindowAction,
    Zoom,
};
use crate::ui::canvas::state::Gesture;
use crate::ui::state::AppState;

/// What the keys of this frame ask for. Called before the panels, so that a text field does not see them too.
pub(crate) fn pressed(ctx: &Context, state: &AppState, actions: &mut Vec<Action>) {
    let typing = ctx.text_edit_focused();
    let focused = ctx.egui_wants_keyboard_input();
    let popup_open = egui::Popup::is_any_open(ctx);
    let keymap = keymap::of(ctx);
    for (entry, key) in keymap.by_modifiers() {
        // Escape belongs to the sheet, and nothing behind it shall move.
        let counts = match entry.when {
            _ if state.sheet.is_some() => entry.command == Command::Quit,
            When::Always => true,
            When::NotTyping => !typing && !popup_open,
            When::NothingFocused => !focused && !popup_open,
        };
        if !counts || (entry.command == Command::Panels && !ctx.input(|input| input.modifiers.is_none())) {
            continue;
        }
        let Some(action) = action_of(entry.command, state) else { continue };
        if ctx.input_mut(|input| input.consume_shortcut(key)) {
            if entry.command == Command::Panels {
                // egui has read the Tab already and would put the focus on the first control.
                ctx.memory_mut(|memory| memory.move_focus(FocusDirection::None));
            }
            actions.push(action);
        }
    }
    if state.sheet.is_none()
        && ctx.input_mut(|input| input.consume_shortcut(&KeyboardShortcut::new(Modifiers::COMMAND, Key::Equals)))
    {
        actions.push(Action::Canvas(CanvasAction::Zoom(Zoom::In)));
    }
}

/// `None` when the command means nothing now, and its key is left to others.
fn action_of(command: Command, state: &AppState) -> Option<Action> {
    let outlining = matches!(state.canvas.gesture, Gesture::Outlining { .. });
    let over_canvas = state.canvas.looking_at != LookingAt::Canvas;
    let canvas = |action| Some(Action::Canvas(action));
    match command {
        Command::Generate => Some(Action::Prompt(PromptAction::Generate)),
        Command::GenerateInFront => Some(Action::Prompt(PromptAction::GenerateInFront)),
        Command::Cancel => Some(Action::Results(ResultsAction::CancelRunning)),
        Command::Accept if outlining => canvas(CanvasAction::OutlineClose),
        Command::SetAside if outlining => canvas(CanvasAction::Drop),
        Command::Accept => over_canvas.then_some(Action::Results(ResultsAction::Accept)),
        Command::SetAside => over_canvas.then_some(Action::Results(ResultsAction::SetAside)),
        Command::Previous => Some(Action::Results(ResultsAction::StepCandidate { by: -1 })),
        Command::Next => Some(Action::Results(ResultsAction::StepCandidate { by: 1 })),
        Command::Trash => {
            let file = state.shown_file().filter(|_| over_canvas)?;
            Some(Action::Files(FilesAction::Trash(file)))
        }
        Command::NewCanvas => Some(Action::Canvas(CanvasAction::NewCanvas)),
        Command::OpenPicture => Some(Action::Files(FilesAction::OpenPictureDialog)),
        Command::Models => Some(Action::Library(LibraryAction::Open(Tab::Models))),
        Command::OpenByPath => Some(Action::Window(WindowAction::Show(Sheet::PicturePath))),
        Command::LoadMask => state.canvas.has_picture().then_some(Action::Files(FilesAction::OpenMaskDialog)),
        Command::SaveMask => {
            (!state.canvas.document.mask().is_empty()).then_some(Action::Files(FilesAction::SaveMaskDialog))
        }
        Command::AddModel => Some(Action::Library(LibraryAction::AddModelDialog)),
        Command::SaveAs => Some(Action::Files(FilesAction::SaveAsDialog)),
        Command::Undo => Some(Action::Canvas(CanvasAction::Undo)),
        Command::Redo => Some(Action::Canvas(CanvasAction::Redo)),
        Command::Tool(tool) => canvas(CanvasAction::ChooseTool(tool)),
        Command::SwapTool => canvas(CanvasAction::SwapTool),
        Command::BrushSmaller => canvas(CanvasAction::ScaleBrush(1.0 / 1.15)),
        Command::BrushLarger => canvas(CanvasAction::ScaleBrush(1.15)),
        Command::Mask(step) => canvas(CanvasAction::Mask(step)),
        Command::ToggleMask => canvas(CanvasAction::ToggleMask),
        Command::ToggleModelView => canvas(CanvasAction::ToggleModelView),
        Command::BlankCanvas => canvas(CanvasAction::BlankCanvas),
        Command::ZoomFit => Some(Action::Canvas(CanvasAction::Zoom(Zoom::Fit))),
        Command::Zoom100 => Some(Action::Canvas(CanvasAction::Zoom(Zoom::To(1.0)))),
        Command::Zoom200 => Some(Action::Canvas(CanvasAction::Zoom(Zoom::To(2.0)))),
        Command::Zoom400 => Some(Action::Canvas(CanvasAction::Zoom(Zoom::To(4.0)))),
        Command::Zoom800 => Some(Action::Canvas(CanvasAction::Zoom(Zoom::To(8.0)))),
        Command::ZoomIn => Some(Action::Canvas(CanvasAction::Zoom(Zoom::In))),
        Command::ZoomOut => Some(Action::Canvas(CanvasAction::Zoom(Zoom::Out))),
        Command::Panels => Some(Action::Window(WindowAction::TogglePanels)),
        Command::PromptPanel => Some(Action::Window(WindowAction::TogglePromptPanel)),
        Command::Gallery => Some(Action::Window(WindowAction::ToggleGallery)),
        Command::Keys => Some(Action::Window(WindowAction::Show(Sheet::Keys))),
        Command::Quit => Some(Action::Window(WindowAction::Quit)),
    }
}
