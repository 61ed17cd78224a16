//! Why a command would do nothing now: one sentence that says what it waits for.

use super::shortcuts::Command;
use crate::ui::state::AppState;

const NO_PICTURE: &str = "there is no picture on the canvas";
const NO_MASK: &str = "nothing is masked";
const NO_LAYER: &str = "the chosen row of the layers is none of their own";
const NOTHING_SHOWN: &str = "no result and no picture of the gallery is looked at";
const NOTHING_RUNS: &str = "nothing is being made";

/// `None` where it does something.
#[must_use]
pub(crate) fn cannot(command: Command, state: &AppState) -> Option<&'static str> {
    use crate::ui::action::MaskStep;
    let over_canvas = state.is_over_canvas();
    let has_picture = state.canvas.has_picture();
    let has_mask = !state.canvas.document.mask().is_empty();
    let has_layer = state.canvas.chosen_layer().is_some();
    let is_kept = state.shown_file().is_some();
    let unless = |holds: bool, reason: &'static str| (!holds).then_some(reason);
    match command {
        Command::Generate | Command::GenerateInFront | Command::Forever => {
            unless(state.is_ready(), "there is no prompt yet")
        }
        Command::Cancel | Command::CancelAll => unless(state.candidates.is_busy(), NOTHING_RUNS),
        Command::Compare => unless(state.compare.is_open() || state.to_compare().len() > 1, "fewer than two are done"),
        Command::SetAside => {
            unless(over_canvas || state.layers.over_canvas || state.canvas.placing.is_on, NOTHING_SHOWN)
        }
        Command::Accept if !over_canvas && state.live.is_on => {
            unless(state.live_result().is_some_and(|made| !made.is_kept), "nothing new was drawn")
        }
        Command::LivePlace => unless(state.live.is_on, "live painting is off"),
        Command::UseResult => unless(over_canvas || state.live_result().is_some(), NOTHING_SHOWN),
        Command::Trash if !over_canvas && has_layer => None,
        Command::Accept | Command::Trash => unless(over_canvas && is_kept, NOTHING_SHOWN),
        Command::Steps => unless(state.shown_candidate().is_some(), "no result of this session is looked at"),
        Command::LayerUp
        | Command::LayerDown
        | Command::RenameLayer
        | Command::DuplicateLayer
        | Command::MergeDown
        | Command::PlaceLayer => unless(has_layer, NO_LAYER),
        Command::LayerEye | Command::LayerLock => unless(has_picture, NO_PICTURE),
        Command::Star | Command::DecodeAgain | Command::Upscale | Command::UseSettings => {
            unless(is_kept, "the shown picture is in no file yet")
        }
        Command::CopyFile => {
            unless(is_kept || !state.gallery.selection.is_empty(), "the shown picture is in no file yet")
        }
        Command::Previous => unless(state.neighbour(-1).is_some(), "this is the first picture"),
        Command::Next => unless(state.neighbour(1).is_some(), "this is the last picture"),
        Command::NewCanvas => unless(has_picture || over_canvas, "the canvas is empty"),
        Command::SaveAs => unless(state.is_unsaved() || is_kept, "no picture is shown"),
        Command::Copy
        | Command::ZoomFit
        | Command::Zoom100
        | Command::Zoom200
        | Command::Zoom400
        | Command::Zoom800
        | Command::ZoomIn
        | Command::ZoomOut => unless(state.shown_picture().is_some(), "no picture is shown"),
        Command::Undo => unless(state.canvas.can_undo(), "nothing was done yet"),
        Command::Redo => unless(state.canvas.document.can_redo(), "nothing was undone"),
        Command::LoadMask | Command::Mask(MaskStep::All | MaskStep::Invert) | Command::ToggleMask => {
            unless(has_picture, NO_PICTURE)
        }
        Command::ToggleModelView => unless(has_mask || has_layer, NO_MASK),
        Command::SaveMask | Command::Mask(_) => unless(has_mask, NO_MASK),
        Command::PicturesFolder | Command::GalleryView | Command::FindPicture => {
            unless(!state.gallery.is_empty(), "no picture is kept yet")
        }
        Command::Tag | Command::Collect | Command::Export => {
            unless(!state.gallery.selection.is_empty() || over_canvas && is_kept, NOTHING_SHOWN)
        }
        Command::RowUp
        | Command::RowDown
        | Command::ExtendLeft
        | Command::ExtendRight
        | Command::ExtendUp
        | Command::ExtendDown
        | Command::SelectPicture
        | Command::SelectAll
        | Command::Info => unless(state.gallery.view.is_open, "the gallery view is closed"),
        Command::Share => unless(state.share.can, "this program was built without it"),
        // What can always be done.
        _ => None,
    }
}
