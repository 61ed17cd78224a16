//! What this frame's keys ask for.

use egui::{Context, Event, FocusDirection, Id, Key, Modifiers};

use super::gallery_keys::{self, Meaning};
use super::keymap;
use super::layer_keys;
use super::shortcuts::{Command, When};
use crate::ui::action::{
    Action, BranchAction, CanvasAction, CompareAction, DialogRequest, FilesAction, GridAction, LayerAction, LayerRow,
    LibraryAction, LiveAction, LookingAt, PlaceAction, PromptAction, QueueAction, ResultsAction, SettingsAction,
    ShareAction, Sheet, Tab, WindowAction, WordsAction, Zoom,
};
use crate::ui::canvas::state::Gesture;
use crate::ui::state::AppState;

/// The next of this frame's keys that asks for something, in the order in which they were pressed: a key that was pressed
/// twice in a slow frame counts twice, and what the first one did is there when the second one is read. Called before the
/// panels, so that a text field does not see it too. `from` is where to go on among the frame's events, 0 at first.
pub(crate) fn next(ctx: &Context, state: &AppState, from: &mut usize) -> Option<Action> {
    let typing = ctx.text_edit_focused();
    let focused = ctx.egui_wants_keyboard_input();
    let popup_open = egui::Popup::is_any_open(ctx);
    let keymap = keymap::of(ctx);
    let counts = |when: When, command: Command| match when {
        // Escape belongs to the sheet, and nothing behind it shall move.
        _ if state.sheet == Some(Sheet::Palette) => matches!(command, Command::Quit | Command::Palette),
        _ if state.sheet.is_some() => command == Command::Quit,
        // Its own keys move the line and close it; the canvas behind it shall not move.
        When::NotTyping | When::NothingFocused if state.compare.is_open() && command != Command::Compare => false,
        When::Always => true,
        When::NotTyping => !typing && !popup_open,
        When::NothingFocused => !focused && !popup_open,
    };
    let (command, action) = ctx.input_mut(|input| {
        while let Some(event) = input.events.get(*from) {
            if let Event::Key { key, pressed: true, modifiers, .. } = event {
                let (key, modifiers) = (*key, *modifiers);
                let asked = keymap.by_modifiers().find_map(|(entry, shortcut)| {
                    let fits = key == shortcut.logical_key && modifiers.matches_logically(shortcut.modifiers);
                    let fits = fits && (entry.command != Command::Panels || modifiers.is_none());
                    let action = (fits && counts(entry.when, entry.command)).then(|| action_of(entry.command, state));
                    Some((Some(entry.command), action??))
                });
                // The plus key without its Shift.
                let zooms = key == Key::Equals && modifiers.matches_logically(Modifiers::COMMAND);
                let zoom = || (None, Action::Canvas(CanvasAction::Zoom(Zoom::In)));
                if let Some(asked) = asked.or_else(|| (zooms && state.sheet.is_none()).then(zoom)) {
                    input.events.remove(*from);
                    return Some(asked);
                }
            }
            *from += 1;
        }
        None
    })?;
    if command == Some(Command::Panels) {
        // egui has read the Tab already and would put the focus on the first control.
        ctx.memory_mut(|memory| memory.move_focus(FocusDirection::None));
    }
    Some(action)
}

fn focus_id() -> Id {
    Id::unique("focus of the last frame")
}

/// Keeps which control has the keyboard, for the next frame: by then egui has let go of it where Escape was pressed.
pub(crate) fn note_focus(ctx: &Context) {
    let focused = ctx.memory(egui::Memory::focused).filter(|_| ctx.egui_wants_keyboard_input());
    ctx.data_mut(|data| data.insert_temp(focus_id(), focused));
}

fn focus_of_the_last_frame(ctx: &Context) -> Option<Id> {
    ctx.data(|data| data.get_temp::<Option<Id>>(focus_id())).flatten()
}

/// Takes an Escape that means something else than leaving the field that one writes in: that field keeps the keyboard,
/// though egui has let go of it already. Returns whether one was pressed.
pub(crate) fn take_escape(ctx: &Context) -> bool {
    let is_pressed = ctx.input_mut(|input| {
        let first = input.events.iter().position(is_escape);
        first.map(|first| input.events.remove(first)).is_some()
    });
    if let Some(focused) = focus_of_the_last_frame(ctx).filter(|_| is_pressed) {
        ctx.memory_mut(|memory| memory.request_focus(focused));
    }
    is_pressed
}

fn is_escape(event: &Event) -> bool {
    matches!(event, Event::Key { key: Key::Escape, pressed: true, .. })
}

fn left_id() -> Id {
    Id::unique("field left by Escape")
}

/// Whether a field lost the keyboard in this frame because somebody pressed Escape in it: then what was written in it may
/// not be wanted.
pub(crate) fn was_left_by_escape(ctx: &Context) -> bool {
    ctx.data(|data| data.get_temp::<u64>(left_id())) == Some(ctx.cumulative_frame_nr())
}

/// The first Escape leaves a field, and does nothing else.
pub(crate) fn leave_field(ctx: &Context) {
    if focus_of_the_last_frame(ctx).is_some() {
        let is_left = ctx.input_mut(|input| {
            let first = input.events.iter().position(is_escape);
            first.map(|first| input.events.remove(first)).is_some()
        });
        if is_left {
            let now = ctx.cumulative_frame_nr();
            ctx.data_mut(|data| data.insert_temp(left_id(), now));
        }
    }
}

/// `None` when the command means nothing now, and its key is left to others.
#[allow(clippy::too_many_lines)] // An arm for each command, and nothing else.
pub(crate) fn action_of(command: Command, state: &AppState) -> Option<Action> {
    let outlining = matches!(state.canvas.gesture, Gesture::Outlining { .. });
    let over_canvas = state.canvas.looking_at != LookingAt::Canvas;
    let canvas = |action| Some(Action::Canvas(action));
    if state.gallery.view.is_open && !state.compare.is_open() {
        match gallery_keys::in_view(command, state) {
            Meaning::Does(action) => return Some(Action::Gallery(action)),
            Meaning::Nothing => return None,
            Meaning::Usual => {}
        }
    }
    if state.branch.is_open() {
        match command {
            Command::Accept => return Some(Action::Branch(BranchAction::GoOn)),
            Command::SetAside | Command::Steps => return Some(Action::Branch(BranchAction::Close)),
            Command::Previous => return Some(Action::Branch(BranchAction::By(-1))),
            Command::Next => return Some(Action::Branch(BranchAction::By(1))),
            _ => {}
        }
    }
    match command {
        Command::Generate => Some(Action::Prompt(PromptAction::Generate)),
        Command::GenerateInFront => Some(Action::Prompt(PromptAction::GenerateInFront)),
        Command::Forever => Some(Action::Queue(QueueAction::Forever)),
        Command::Prompt => Some(Action::Prompt(PromptAction::Focus)),
        // With a row of the queue at hand these keys move it.
        Command::OlderPrompt | Command::NewerPrompt if state.queue.focused.is_some() => {
            let (press, by) = (state.queue.focused?, if command == Command::OlderPrompt { -1 } else { 1 });
            Some(Action::Queue(QueueAction::Move { press, by }))
        }
        Command::OlderPrompt => Some(Action::Prompt(PromptAction::Older)),
        Command::NewerPrompt => Some(Action::Prompt(PromptAction::Newer)),
        Command::MoreWeight => Some(Action::Words(WordsAction::Weigh { heavier: true })),
        Command::LessWeight => Some(Action::Words(WordsAction::Weigh { heavier: false })),
        Command::Cancel => Some(Action::Results(ResultsAction::CancelRunning)),
        Command::Accept if outlining => canvas(CanvasAction::OutlineClose),
        Command::SetAside if outlining => canvas(CanvasAction::Drop),
        Command::SetAside if !over_canvas && state.canvas.placing.is_on => {
            Some(Action::Layers(LayerAction::Place(PlaceAction::GiveUp)))
        }
        Command::Accept if !over_canvas && state.live.is_on => {
            let is_new = state.live_result().is_some_and(|made| !made.is_kept);
            is_new.then_some(Action::Live(LiveAction::Keep))
        }
        Command::Accept => over_canvas.then_some(Action::Results(ResultsAction::Accept)),
        Command::SetAside if !over_canvas && state.layers.over_canvas => Some(Action::Layers(LayerAction::ToggleList)),
        Command::SetAside => over_canvas.then_some(Action::Results(ResultsAction::SetAside)),
        Command::Previous => Some(Action::Results(ResultsAction::StepCandidate { by: -1 })),
        Command::Next => Some(Action::Results(ResultsAction::StepCandidate { by: 1 })),
        Command::Compare if state.compare.is_open() => Some(Action::Compare(CompareAction::Close)),
        Command::Compare => Some(Action::Results(ResultsAction::Compare(state.to_compare()))),
        Command::Steps => Some(Action::Branch(BranchAction::Open(state.shown_candidate()?.job))),
        Command::DecodeAgain => Some(Action::Files(FilesAction::DecodeAgain(state.shown_file()?))),
        Command::Grid => Some(Action::Grid(GridAction::Open)),
        Command::Trash if !over_canvas && !state.gallery.view.is_open => {
            let id = state.canvas.chosen_layer()?.id;
            let is_mask = state.canvas.chosen() == LayerRow::LayerMask(id);
            Some(Action::Layers(if is_mask { LayerAction::RemoveMask(id) } else { LayerAction::Delete(id) }))
        }
        Command::Trash => {
            let file = state.shown_file()?;
            Some(Action::Files(FilesAction::Trash(file)))
        }
        Command::Star => Some(Action::Files(FilesAction::Star(state.shown_file()?))),
        Command::NewCanvas => Some(Action::Canvas(CanvasAction::NewCanvas)),
        Command::OpenPicture => Some(Action::Files(FilesAction::OpenPictureDialog)),
        Command::Models => Some(Action::Library(LibraryAction::Open(Tab::Models))),
        Command::OpenByPath => Some(Action::Window(WindowAction::AskPath(DialogRequest::OpenPicture))),
        Command::LoadMask => state.canvas.has_picture().then_some(Action::Files(FilesAction::OpenMaskDialog)),
        Command::SaveMask => {
            (!state.canvas.document.mask().is_empty()).then_some(Action::Files(FilesAction::SaveMaskDialog))
        }
        Command::AddModel => Some(Action::Library(LibraryAction::AddModelDialog)),
        Command::SaveAs => Some(Action::Files(FilesAction::SaveAsDialog)),
        Command::OpenProject => Some(Action::Files(FilesAction::OpenProjectDialog)),
        Command::SaveProject => Some(Action::Files(FilesAction::SaveProject)),
        Command::SaveProjectAs => Some(Action::Files(FilesAction::SaveProjectAsDialog)),
        Command::Copy => canvas(CanvasAction::Copy),
        Command::Undo => Some(Action::Canvas(CanvasAction::Undo)),
        Command::Redo => Some(Action::Canvas(CanvasAction::Redo)),
        Command::Tool(tool) => canvas(CanvasAction::ChooseTool(tool)),
        Command::SwapTool => canvas(CanvasAction::SwapTool),
        Command::BrushSmaller => canvas(CanvasAction::ScaleBrush(1.0 / 1.15)),
        Command::BrushLarger => canvas(CanvasAction::ScaleBrush(1.15)),
        Command::Mask(step) => canvas(CanvasAction::Mask(step)),
        Command::ToggleMask => canvas(CanvasAction::ToggleMask),
        Command::ToggleModelView => canvas(CanvasAction::ToggleModelView),
        Command::Live => Some(Action::Live(LiveAction::Toggle)),
        Command::LivePlace => state.live.is_on.then_some(Action::Live(LiveAction::TogglePlace)),
        Command::Upscale => Some(Action::Files(FilesAction::Upscale(state.shown_file()?))),
        Command::UseResult if over_canvas => Some(Action::Results(ResultsAction::Accept)),
        Command::UseResult => state.live_result().is_some().then_some(Action::Live(LiveAction::UseAsInput)),
        Command::BlankCanvas => canvas(CanvasAction::BlankCanvas),
        Command::ZoomFit => Some(Action::Canvas(CanvasAction::Zoom(Zoom::Fit))),
        Command::Zoom100 => Some(Action::Canvas(CanvasAction::Zoom(Zoom::To(1.0)))),
        Command::Zoom200 => Some(Action::Canvas(CanvasAction::Zoom(Zoom::To(2.0)))),
        Command::Zoom400 => Some(Action::Canvas(CanvasAction::Zoom(Zoom::To(4.0)))),
        Command::Zoom800 => Some(Action::Canvas(CanvasAction::Zoom(Zoom::To(8.0)))),
        Command::ZoomIn => Some(Action::Canvas(CanvasAction::Zoom(Zoom::In))),
        Command::ZoomOut => Some(Action::Canvas(CanvasAction::Zoom(Zoom::Out))),
        Command::Layers
        | Command::NewLayer
        | Command::LayerAbove
        | Command::LayerBelow
        | Command::LayerUp
        | Command::LayerDown
        | Command::LayerEye
        | Command::LayerLock
        | Command::RenameLayer
        | Command::DuplicateLayer
        | Command::MergeDown
        | Command::PlaceLayer => layer_keys::action_of(command, state).map(Action::Layers),
        Command::Panels => Some(Action::Window(WindowAction::TogglePanels)),
        Command::PromptPanel => Some(Action::Window(WindowAction::TogglePromptPanel)),
        Command::Queue => Some(Action::Queue(QueueAction::Toggle)),
        Command::PauseQueue => Some(Action::Queue(QueueAction::Pause)),
        Command::Gallery => Some(Action::Window(WindowAction::ToggleGallery)),
        Command::GalleryView
        | Command::FindPicture
        | Command::UseSettings
        | Command::CopyFile
        | Command::Tag
        | Command::Collect
        | Command::Export => gallery_keys::anywhere(command, state),
        // In the gallery view alone.
        Command::RowUp
        | Command::RowDown
        | Command::ExtendLeft
        | Command::ExtendRight
        | Command::ExtendUp
        | Command::ExtendDown
        | Command::SelectPicture
        | Command::SelectAll
        | Command::Info => None,
        Command::Settings => Some(Action::Settings(SettingsAction::Open)),
        Command::Share => Some(Action::Share(ShareAction::Open)),
        Command::Palette => Some(Action::Window(WindowAction::TogglePalette)),
        Command::DownloadModel => Some(Action::Library(LibraryAction::Open(Tab::Download))),
        Command::PicturesFolder => Some(Action::Files(FilesAction::OpenPicturesFolder)),
        Command::CancelAll => Some(Action::Results(ResultsAction::CancelAll)),
        Command::PhotographicModel => Some(Action::Window(WindowAction::Show(Sheet::PhotographicModel))),
        Command::Log => Some(Action::Files(FilesAction::ShowLog)),
        Command::Manual => Some(Action::Window(WindowAction::Show(Sheet::Manual))),
        Command::About => Some(Action::Window(WindowAction::Show(Sheet::About))),
        Command::Keys => Some(Action::Window(WindowAction::Show(Sheet::Keys))),
        Command::Quit => Some(Action::Window(WindowAction::Quit)),
    }
}
