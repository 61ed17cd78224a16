//! What the engine reports of a live drawing, carried into the window's state.

use std::sync::Arc;
use std::time::Instant;

use crate::job::{Event, EventKind, Finished, Outcome, Progress};
use crate::ui::live::state::LiveMade;
use crate::ui::state::AppState;
use crate::ui::words;

/// `None` where the event is no live drawing's. What comes of one that was overtaken is passed over.
pub(crate) fn take(state: &mut AppState, event: Event) -> Option<Event> {
    if state.live.pace.job() != Some(event.job) {
        return Some(event);
    }
    match event.kind {
        EventKind::Queued
        | EventKind::Progress(Progress::Resolved { .. } | Progress::Decoded { .. } | Progress::Reached(_)) => {}
        EventKind::Progress(Progress::Loading { .. }) => state.live.pace.loading(),
        EventKind::Progress(Progress::Step { done, total, .. }) => {
            state.live.pace.running(done as f32 / total.max(1) as f32);
        }
        EventKind::Progress(Progress::Notice(notice)) => say(state, words::of_notice(&notice)),
        EventKind::Ended(outcome) => {
            let took = state.live.pace.ended(Instant::now());
            match outcome {
                Outcome::Finished(finished) if state.live.is_on => {
                    let Finished { picture, request, seconds, .. } = finished.as_ref();
                    let seconds = took.map_or(*seconds, |took| took.as_secs_f64());
                    let (picture, request) = (Arc::clone(picture), request.clone());
                    state.live.show(LiveMade { job: event.job, picture, request, seconds, is_kept: false });
                }
                Outcome::Finished(_) | Outcome::Cancelled => {}
                Outcome::Failed(error) => complain(state, words::of_error(&error)),
            }
        }
    }
    None
}

/// Once for as long as live painting is on.
pub(super) fn say(state: &mut AppState, words: String) {
    if state.live.said.insert(words.clone()) {
        state.toasts.note(words);
    }
}

pub(super) fn complain(state: &mut AppState, words: String) {
    if state.live.said.insert(words.clone()) {
        state.toasts.error(words, None);
    }
}
