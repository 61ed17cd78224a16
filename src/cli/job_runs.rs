//! An engine for one command: as many jobs at once as it has devices, each followed to its end, all cancelled by Ctrl+C.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossbeam_channel::{Receiver, bounded};

use super::report::Report;
use super::words::{self, CANCELLED, DONE};
use crate::engine::{Backend, EngineHandle, JobHandle};
use crate::job::{Destination, EventKind, Outcome, Progress, Saver, Task, with_remedy};

pub(super) struct JobRuns {
    engine: Arc<EngineHandle>,
    interrupted: Arc<AtomicBool>,
    /// Something happened to a job.
    woken: Receiver<()>,
}

impl JobRuns {
    /// With a backend for each of `devices`, by its number.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(super) fn start<B: Backend>(
        make_backend: impl Fn(usize) -> B + Send + Sync + 'static,
        devices: usize,
        saver: Arc<dyn Saver>,
    ) -> Result<Self, String> {
        let (wake, woken) = bounded(1);
        // Full means that a look is due anyway.
        let wake = move || {
            let _ = wake.try_send(());
        };
        let engine = EngineHandle::start_several(make_backend, devices, saver, None, Arc::new(wake))
            .map_err(|error| format!("the engine's thread could not be started: {error}"))?;
        let interrupted = Arc::new(AtomicBool::new(false));
        // The handler stays for good: it must not keep the engine, whose threads are waited for at the end.
        let engine = Arc::new(engine);
        let (for_signal, to_cancel) = (Arc::clone(&interrupted), Arc::downgrade(&engine));
        let on_interrupt = move || {
            for_signal.store(true, Ordering::Release);
            if let Some(engine) = to_cancel.upgrade() {
                engine.cancel_all();
            }
        };
        if let Err(error) = ctrlc::set_handler(on_interrupt) {
            tracing::warn!("Ctrl+C will end the program at once: {error}");
        }
        Ok(Self { engine, interrupted, woken })
    }

    /// Returns the exit code.
    ///
    /// # Errors
    /// When the task cannot be carried out at all.
    pub(super) fn run(&self, task: impl Into<Task>, destination: Destination, report: &Report) -> Result<u8, String> {
        self.run_all(std::iter::once(Ok((task.into(), destination))), report)
    }

    /// Takes one task after the other, as many at once as there are devices. After the first that does not come to a
    /// picture no more is begun, and its exit code is returned once those that run are done.
    ///
    /// # Errors
    /// When a task cannot be carried out at all, or the next one cannot be made.
    pub(super) fn run_all(
        &self,
        tasks: impl Iterator<Item = Result<(Task, Destination), String>>,
        report: &Report,
    ) -> Result<u8, String> {
        let at_once = self.engine.workers();
        let is_several = at_once > 1 && tasks.size_hint().0 > 1;
        let mut tasks = (1..).zip(tasks);
        let mut running: Vec<(JobHandle, Report)> = Vec::new();
        let mut ended = Ok(DONE);
        loop {
            while ended == Ok(DONE) && running.len() < at_once {
                let Some((number, task)) = tasks.next() else { break };
                match task.and_then(|(task, destination)| self.submit(task, destination)) {
                    Ok(job) if is_several => running.push((job, report.of_picture(number))),
                    Ok(job) => running.push((job, report.again())),
                    Err(sentence) => ended = Err(sentence),
                }
            }
            if running.is_empty() {
                return ended;
            }
            let before = running.len();
            running.retain(|(job, report)| match follow(job, report) {
                None => true,
                Some(code) => {
                    if ended == Ok(DONE) {
                        ended = Ok(code);
                    }
                    false
                }
            });
            if running.len() == before {
                let _ = self.woken.recv_timeout(Duration::from_mins(1));
            }
        }
    }

    fn submit(&self, task: Task, destination: Destination) -> Result<JobHandle, String> {
        let job = self.engine.submit(task, destination).map_err(|error| error.sentence(words::remedy))?;
        // Between two jobs there was nothing to cancel.
        if self.interrupted.load(Ordering::Acquire) {
            job.cancel();
        }
        Ok(job)
    }
}

/// Reports what has happened to a job; its exit code, once it has ended.
fn follow(job: &JobHandle, report: &Report) -> Option<u8> {
    while let Some(event) = job.try_recv() {
        match event.kind {
            EventKind::Queued => {}
            EventKind::Progress(progress) => match progress {
                Progress::Loading { part, fraction } => report.loading(part, fraction),
                Progress::Resolved { .. } | Progress::Reached(_) => {}
                Progress::Step { done, total, seconds, .. } => report.step(done, total, seconds),
                Progress::Decoded { seconds } => report.decoded(seconds),
                Progress::Notice(notice) => {
                    report.notice(&with_remedy(&notice.message, notice.remedy, words::remedy));
                }
            },
            EventKind::Ended(Outcome::Finished(finished)) => {
                report.finished(&finished);
                return Some(DONE);
            }
            EventKind::Ended(Outcome::Cancelled) => {
                report.cancelled();
                return Some(CANCELLED);
            }
            EventKind::Ended(Outcome::Failed(error)) => {
                report.failed(&error.sentence(words::remedy));
                return Some(words::exit_code(error.kind));
            }
        }
    }
    None
}
