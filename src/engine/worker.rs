//! The engine's thread: one job after the other, whatever becomes of each.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use crossbeam_channel::{Receiver, select};

use super::awake::Awake;
use super::backend::{Backend, BackendError, Progress, Saver};
use super::mailbox::Mailbox;
use crate::job::{CancelToken, Destination, Event, EventKind, Finished, JobId, Request};
use crate::system::memory::peak_memory_bytes;

pub struct Job {
    pub id: JobId,
    pub request: Request,
    pub destination: Destination,
    pub cancel: CancelToken,
}

/// Runs until the last sender is gone; what came in front is taken first.
pub fn work<B: Backend>(
    in_front: &Receiver<Job>,
    in_turn: &Receiver<Job>,
    mut backend: B,
    saver: &dyn Saver,
    outbox: &Mailbox,
) {
    while let Some(job) = next(in_front, in_turn) {
        if !job.cancel.start() {
            continue;
        }
        let id = job.id;
        let _awake = Awake::begin();
        let outcome = catch_unwind(AssertUnwindSafe(|| run(&job, &mut backend, saver, outbox)));
        let kind = match outcome {
            Ok(Ok(finished)) => EventKind::Finished(Box::new(finished)),
            Ok(Err(BackendError::Cancelled)) => EventKind::Cancelled,
            Ok(Err(BackendError::Failed(message))) => EventKind::Failed { message },
            Err(panic) => {
                backend.reset();
                EventKind::Failed { message: sentence_of(panic.as_ref()) }
            }
        };
        outbox.post(Event { job: id, kind });
    }
}

/// Waits for a job. Both rows end together.
fn next(in_front: &Receiver<Job>, in_turn: &Receiver<Job>) -> Option<Job> {
    if let Ok(job) = in_front.try_recv() {
        return Some(job);
    }
    select! {
        recv(in_front) -> job => job.ok().or_else(|| in_turn.try_recv().ok()),
        recv(in_turn) -> job => job.ok().or_else(|| in_front.try_recv().ok()),
    }
}

fn run(job: &Job, backend: &mut dyn Backend, saver: &dyn Saver, outbox: &Mailbox) -> Result<Finished, BackendError> {
    let started = Instant::now();
    saver.check(&job.destination).map_err(BackendError::Failed)?;
    let mut preview_error = None;
    let mut tell = |progress: Progress| {
        let kind = match progress {
            Progress::Loading { part, fraction } => EventKind::Loading { part, fraction },
            Progress::Decoded { seconds } => EventKind::Decoded { seconds },
            Progress::Notice(message) => EventKind::Notice { message },
            Progress::Step { done, total, seconds, preview } => {
                if let (Destination::File { previews: Some(folder), .. }, Some(preview)) = (&job.destination, &preview)
                {
                    preview_error = saver.save_preview(folder, done, preview).err().or(preview_error.take());
                }
                EventKind::Step { done, total, seconds, preview }
            }
        };
        outbox.post(Event { job: job.id, kind });
    };
    let drawn = backend.draw(&job.request, &job.cancel, &mut tell)?;
    if let Some(message) = preview_error {
        return Err(BackendError::Failed(message));
    }
    if job.cancel.is_cancelled() {
        return Err(BackendError::Cancelled);
    }
    let file = saver.save(&job.destination, &drawn).map_err(BackendError::Failed)?;
    let request = Request { init: None, ..drawn.request };
    Ok(Finished {
        picture: Arc::new(drawn.picture),
        request,
        file,
        seconds: started.elapsed().as_secs_f64(),
        peak_memory_bytes: peak_memory_bytes(),
        predicted_peak_bytes: drawn.predicted_peak_bytes,
    })
}

fn sentence_of(panic: &(dyn Any + Send)) -> String {
    let reason = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no reason given");
    format!("something broke inside while this picture was made ({reason}); the next one can be tried at once")
}
