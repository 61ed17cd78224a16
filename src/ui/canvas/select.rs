//! The tool that masks a thing by a click or a box: what is asked of the selector, and how its answer joins the mask.

use std::sync::Arc;

use super::selecting::Selection;
use super::state::{CanvasState, Gesture};
use crate::canvas::PictureLayer;
use crate::engine::{SelectEvent, SelectHandle};
use crate::job::{Click, SelectPrompt};
use crate::mask::MaskPlane;
use crate::raster::Picture;
use crate::ui::action::{Join, LookingAt, Sheet, WholeStep};
use crate::ui::state::AppState;
use crate::ui::words;

/// A drag shorter than this is a click that shook, in points.
const CLICK_REACH: f32 = 5.0;

/// Turns the gesture into a click or a box.
pub(super) fn point(canvas: &mut CanvasState) {
    let Gesture::Outlining { corners, takes_away } = std::mem::take(&mut canvas.gesture) else { return };
    let (Some([from_x, from_y]), Some(size_px)) = (corners.first().copied(), canvas.document.size_px()) else { return };
    let [to_x, to_y] = corners.last().copied().unwrap_or([from_x, from_y]);
    let zoom = canvas.placed.map_or(1.0, |view| view.zoom());
    let is_click = (to_x - from_x).hypot(to_y - from_y) * zoom < CLICK_REACH;
    let [width, height] = size_px.map(|side| side as f32);
    if is_click && !(0.0..width).contains(&from_x) | !(0.0..height).contains(&from_y) {
        return;
    }
    let within = |x: f32, y: f32| [x.clamp(0.0, width - 1.0), y.clamp(0.0, height - 1.0)];
    let selecting = &mut canvas.selecting;
    let goes_on = selecting.goes_on && selecting.last.as_ref().is_some_and(|last| last.before.size_px() == size_px);
    if !goes_on {
        let join = if takes_away { Join::TakeAway } else { selecting.join };
        let before = canvas.document.mask().shared();
        selecting.last = Some(Selection { prompt: SelectPrompt::default(), join, before });
    }
    let Some(last) = &mut selecting.last else { return };
    if is_click {
        last.prompt.clicks.push(Click { at: within(from_x, from_y), belongs: !(goes_on && takes_away) });
    } else {
        last.prompt.around = Some([within(from_x, from_y), within(to_x, to_y)]);
    }
    selecting.unsent = true;
}

/// What waits to be sent: its number, and what to find in which picture, which takes longer to put together than a frame.
pub(in crate::ui) fn ask(state: &mut AppState) -> Option<(u64, SelectPrompt, PictureLayer)> {
    let canvas = &mut state.canvas;
    if !std::mem::take(&mut canvas.selecting.unsent) {
        return None;
    }
    let picture = canvas.document.picture()?.clone();
    let selecting = &mut canvas.selecting;
    let prompt = selecting.last.as_ref()?.prompt.clone();
    selecting.asked += 1;
    selecting.waits = true;
    Some((selecting.asked, prompt, picture))
}

/// Sends it, unless something newer was asked meanwhile.
pub(in crate::ui) fn send(
    state: &mut AppState,
    selector: &SelectHandle,
    ask: u64,
    picture: Option<Arc<Picture>>,
    prompt: SelectPrompt,
) {
    let selecting = &mut state.canvas.selecting;
    if ask == selecting.asked {
        selecting.waits = picture.is_some_and(|picture| selector.find(ask, picture, prompt));
    }
}

/// What the selector's thread reports.
pub(in crate::ui) fn take(state: &mut AppState, event: SelectEvent) {
    let selecting = &mut state.canvas.selecting;
    match event {
        SelectEvent::Found { ask, mask } => {
            if ask == selecting.asked {
                selecting.waits = false;
                found(state, mask);
            }
        }
        SelectEvent::Missing => {
            (selecting.waits, selecting.last) = (false, None);
            if selecting.fetched.is_none() {
                state.sheet = Some(Sheet::Selector);
            }
        }
        SelectEvent::Fetching { fraction } => selecting.fetched = Some(fraction),
        SelectEvent::Fetched => {
            selecting.fetched = None;
            state.toasts.note("Click on a thing to mask it; drag a box around it where a click is not enough.");
        }
        SelectEvent::Failed(error) => {
            (selecting.waits, selecting.fetched) = (false, None);
            state.toasts.error(words::of_error(&error), None);
        }
        // The list of layers has those.
        SelectEvent::Annotated { .. }
        | SelectEvent::AnnotatorMissing { .. }
        | SelectEvent::AnnotatorFetching { .. }
        | SelectEvent::AnnotatorFetched(_) => {}
    }
}

fn found(state: &mut AppState, mask: MaskPlane) {
    let canvas = &mut state.canvas;
    let Some(last) = &canvas.selecting.last else { return };
    if last.before.size_px() != mask.size_px() || canvas.document.size_px() != Some(mask.size_px()) {
        return;
    }
    if mask.is_empty() {
        state.toasts.note("Nothing was found there; drag a box around the thing.");
        return;
    }
    let (join, before) = (last.join, Arc::clone(&last.before));
    canvas.work.add(WholeStep::Mask, move |canvas| canvas.with_mask(joined(join, &before, mask)));
    canvas.overlay.hides_mask = false;
    if canvas.looking_at != LookingAt::Canvas {
        canvas.look_at_canvas(false);
    }
}

fn joined(join: Join, before: &MaskPlane, found: MaskPlane) -> MaskPlane {
    let mut mask = before.clone();
    match join {
        Join::Replace => return found,
        Join::Add => mask.add(&found),
        Join::TakeAway => mask.subtract(&found),
    }
    mask
}
