//! An engine for one command: its jobs one after the other, each followed to its end, all cancelled by Ctrl+C.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::report::Report;
use super::words::{self, CANCELLED, DONE};
use crate::engine::{Backend, EngineHandle, JobHandle};
use crate::job::{Destination, EventKind, Outcome, Progress, Saver, Task, with_remedy};

pub(super) struct JobRuns {
    engine: Arc<EngineHandle>,
    interrupted: Arc<AtomicBool>,
}

impl JobRuns {
    /// # Errors
    /// When the system gives no thread.
    pub(super) fn start<B: Backend>(
        make_backend: impl FnOnce() -> B + Send + 'static,
        saver: Arc<dyn Saver>,
    ) -> Result<Self, String> {
        let engine = EngineHandle::start(make_backend, saver, Arc::new(|| {}))
            .map_err(|error| format!("the engine's thread could not be started: {error}"))?;
        let interrupted = Arc::new(AtomicBool::new(false));
        // The handler stays for good: it must not keep the engine, whose thread is waited for at the end.
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
        Ok(Self { engine, interrupted })
    }

    /// Returns the exit code.
    ///
    /// # Errors
    /// When the task cannot be carried out at all.
    pub(super) fn run(&self, task: impl Into<Task>, destination: Destination, report: &Report) -> Result<u8, String> {
        let job = self.engine.submit(task, destination).map_err(|error| error.sentence(words::remedy))?;
        // Between two jobs there was nothing to cancel.
        if self.interrupted.load(Ordering::Acquire) {
            job.cancel();
        }
        Ok(follow(&job, report))
    }
}

/// Reports one job to its end.
fn follow(job: &JobHandle, report: &Report) -> u8 {
    loop {
        let Some(event) = job.recv_timeout(Duration::from_mins(1)) else { continue };
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
                return DONE;
            }
            EventKind::Ended(Outcome::Cancelled) => {
                report.cancelled();
                return CANCELLED;
            }
            EventKind::Ended(Outcome::Failed(error)) => {
                report.failed(&error.sentence(words::remedy));
                return words::exit_code(error.kind);
            }
        }
    }
}
