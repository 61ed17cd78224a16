//! What the keys mean in the gallery view, where there is no canvas: its arrows go through pictures, and what would paint
//! means nothing.

use crate::store::pictures::labels::LabelKind;
use crate::ui::action::{Action, FilesAction, GalleryAction, SettingsPart, Step};
use crate::ui::input::shortcuts::Command;
use crate::ui::state::AppState;

/// What a key means while the view is open.
#[derive(Debug)]
pub(super) enum Meaning {
    Does(GalleryAction),
    /// It is left to others.
    Nothing,
    /// As in the rest of the window.
    Usual,
}

#[must_use]
pub(super) fn in_view(command: Command, state: &AppState) -> Meaning {
    let gallery = Meaning::Does;
    let selected = || state.gallery.selected();
    match command {
        Command::Accept if !state.gallery.view.covers_grid => gallery(GalleryAction::OpenView(state.shown_file())),
        Command::SetAside | Command::GalleryView => gallery(GalleryAction::LeaveView),
        Command::RowUp => gallery(GalleryAction::StepRow { by: -1 }),
        Command::RowDown => gallery(GalleryAction::StepRow { by: 1 }),
        Command::ExtendLeft => gallery(GalleryAction::Extend(Step::Place(-1))),
        Command::ExtendRight => gallery(GalleryAction::Extend(Step::Place(1))),
        Command::ExtendUp => gallery(GalleryAction::Extend(Step::Row(-1))),
        Command::ExtendDown => gallery(GalleryAction::Extend(Step::Row(1))),
        Command::SelectPicture => gallery(GalleryAction::ToggleShown),
        Command::SelectAll => gallery(GalleryAction::SelectAll),
        Command::Info => gallery(GalleryAction::ToggleInfo),
        Command::Star if !state.gallery.selection.is_empty() => gallery(GalleryAction::Star(selected())),
        Command::Trash if !state.gallery.selection.is_empty() => gallery(GalleryAction::Trash(selected())),
        Command::Accept
        | Command::Tool(_)
        | Command::SwapTool
        | Command::BrushSmaller
        | Command::BrushLarger
        | Command::Mask(_)
        | Command::ToggleMask
        | Command::ToggleModelView
        | Command::Live
        | Command::LivePlace
        | Command::Layers
        | Command::NewLayer
        | Command::LayerAbove
        | Command::LayerBelow
        | Command::LayerUp
        | Command::LayerDown
        | Command::LayerEye
        | Command::LayerLock
        | Command::RenameLayer
        | Command::DuplicateLayer
        | Command::Queue
        | Command::LoadMask
        | Command::SaveMask
        | Command::Undo
        | Command::Redo
        | Command::Panels
        | Command::PromptPanel
        | Command::Gallery => Meaning::Nothing,
        _ => Meaning::Usual,
    }
}

/// What the gallery's keys ask for wherever they are pressed; `None` where they mean nothing.
#[must_use]
pub(super) fn anywhere(command: Command, state: &AppState) -> Option<Action> {
    let shown = || state.shown_file().filter(|_| state.is_over_canvas());
    let files = || {
        let selected = state.gallery.selected();
        if selected.is_empty() { shown().into_iter().collect() } else { selected }
    };
    let with_files = |action: fn(Vec<_>) -> GalleryAction| {
        let files = files();
        (!files.is_empty()).then(|| Action::Gallery(action(files)))
    };
    match command {
        Command::GalleryView => Some(Action::Gallery(GalleryAction::OpenView(None))),
        Command::FindPicture => Some(Action::Gallery(GalleryAction::FocusSearch)),
        Command::UseSettings => {
            let file = state.shown_file()?;
            Some(Action::Gallery(GalleryAction::UsePart { file, part: SettingsPart::All }))
        }
        Command::Tag => with_files(|files| GalleryAction::OpenLabels { files, kind: LabelKind::Tag }),
        Command::Collect => with_files(|files| GalleryAction::OpenLabels { files, kind: LabelKind::Collection }),
        Command::CopyFile => {
            let files = files();
            let files = if files.is_empty() { state.shown_file().into_iter().collect() } else { files };
            (!files.is_empty()).then_some(Action::Files(FilesAction::Copy(files)))
        }
        Command::Export => with_files(GalleryAction::OpenExport),
        _ => None,
    }
}
