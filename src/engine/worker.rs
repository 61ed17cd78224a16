//! A thread of the engine, which has one device: one job after the other, whatever becomes of each.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use super::awake::Awake;
use super::backend::{Backend, BackendError};
use super::queue::{Job, JobQueue};
use super::steps::{self, KeptStep, StepShelf};
use crate::job::{
    Destination, ErrorKind, EventKind, Finished, JobError, Notice, Outcome, Progress, Remedy, Request, Saver, Task,
};
use crate::system::log;
use crate::system::peak::{PeakWatch, peak_memory_bytes};

/// Tells the queue when a thread ends by a panic: nobody waits for what nobody works on.
struct Closing<'a> {
    queue: &'a JobQueue,
    number: usize,
}

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.queue.lost(self.number);
        }
    }
}

/// Runs until the queue is closed or worker `number` is not wanted any more. Without a backend nothing runs.
pub(super) fn work(
    (queue, shelf): (&JobQueue, &StepShelf),
    number: usize,
    make_backend: impl FnOnce() -> Option<Box<dyn Backend>>,
    saver: &dyn Saver,
) {
    let _closing = Closing { queue, number };
    let Some(mut backend) = make_backend() else { return queue.lost(number) };
    while let Some(job) = queue.take(number) {
        let _awake = Awake::begin();
        backend.has_others(queue.has_other(&job, number));
        let outcome = match catch_unwind(AssertUnwindSafe(|| run(&job, (queue, shelf), backend.as_mut(), saver))) {
            Ok(Ok(finished)) => Outcome::Finished(Arc::new(finished)),
            Ok(Err(BackendError::Cancelled)) => Outcome::Cancelled,
            Ok(Err(BackendError::Failed(error))) => {
                log_failure(&job, error.kind, &error.chain());
                Outcome::Failed(error)
            }
            Ok(Err(BackendError::HandOver { device, error, is_broken })) => {
                log_failure(&job, error.kind, &error.chain());
                job.mailbox.post(EventKind::Progress(Progress::Notice(handing_over(&device, &error, is_broken))));
                job.mailbox.post(EventKind::Queued);
                if let Err(job) = queue.hand_over(job, number, is_broken) {
                    end(queue, &job, Outcome::Cancelled);
                }
                continue;
            }
            Err(panic) => {
                backend.reset();
                // The panic's own words may quote the prompt.
                log_failure(&job, ErrorKind::Internal, "a panic, whose place is noted above");
                Outcome::Failed(JobError::new(ErrorKind::Internal, sentence_of(panic.as_ref())))
            }
        };
        end(queue, &job, outcome);
    }
}

fn end(queue: &JobQueue, job: &Job, outcome: Outcome) {
    queue.done(job, &outcome);
    job.mailbox.post(EventKind::Ended(outcome));
}

/// What a person is told; the job is begun anew elsewhere.
fn handing_over(device: &str, error: &JobError, is_broken: bool) -> Notice {
    let rest = if is_broken { ", and this one gets no more until the devices are chosen anew" } else { "" };
    let message = format!("{device} could not make this picture ({}): another device makes it{rest}", error.message);
    Notice { message, remedy: is_broken.then_some(Remedy::ReportDevice) }
}

fn log_failure(job: &Job, kind: ErrorKind, reason: &str) {
    let reason = log::redacted(reason, &job.task.private_texts());
    tracing::error!(target: log::SHOWN_TARGET, "job {} failed ({kind}): {reason}", job.id.0);
}

fn run(
    job: &Job,
    (queue, shelf): (&JobQueue, &StepShelf),
    backend: &mut dyn Backend,
    saver: &dyn Saver,
) -> Result<Finished, BackendError> {
    let started = Instant::now();
    let _peak_watch = PeakWatch::start();
    saver.check(&job.destination)?;
    let mut has_lost_preview = false;
    let mut predicted_peak_bytes = None;
    let kept = request_of_kept(job, shelf);
    let (mut newest, mut latents) = (None, None);
    let mut report = |progress: Progress| {
        match &progress {
            Progress::Step { done, total, preview, .. } => {
                newest = Some((*done, *total, preview.clone()));
                if let (Some(preview), Destination::File { previews: Some(folder), .. }) = (preview, &job.destination) {
                    // Tried again at each step, and said once: a disk may have room again, and the picture comes anyway.
                    if let Err(error) = saver.save_preview(folder, *done, preview)
                        && !std::mem::replace(&mut has_lost_preview, true)
                    {
                        let notice = Notice { message: error.message, remedy: error.remedy };
                        job.mailbox.post(EventKind::Progress(Progress::Notice(notice)));
                    }
                }
            }
            Progress::Resolved { peak_bytes, .. } => predicted_peak_bytes = Some(*peak_bytes),
            Progress::Reached(state) => {
                queue.reached(job, state);
                let is_whole_step = state.level.is_some() || state.is_last();
                if let (Some(request), Some((number, total, preview)), true) = (&kept, newest.take(), is_whole_step) {
                    let preview = preview.as_ref().map(steps::small);
                    shelf.add(job.id, request, total, KeptStep { number, state: Arc::clone(state), preview });
                }
                latents = Some(Arc::clone(state)).filter(|state| state.is_last());
                return;
            }
            Progress::Loading { .. } | Progress::Decoded { .. } | Progress::Notice(_) => {}
        }
        job.mailbox.post(EventKind::Progress(progress));
    };
    let mut drawn = backend.run(&job.task, &job.cancel, &mut report)?;
    if job.cancel.is_cancelled() {
        return Err(BackendError::Cancelled);
    }
    drawn.latents = latents;
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

/// What steps are kept with, where they are: of pictures that one can look for later.
fn request_of_kept(job: &Job, shelf: &StepShelf) -> Option<Arc<Request>> {
    match &job.task {
        Task::Generate(request) if job.destination == Destination::Gallery && shelf.is_open() => {
            Some(Arc::new((**request).clone()))
        }
        Task::Generate(_) | Task::Upscale(_) => None,
    }
}

fn sentence_of(panic: &(dyn Any + Send)) -> String {
    let reason = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no reason given");
    format!("something broke inside while this picture was made ({reason}); the next one can be tried at once")
}
