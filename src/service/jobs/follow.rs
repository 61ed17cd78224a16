//! Reads a job's mailbox into its record.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;

use super::image::Preview;
use super::kept::KeptJobs;
use super::record::{Carrier, Ended, Happening, Picture, Record, lock};
use super::tally::Tally;
use crate::job::{ErrorKind, EventKind, Finished, JobError, ModelPart, Outcome, Progress, Request};
use crate::service::names::without_paths;
use crate::service::words::{self, Hidden};
use crate::store::pictures::metadata::{parameters, png_text};

/// What jobs that have not ended are told when the server does, and it keeps them.
const KEPT: &str = "the server is shutting down; this job is kept and goes on when it is started again";
/// The same where nothing is kept.
const HANDED_BACK: &str = "the server is shutting down and this job had not begun; send it again";

/// Takes all that has come.
pub(super) fn follow(record: &Record, tally: &Tally, hidden: &Hidden, kept: Option<&KeptJobs>) {
    let mut seconds_so_far = 0.0;
    loop {
        // One at a time, so that a cancel never waits for a picture to be encoded.
        let event = match lock(&record.carrier).as_ref() {
            Some(Carrier::Engine(handle)) => handle.try_recv(),
            _ => None,
        };
        let Some(event) = event else { return };
        match event.kind {
            EventKind::Queued => {}
            EventKind::Progress(Progress::Notice(notice)) => {
                let text = hidden.in_text(&words::of_notice(&notice));
                record.add(Happening::Notice(text.into()));
            }
            EventKind::Progress(progress) => add(record, tally, progress, &mut seconds_so_far),
            EventKind::Ended(outcome) => {
                let goes_on = record.is_handed_back() && matches!(outcome, Outcome::Cancelled);
                let ended = match outcome {
                    Outcome::Finished(finished) => complete(record, &finished, hidden),
                    Outcome::Cancelled if record.is_handed_back() => {
                        let message = if kept.is_some() { KEPT } else { HANDED_BACK };
                        Ended::Failed { kind: ErrorKind::Stopped, message: message.to_owned() }
                    }
                    Outcome::Cancelled => Ended::Cancelled,
                    Outcome::Failed(error) => failed(&error, hidden),
                };
                if let Some(kept) = kept.filter(|_| !goes_on) {
                    kept.end(record, &ended);
                }
                tally.count(&ended);
                lock(&record.carrier).take();
                lock(&record.asked).take();
                record.add(Happening::Ended(Arc::new(ended)));
                return;
            }
        }
    }
}

fn add(record: &Record, tally: &Tally, progress: Progress, seconds_so_far: &mut f64) {
    match progress {
        Progress::Loading { part, fraction } => {
            let before = record.last(|happening| match happening {
                Happening::Loading { part, fraction } => Some((*part, *fraction)),
                _ => None,
            });
            if is_news(before, (part, fraction)) {
                record.add(Happening::Loading { part, fraction });
            }
        }
        Progress::Step { done, total, seconds, preview } => {
            tally.steps.fetch_add(1, Ordering::Relaxed);
            let before = record.last(|happening| match happening {
                // A job that another device began anew counts from there.
                Happening::Progress { step, seconds_per_step, .. } if *step < done => {
                    Some(f64::from(*step) * seconds_per_step)
                }
                _ => None,
            });
            *seconds_so_far = before.unwrap_or(0.0) + seconds;
            let seconds_per_step = *seconds_so_far / f64::from(done.max(1));
            let seconds_left = seconds_per_step * f64::from(total.saturating_sub(done));
            record.add(Happening::Progress { step: done, total, seconds_per_step, seconds_left });
            if let Some(picture) = preview {
                record.add_preview(done, || Preview::new(done, picture));
            }
        }
        Progress::Resolved { .. } | Progress::Decoded { .. } | Progress::Reached(_) | Progress::Notice(_) => {
            record.begin();
        }
    }
}

/// Loading is told of in steps of this share of a part, its begin and its end among them: readers draw a bar.
const LOADING_STEP: f32 = 0.05;

fn is_news(before: Option<(ModelPart, f32)>, (part, fraction): (ModelPart, f32)) -> bool {
    before.is_none_or(|before| {
        before.0 != part
            || fraction < before.1
            || fraction - before.1 >= LOADING_STEP
            || (fraction >= 1.0 && before.1 < 1.0)
    })
}

fn complete(record: &Record, finished: &Finished, hidden: &Hidden) -> Ended {
    let asked = lock(&record.asked).take();
    let init = asked.and_then(|asked| asked.init);
    let request = without_paths(Request { init, ..finished.request.clone() });
    match png_text::encode(&finished.picture, Some(&request)) {
        Ok(png) => Ended::Complete(Box::new(Picture {
            png: Bytes::from(png),
            width: finished.picture.width(),
            height: finished.picture.height(),
            parameters: parameters::parameters_of(&request),
            settings: parameters::json_of(&request)
                .and_then(|json| serde_json::from_str(&json).ok())
                .unwrap_or_default(),
            request: Request { init: None, mask: None, ..request },
            seconds: finished.seconds,
            peak_memory_bytes: finished.peak_memory_bytes,
        })),
        Err(error) => {
            let sentence = format!("the picture could not be encoded ({error})");
            failed(&JobError::new(ErrorKind::Internal, sentence), hidden)
        }
    }
}

fn failed(error: &JobError, hidden: &Hidden) -> Ended {
    Ended::Failed { kind: error.kind, message: hidden.in_text(&words::of_error(error)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_told_of_twenty_times_at_most_and_its_end_always() {
        let mut told = Vec::new();
        for part in [ModelPart::Unet, ModelPart::Vae] {
            for step in 0..=997_u16 {
                let now = (part, f32::from(step) / 997.0);
                if is_news(told.last().copied(), now) {
                    told.push(now);
                }
            }
        }
        assert!(told.len() <= 44, "{}", told.len());
        for part in [ModelPart::Unet, ModelPart::Vae] {
            let of_part: Vec<f32> =
                told.iter().filter(|(one, _)| *one == part).map(|(_, fraction)| *fraction).collect();
            assert_eq!((of_part.first(), of_part.last()), (Some(&0.0), Some(&1.0)), "{part:?}");
        }
        // The same file again, as after a fallback.
        assert!(!is_news(Some((ModelPart::Unet, 1.0)), (ModelPart::Unet, 1.0)));
    }
}
