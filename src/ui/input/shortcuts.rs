//! Every key of the window, in one table: the menu writes them, the sheet lists them, `pressed` hears them.

use egui::{Context, FocusDirection, Key, KeyboardShortcut, Modifiers};

use crate::ui::action::{Action, Zoom};
use crate::ui::canvas::action::{CanvasAction, MaskStep};
use crate::ui::canvas::state::Hand;
use crate::ui::canvas::tools::Tool;
use crate::ui::input::keymap;
use crate::ui::library::action::LibraryAction;
use crate::ui::library::state::Tab;
use crate::ui::state::{AppState, LookingAt, Sheet};

/// Something that a key can do. The names are those of the keys' file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Command {
    Generate,
    GenerateInFront,
    Cancel,
    Accept,
    SetAside,
    Previous,
    Next,
    Trash,
    NewCanvas,
    OpenPicture,
    Models,
    OpenByPath,
    LoadMask,
    SaveMask,
    AddModel,
    SaveAs,
    Undo,
    Redo,
    Tool(Tool),
    SwapTool,
    BrushSmaller,
    BrushLarger,
    Mask(MaskStep),
    ToggleMask,
    ToggleModelView,
    BlankCanvas,
    ZoomFit,
    Zoom100,
    Zoom200,
    Zoom400,
    Zoom800,
    ZoomIn,
    ZoomOut,
    Panels,
    PromptPanel,
    Gallery,
    Keys,
    Quit,
}

/// When a key is heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    Always,
    /// Not while a text is being written: there it is a letter.
    NotTyping,
    /// Not while a control has the keyboard: it wants the key for itself.
    NothingFocused,
}

/// A line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    pub command: Command,
    /// In the keys' file.
    pub id: &'static str,
    /// In the sheet of keys.
    pub words: &'static str,
    pub key: KeyboardShortcut,
    pub when: When,
}

const COMMAND_SHIFT: Modifiers = Modifiers::COMMAND.plus(Modifiers::SHIFT);

const fn entry(
    command: Command,
    id: &'static str,
    words: &'static str,
    modifiers: Modifiers,
    key: Key,
    when: When,
) -> Entry {
    Entry { command, id, words, key: KeyboardShortcut::new(modifiers, key), when }
}

/// In the order of the sheet.
pub const TABLE: &[Entry] = {
    use Command as C;
    use Modifiers as M;
    use When::{Always, NotTyping, NothingFocused};
    &[
        entry(C::Generate, "generate", "Generate, or queue the next", M::COMMAND, Key::Enter, Always),
        entry(
            C::GenerateInFront,
            "generate-in-front",
            "Generate in front of what waits",
            COMMAND_SHIFT,
            Key::Enter,
            Always,
        ),
        entry(C::Cancel, "cancel", "Cancel what is being made", M::SHIFT, Key::X, NotTyping),
        entry(C::Accept, "accept", "Accept the shown picture", M::NONE, Key::Enter, NothingFocused),
        entry(C::SetAside, "set-aside", "Set the shown picture aside", M::NONE, Key::Escape, NothingFocused),
        entry(C::Previous, "previous", "Picture before", M::NONE, Key::ArrowLeft, NothingFocused),
        entry(C::Next, "next", "Picture after", M::NONE, Key::ArrowRight, NothingFocused),
        entry(C::Trash, "trash", "Move the shown picture to the Trash", M::NONE, Key::Delete, NothingFocused),
        entry(C::NewCanvas, "new-canvas", "New canvas", M::COMMAND, Key::N, Always),
        entry(C::BlankCanvas, "blank-canvas", "White canvas to draw on", COMMAND_SHIFT, Key::N, Always),
        entry(C::OpenPicture, "open-picture", "Open a picture", M::COMMAND, Key::O, Always),
        entry(C::Models, "models", "All models, and more of them", M::COMMAND, Key::M, Always),
        entry(C::OpenByPath, "open-by-path", "Open a picture by its path", M::COMMAND, Key::L, Always),
        entry(C::LoadMask, "load-mask", "Load a mask", COMMAND_SHIFT, Key::L, Always),
        entry(C::SaveMask, "save-mask", "Save the mask", COMMAND_SHIFT, Key::K, Always),
        entry(C::AddModel, "add-model", "Add a model folder", COMMAND_SHIFT, Key::O, Always),
        entry(C::SaveAs, "save-as", "Save the shown picture as", COMMAND_SHIFT, Key::S, Always),
        entry(C::Undo, "undo", "Undo on the canvas", M::COMMAND, Key::Z, NotTyping),
        entry(C::Redo, "redo", "Redo on the canvas", COMMAND_SHIFT, Key::Z, NotTyping),
        entry(C::Tool(Tool::Hand), "hand", "Move the picture (or hold Space)", M::NONE, Key::H, NotTyping),
        entry(C::Tool(Tool::Brush), "brush", "Mask brush", M::NONE, Key::B, NotTyping),
        entry(C::Tool(Tool::Eraser), "eraser", "Mask eraser (or hold Alt)", M::NONE, Key::E, NotTyping),
        entry(C::Tool(Tool::Lasso), "lasso", "Mask with a lasso", M::NONE, Key::L, NotTyping),
        entry(C::Tool(Tool::Polygon), "polygon", "Mask a polygon", M::SHIFT, Key::L, NotTyping),
        entry(C::Tool(Tool::Rectangle), "rectangle", "Mask a rectangle", M::NONE, Key::R, NotTyping),
        entry(C::Tool(Tool::Bucket), "fill-outline", "Mask what an outline encloses", M::NONE, Key::G, NotTyping),
        entry(C::Tool(Tool::Select), "select", "Select a thing by a click", M::NONE, Key::W, NotTyping),
        entry(C::Tool(Tool::Colour), "colour-brush", "Colour brush (Alt picks a colour)", M::NONE, Key::D, NotTyping),
        entry(C::Tool(Tool::Extend), "extend", "Extend the canvas", M::NONE, Key::O, NotTyping),
        entry(C::BrushSmaller, "brush-smaller", "Smaller brush", M::NONE, Key::OpenBracket, NotTyping),
        entry(C::BrushLarger, "brush-larger", "Larger brush", M::NONE, Key::CloseBracket, NotTyping),
        entry(C::SwapTool, "swap", "Swap brush and eraser, or the two colours", M::NONE, Key::X, NotTyping),
        entry(C::Mask(MaskStep::Invert), "mask-invert", "Invert the mask", M::SHIFT, Key::V, NotTyping),
        entry(C::Mask(MaskStep::Clear), "mask-clear", "Clear the mask", M::SHIFT, Key::C, NotTyping),
        entry(C::Mask(MaskStep::All), "mask-all", "Mask everything", M::SHIFT, Key::A, NotTyping),
        entry(C::Mask(MaskStep::Grow), "mask-grow", "Grow the mask", M::SHIFT, Key::G, NotTyping),
        entry(C::Mask(MaskStep::Shrink), "mask-shrink", "Shrink the mask", M::SHIFT, Key::S, NotTyping),
        entry(C::Mask(MaskStep::Feather), "mask-feather", "Soften the mask's edge", M::SHIFT, Key::F, NotTyping),
        entry(C::ToggleMask, "show-mask", "Show or hide the mask", M::NONE, Key::M, NotTyping),
        entry(C::ToggleModelView, "show-model-view", "See what the model sees", M::NONE, Key::V, NotTyping),
        entry(C::ZoomFit, "zoom-fit", "Fit the picture", M::COMMAND, Key::Num0, Always),
        entry(C::Zoom100, "zoom-100", "Zoom to 100 %", M::COMMAND, Key::Num1, Always),
        entry(C::Zoom200, "zoom-200", "Zoom to 200 %", M::COMMAND, Key::Num2, Always),
        entry(C::Zoom400, "zoom-400", "Zoom to 400 %", M::COMMAND, Key::Num3, Always),
        entry(C::Zoom800, "zoom-800", "Zoom to 800 %", M::COMMAND, Key::Num4, Always),
        entry(C::ZoomIn, "zoom-in", "Zoom in", M::COMMAND, Key::Plus, Always),
        entry(C::ZoomOut, "zoom-out", "Zoom out", M::COMMAND, Key::Minus, Always),
        entry(C::Panels, "panels", "Hide or show both panels", M::NONE, Key::Tab, NothingFocused),
        entry(C::PromptPanel, "prompt-panel", "Prompt panel", COMMAND_SHIFT, Key::P, Always),
        entry(C::Gallery, "gallery", "Gallery", COMMAND_SHIFT, Key::G, Always),
        entry(C::Keys, "keys", "This list", M::NONE, Key::F1, Always),
        entry(C::Quit, "quit", "Quit", M::COMMAND, Key::Q, Always),
    ]
};

/// How a command's key is written on this system, "" where it has none.
#[must_use]
pub fn written(ctx: &Context, command: Command) -> String {
    keymap::of(ctx).key(command).map(|key| ctx.format_shortcut(&key)).unwrap_or_default()
}

/// What the keys of this frame ask for. Called before the panels, so that a text field does not see them too.
pub fn pressed(ctx: &Context, state: &AppState, actions: &mut Vec<Action>) {
    let typing = ctx.text_edit_focused();
    let focused = ctx.egui_wants_keyboard_input();
    let popup_open = egui::Popup::is_any_open(ctx);
    let keymap = keymap::of(ctx);
    for (entry, key) in keymap.by_modifiers() {
        // Escape belongs to the sheet, and nothing behind it shall move.
        let heard = match entry.when {
            _ if state.sheet.is_some() => entry.command == Command::Quit,
            When::Always => true,
            When::NotTyping => !typing && !popup_open,
            When::NothingFocused => !focused && !popup_open,
        };
        if !heard || (entry.command == Command::Panels && !ctx.input(|input| input.modifiers.is_none())) {
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
        actions.push(Action::Zoom(Zoom::In));
    }
}

/// `None` when the command means nothing now, and its key belongs to whoever wants it.
fn action_of(command: Command, state: &AppState) -> Option<Action> {
    let outlining = matches!(state.canvas.hand, Hand::Outlining { .. });
    let over_canvas = state.canvas.looking_at != LookingAt::Canvas;
    let canvas = |action| Some(Action::Canvas(action));
    match command {
        Command::Generate => Some(Action::Generate),
        Command::GenerateInFront => Some(Action::GenerateInFront),
        Command::Cancel => Some(Action::CancelRunning),
        Command::Accept if outlining => canvas(CanvasAction::OutlineClose),
        Command::SetAside if outlining => canvas(CanvasAction::Drop),
        Command::Accept => over_canvas.then_some(Action::Accept),
        Command::SetAside => over_canvas.then_some(Action::SetAside),
        Command::Previous => Some(Action::StepCandidate { by: -1 }),
        Command::Next => Some(Action::StepCandidate { by: 1 }),
        Command::Trash => over_canvas.then(|| state.shown_file().map(Action::Trash)).flatten(),
        Command::NewCanvas => Some(Action::NewCanvas),
        Command::OpenPicture => Some(Action::OpenPictureDialog),
        Command::Models => Some(Action::Library(LibraryAction::Open(Tab::Models))),
        Command::OpenByPath => Some(Action::Show(Sheet::PicturePath)),
        Command::LoadMask => state.canvas.has_picture().then_some(Action::OpenMaskDialog),
        Command::SaveMask => (!state.canvas.document.mask().is_empty()).then_some(Action::SaveMaskDialog),
        Command::AddModel => Some(Action::AddModelDialog),
        Command::SaveAs => Some(Action::SaveAsDialog),
        Command::Undo => Some(Action::Undo),
        Command::Redo => Some(Action::Redo),
        Command::Tool(tool) => canvas(CanvasAction::ChooseTool(tool)),
        Command::SwapTool => canvas(CanvasAction::SwapTool),
        Command::BrushSmaller => canvas(CanvasAction::ScaleBrush(1.0 / 1.15)),
        Command::BrushLarger => canvas(CanvasAction::ScaleBrush(1.15)),
        Command::Mask(step) => canvas(CanvasAction::Mask(step)),
        Command::ToggleMask => canvas(CanvasAction::ToggleMask),
        Command::ToggleModelView => canvas(CanvasAction::ToggleModelView),
        Command::BlankCanvas => canvas(CanvasAction::BlankCanvas),
        Command::ZoomFit => Some(Action::Zoom(Zoom::Fit)),
        Command::Zoom100 => Some(Action::Zoom(Zoom::To(1.0))),
        Command::Zoom200 => Some(Action::Zoom(Zoom::To(2.0))),
        Command::Zoom400 => Some(Action::Zoom(Zoom::To(4.0))),
        Command::Zoom800 => Some(Action::Zoom(Zoom::To(8.0))),
        Command::ZoomIn => Some(Action::Zoom(Zoom::In)),
        Command::ZoomOut => Some(Action::Zoom(Zoom::Out)),
        Command::Panels => Some(Action::TogglePanels),
        Command::PromptPanel => Some(Action::TogglePromptPanel),
        Command::Gallery => Some(Action::ToggleGallery),
        Command::Keys => Some(Action::Show(Sheet::Keys)),
        Command::Quit => Some(Action::Quit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::theme::fonts;

    #[test]
    fn a_mac_has_signs_for_its_keys() {
        let ctx = Context::default();
        fonts::install(&ctx);
        let written_on = |os| {
            let mut words = String::new();
            ctx.set_os(os);
            ctx.run_ui(egui::RawInput::default(), |ui| words = written(ui.ctx(), Command::Redo)).textures_delta.clear();
            words
        };
        assert_eq!(written_on(egui::os::OperatingSystem::Mac), "⇧⌘Z");
        assert_eq!(written_on(egui::os::OperatingSystem::Nix), "Ctrl+Shift+Z");
    }
}
