//! Every key of the window, in one table: the menu writes them, the sheet lists them, `pressed` hears them.

use egui::{Context, FocusDirection, Key, KeyboardShortcut, Modifiers};

use super::action::{Action, Zoom};
use super::state::{AppState, LookingAt, Sheet};

const COMMAND_SHIFT: Modifiers = Modifiers::COMMAND.plus(Modifiers::SHIFT);

const fn command(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::COMMAND, key)
}

const fn command_shift(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(COMMAND_SHIFT, key)
}

const fn bare(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::NONE, key)
}

pub const GENERATE: KeyboardShortcut = command(Key::Enter);
pub const CANCEL: KeyboardShortcut = KeyboardShortcut::new(Modifiers::SHIFT, Key::X);
pub const NEW_CANVAS: KeyboardShortcut = command(Key::N);
pub const OPEN_PICTURE: KeyboardShortcut = command(Key::O);
pub const ADD_MODEL: KeyboardShortcut = command_shift(Key::O);
pub const SAVE_AS: KeyboardShortcut = command_shift(Key::S);
pub const QUIT: KeyboardShortcut = command(Key::Q);
pub const UNDO: KeyboardShortcut = command(Key::Z);
pub const REDO: KeyboardShortcut = command_shift(Key::Z);
pub const ACCEPT: KeyboardShortcut = bare(Key::Enter);
pub const SET_ASIDE: KeyboardShortcut = bare(Key::Escape);
pub const PREVIOUS: KeyboardShortcut = bare(Key::ArrowLeft);
pub const NEXT: KeyboardShortcut = bare(Key::ArrowRight);
pub const TRASH: KeyboardShortcut = bare(Key::Delete);
pub const PANELS: KeyboardShortcut = bare(Key::Tab);
pub const PROMPT_PANEL: KeyboardShortcut = command_shift(Key::P);
pub const GALLERY: KeyboardShortcut = command_shift(Key::G);
pub const ZOOM_IN: KeyboardShortcut = command(Key::Plus);
pub const ZOOM_OUT: KeyboardShortcut = command(Key::Minus);
pub const ZOOM_FIT: KeyboardShortcut = command(Key::Num0);
pub const ZOOM_100: KeyboardShortcut = command(Key::Num1);
pub const ZOOM_200: KeyboardShortcut = command(Key::Num2);
pub const ZOOM_400: KeyboardShortcut = command(Key::Num3);
pub const ZOOM_800: KeyboardShortcut = command(Key::Num4);
pub const KEYS: KeyboardShortcut = bare(Key::F1);

/// For the sheet of keys.
pub const ALL: [(&str, KeyboardShortcut); 25] = [
    ("Generate, or queue the next", GENERATE),
    ("Cancel what is being made", CANCEL),
    ("Accept the shown picture", ACCEPT),
    ("Set the shown picture aside", SET_ASIDE),
    ("Picture before", PREVIOUS),
    ("Picture after", NEXT),
    ("Move the shown picture to the Trash", TRASH),
    ("New canvas", NEW_CANVAS),
    ("Open a picture", OPEN_PICTURE),
    ("Add a model folder", ADD_MODEL),
    ("Save the shown picture as", SAVE_AS),
    ("Undo on the canvas", UNDO),
    ("Redo on the canvas", REDO),
    ("Fit the picture", ZOOM_FIT),
    ("Zoom to 100 %", ZOOM_100),
    ("Zoom to 200 %", ZOOM_200),
    ("Zoom to 400 %", ZOOM_400),
    ("Zoom to 800 %", ZOOM_800),
    ("Zoom in", ZOOM_IN),
    ("Zoom out", ZOOM_OUT),
    ("Hide or show both panels", PANELS),
    ("Prompt panel", PROMPT_PANEL),
    ("Gallery", GALLERY),
    ("This list", KEYS),
    ("Quit", QUIT),
];

/// What the keys of this frame ask for. Called before the panels, so that a text field does not see them too.
pub fn pressed(ctx: &Context, state: &AppState, actions: &mut Vec<Action>) {
    let typing = ctx.text_edit_focused();
    let something_focused = ctx.egui_wants_keyboard_input();
    let popup_open = egui::Popup::is_any_open(ctx);
    let hit = |shortcut: KeyboardShortcut| ctx.input_mut(|input| input.consume_shortcut(&shortcut));

    if hit(QUIT) {
        actions.push(Action::Quit);
    }
    if state.sheet.is_some() {
        // Escape belongs to the sheet, and nothing behind it shall move.
        return;
    }
    // `consume_shortcut` overlooks an extra Shift: the longer ones come first.
    let anywhere = [
        (SAVE_AS, Action::SaveAsDialog),
        (ADD_MODEL, Action::AddModelDialog),
        (PROMPT_PANEL, Action::TogglePromptPanel),
        (GALLERY, Action::ToggleGallery),
        (GENERATE, Action::Generate),
        (NEW_CANVAS, Action::NewCanvas),
        (OPEN_PICTURE, Action::OpenPictureDialog),
        (ZOOM_IN, Action::Zoom(Zoom::In)),
        (KeyboardShortcut::new(Modifiers::COMMAND, Key::Equals), Action::Zoom(Zoom::In)),
        (ZOOM_OUT, Action::Zoom(Zoom::Out)),
        (ZOOM_FIT, Action::Zoom(Zoom::Fit)),
        (ZOOM_100, Action::Zoom(Zoom::To(1.0))),
        (ZOOM_200, Action::Zoom(Zoom::To(2.0))),
        (ZOOM_400, Action::Zoom(Zoom::To(4.0))),
        (ZOOM_800, Action::Zoom(Zoom::To(8.0))),
        (KEYS, Action::Show(Sheet::Keys)),
    ];
    actions.extend(anywhere.into_iter().filter(|(shortcut, _)| hit(*shortcut)).map(|(_, action)| action));

    if !typing {
        // Redo first: see above. While typing both belong to the text.
        let plain = [(REDO, Action::Redo), (UNDO, Action::Undo), (CANCEL, Action::CancelRunning)];
        actions.extend(plain.into_iter().filter(|(shortcut, _)| hit(*shortcut)).map(|(_, action)| action));
    }
    if !something_focused && !popup_open {
        unfocused(ctx, state, actions);
    }
}

/// Keys that a focused control would want for itself.
fn unfocused(ctx: &Context, state: &AppState, actions: &mut Vec<Action>) {
    let hit = |shortcut: KeyboardShortcut| ctx.input_mut(|input| input.consume_shortcut(&shortcut));
    if ctx.input(|input| input.modifiers.is_none()) && hit(PANELS) {
        // egui has read the Tab already and would put the focus on the first control.
        ctx.memory_mut(|memory| memory.move_focus(FocusDirection::None));
        actions.push(Action::TogglePanels);
    }
    let over_canvas = state.canvas.looking_at != LookingAt::Canvas;
    if over_canvas && hit(ACCEPT) {
        actions.push(Action::Accept);
    }
    if over_canvas && hit(SET_ASIDE) {
        actions.push(Action::SetAside);
    }
    if hit(PREVIOUS) {
        actions.push(Action::StepCandidate { by: -1 });
    }
    if hit(NEXT) {
        actions.push(Action::StepCandidate { by: 1 });
    }
    if hit(TRASH)
        && let Some(file) = state.shown_file()
    {
        actions.push(Action::Trash(file));
    }
}
