//! The engine's thread: one job after the other, whatever becomes of each.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use crossbeam_channel::{Receiver, select};

use super::awake::Awake;
use super::backend::{Backend, BackendError};
use super::mailbox::Mailbox;
use crate::job::{
    CancelToken, Destination, ErrorKind, Event, EventKind, Finished, JobError, JobId, Outcome, Progress, Request, Saver,
};
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
        let outcome = match outcome {
            Ok(Ok(finished)) => Outcome::Finished(Arc::new(finished)),
            Ok(Err(BackendError::Cancelled)) => Outcome::Cancelled,
            Ok(Err(BackendError::Failed(error))) => Outcome::Failed(error),
            Err(panic) => {
                backend.reset();
                Outcome::Failed(JobError::new(ErrorKind::Internal, sentence_of(panic.as_ref())))
            }
        };
        outbox.post(Event { job: id, kind: EventKind::Ended(outcome) });
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
    saver.check(&job.destination)?;
    let mut preview_error = None;
    let mut predicted_peak_bytes = None;
    let mut report = |progress: Progress| {
        match &progress {
            Progress::Step { done, preview: Some(preview), .. } => {
                if let Destination::File { previews: Some(folder), .. } = &job.destination {
                    preview_error = saver.save_preview(folder, *done, preview).err().or(preview_error.take());
                }
            }
            Progress::Resolved { peak_bytes, .. } => predicted_peak_bytes = Some(*peak_bytes),
            Progress::Step { .. } | Progress::Loading { .. } | Progress::Decoded { .. } | Progress::Notice(_) => {}
        }
        outbox.post(Event { job: job.id, kind: EventKind::Progress(progress) });
    };
    let drawn = backend.draw(&job.request, &job.cancel, &mut report)?;
    if let Some(error) = preview_error {
        return Err(error.into());
    }
    if job.cancel.is_cancelled() {
        return Err(BackendError::Cancelled);
    }
    let file = saver.save(&job.destination, &drawn)?;
    let request = Request { init: None, ..drawn.request };
    Ok(Finished {
        picture: Arc::new(drawn.picture),
        request,
        file,
        seconds: started.elapsed().as_secs_f64(),
        peak_memory_bytes: peak_memory_bytes(),
        predicted_peak_bytes,
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
