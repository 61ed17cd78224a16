//! What the engine reports, carried into the window's state.

use std::sync::Arc;

use crate::job::{self, Event, EventKind, Finished, JobId, Outcome};
use crate::raster::Picture;
use crate::ui::action::LookingAt;
use crate::ui::canvas;
use crate::ui::results::candidate::{Candidate, Kind, Made, Progress, Stage};
use crate::ui::state::AppState;
use crate::ui::words;

/// What the caller must see to after an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Aftermath {
    Nothing,
    /// A new file lies in the gallery.
    NewFile,
}

/// How much one step's time moves the shown average.
const SMOOTHING: f64 = 0.3;
/// Finished pictures kept in the strip: as many as can be asked for at once.
const MOST_CANDIDATES: usize = 64;

/// Events of a picture that was cancelled or closed find no candidate and change nothing.
pub(crate) fn take(state: &mut AppState, event: Event) -> Aftermath {
    let job = event.job;
    let Some(candidate) = state.candidates.get_mut(job) else { return Aftermath::Nothing };
    match event.kind {
        EventKind::Queued => candidate.stage = Stage::Waiting,
        EventKind::Progress(progress) => take_progress(state, job, progress),
        EventKind::Ended(Outcome::Finished(finished)) => {
            let Finished { picture, request, file, seconds, .. } = finished.as_ref();
            state.prompt.last_seed = Some(request.seed);
            state.queue.finished.push(candidate.press);
            if let Kind::Cell { at, .. } = candidate.kind {
                state.grid.drawn(candidate.press, at, picture);
            }
            state.library.note_mut(&request.model).picture = Some(file.clone());
            candidate.request = request.clone();
            candidate.stage = Stage::Done(Made { picture: picture.clone(), file: file.clone(), seconds: *seconds });
            follow(state, job);
            state.candidates.keep_newest(MOST_CANDIDATES);
            return Aftermath::NewFile;
        }
        EventKind::Ended(Outcome::Cancelled) => take_off(state, job),
        EventKind::Ended(Outcome::Failed(error)) => {
            // What fails once fails again.
            state.queue.forever = false;
            let request = &candidate.request;
            let details = format!(
                "Prompt: {}\nSeed {}, {} steps{}",
                request.prompt,
                request.seed,
                request.steps,
                candidate.size_px().map(|[width, height]| format!(", {width} × {height}")).unwrap_or_default()
            );
            take_off(state, job);
            state.toasts.error(words::of_error(&error), Some(details));
        }
    }
    Aftermath::Nothing
}

fn take_progress(state: &mut AppState, job: JobId, progress: job::Progress) {
    let Some(candidate) = state.candidates.get_mut(job) else { return };
    match progress {
        job::Progress::Loading { part, fraction } => {
            candidate.stage = Stage::Loading { part, fraction };
            follow(state, job);
        }
        job::Progress::Step { done, total, seconds, preview } => {
            let old = match &candidate.stage {
                Stage::Running(progress) => progress.clone(),
                _ => Progress::default(),
            };
            let seconds_per_step = if old.done == 0 {
                seconds
            } else {
                old.seconds_per_step + (seconds - old.seconds_per_step) * SMOOTHING
            };
            // A step whose preview was overtaken keeps the one that is shown.
            let masked = |preview: Arc<Picture>| {
                let frame = candidate.frame?;
                canvas::preview::masked(&preview, &candidate.request, frame.crop).map(Arc::new)
            };
            let preview = preview.map(|preview| masked(preview.clone()).unwrap_or(preview)).or(old.preview);
            candidate.stage = Stage::Running(Progress { done, total, seconds_per_step, preview });
            // The first step also makes what the others find ready.
            if let Some(estimated) = candidate.estimated_seconds.filter(|_| old.done > 0) {
                state.memory.learn(estimated, seconds);
            }
            follow(state, job);
        }
        job::Progress::Notice(notice) => state.toasts.note(words::of_notice(&notice)),
        job::Progress::Resolved { .. } | job::Progress::Decoded { .. } | job::Progress::Reached(_) => {}
    }
}

/// Takes a picture off the strip and looks at what stands in its place.
pub(crate) fn take_off(state: &mut AppState, job: JobId) {
    let was_shown = state.canvas.looking_at == LookingAt::Candidate(job);
    let neighbour = state.candidates.remove(job);
    if was_shown {
        // A neighbour that has nothing to show yet would leave the canvas blank.
        let neighbour = neighbour.and_then(|job| state.candidates.get(job)).filter(|next| next.made().is_some());
        state.canvas.looking_at = neighbour.map_or(LookingAt::Canvas, |next| LookingAt::Candidate(next.job));
    }
}

/// The canvas goes along with the run, but never to a picture that has nothing to show while another one is seen, and never
/// to and fro between several that are being made.
fn follow(state: &mut AppState, job: JobId) {
    let has_pixels = state.candidates.get(job).is_some_and(|candidate| candidate.newest_picture().is_some());
    let nothing_shown = state.shown_picture().is_none();
    let stays = match state.canvas.looking_at {
        LookingAt::Candidate(shown) => shown != job && state.candidates.get(shown).is_some_and(Candidate::is_running),
        LookingAt::Canvas | LookingAt::Gallery(_) => false,
    };
    if state.canvas.follows_run && (has_pixels || nothing_shown) && !stays {
        state.canvas.looking_at = LookingAt::Candidate(job);
    }
}
