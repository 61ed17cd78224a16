//! The engine: one named thread that owns the model, takes requests and tells what becomes of them.
//!
//! Knows no window: whoever starts it hands in a `wake` callback, called after every event.

mod awake;
mod backend;
mod candle;
pub mod device;
mod estimate;
mod failure;
mod fake;
mod fallback;
mod mailbox;
pub mod mobile_sam;
mod select;
mod worker;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Sender, TrySendError, bounded};

pub use backend::{Backend, BackendError};
pub use candle::{CandleBackend, files_of, work_grid};
pub use estimate::Estimator;
pub use fake::{FakeBackend, FakeScript};
pub use mobile_sam::MobileSam;
pub use select::{Finder, SelectEvent, SelectHandle};

use crate::job::{
    CancelToken, Destination, Event, EventKind, JobId, JobState, Outcome, Request, RequestError, Saver, Wake,
};
use mailbox::Mailbox;
use worker::Job;

/// Pictures that may wait at once.
const QUEUE_LENGTH: usize = 64;

#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error(transparent)]
    Request(#[from] RequestError),
    #[error("{QUEUE_LENGTH} pictures are waiting already; let some finish or cancel them")]
    QueueFull,
    #[error("the engine has stopped; start the program again")]
    Stopped,
    #[error("the engine's thread could not be started: {0}")]
    Spawn(#[from] std::io::Error),
}

/// What is asked for in front is taken first.
struct Senders {
    in_front: Sender<Job>,
    in_turn: Sender<Job>,
}

/// The one way to the engine. Dropping it cancels what runs and waits for the thread.
pub struct EngineHandle {
    jobs: Option<Senders>,
    mailbox: Arc<Mailbox>,
    tokens: Mutex<HashMap<JobId, CancelToken>>,
    next_id: AtomicU64,
    thread: Option<JoinHandle<()>>,
}

impl EngineHandle {
    /// Starts the thread. The backend is made there, so that nothing slow happens here.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start<B: Backend>(
        make_backend: impl FnOnce() -> B + Send + 'static,
        saver: Arc<dyn Saver>,
        wake: Wake,
    ) -> Result<Self, EngineError> {
        let (in_turn, jobs) = bounded(QUEUE_LENGTH);
        let (in_front, first_jobs) = bounded(QUEUE_LENGTH);
        let mailbox = Arc::new(Mailbox::new(wake));
        let outbox = Arc::clone(&mailbox);
        let thread = std::thread::Builder::new()
            .name("inkwick-engine".into())
            .spawn(move || worker::work(&first_jobs, &jobs, make_backend(), saver.as_ref(), &outbox))?;
        Ok(Self {
            jobs: Some(Senders { in_front, in_turn }),
            mailbox,
            tokens: Mutex::default(),
            next_id: AtomicU64::new(1),
            thread: Some(thread),
        })
    }

    /// Puts a picture into the queue. Never waits.
    ///
    /// # Errors
    /// When the request cannot be met by any model, or the queue is full.
    pub fn submit(&self, request: Request, destination: Destination) -> Result<JobId, EngineError> {
        self.send(request, destination, |jobs| &jobs.in_turn)
    }

    /// The same, in front of everything that waits.
    ///
    /// # Errors
    /// As [`Self::submit`].
    pub fn submit_in_front(&self, request: Request, destination: Destination) -> Result<JobId, EngineError> {
        self.send(request, destination, |jobs| &jobs.in_front)
    }

    fn send(
        &self,
        request: Request,
        destination: Destination,
        row: impl Fn(&Senders) -> &Sender<Job>,
    ) -> Result<JobId, EngineError> {
        request.validate()?;
        let id = JobId(self.next_id.fetch_add(1, Ordering::Relaxed));
        let cancel = CancelToken::default();
        let jobs = self.jobs.as_ref().ok_or(EngineError::Stopped)?;
        let mut tokens = self.tokens();
        row(jobs).try_send(Job { id, request, destination, cancel: cancel.clone() }).map_err(|error| match error {
            TrySendError::Full(_) => EngineError::QueueFull,
            TrySendError::Disconnected(_) => EngineError::Stopped,
        })?;
        tokens.insert(id, cancel);
        self.mailbox.post(Event { job: id, kind: EventKind::Queued });
        Ok(id)
    }

    /// Cancels one job. A waiting one is gone at once, a running one within a block of the network.
    pub fn cancel(&self, job: JobId) {
        let token = self.tokens().remove(&job);
        if token.is_some_and(|token| token.cancel() == JobState::Waiting) {
            self.mailbox.post(Event { job, kind: EventKind::Ended(Outcome::Cancelled) });
        }
    }

    /// Cancels everything that runs or waits.
    pub fn cancel_all(&self) {
        let jobs: Vec<JobId> = self.tokens().keys().copied().collect();
        for job in jobs {
            self.cancel(job);
        }
    }

    /// The next event, if there is one.
    pub fn try_recv(&self) -> Option<Event> {
        self.forget_when_last(self.mailbox.try_take())
    }

    /// Waits for the next event.
    pub fn recv_timeout(&self, timeout: Duration) -> Option<Event> {
        self.forget_when_last(self.mailbox.take_timeout(timeout))
    }

    fn forget_when_last(&self, event: Option<Event>) -> Option<Event> {
        if let Some(event) = &event
            && matches!(event.kind, EventKind::Ended(_))
        {
            self.tokens().remove(&event.job);
        }
        event
    }

    fn tokens(&self) -> std::sync::MutexGuard<'_, HashMap<JobId, CancelToken>> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for EngineHandle {
    fn drop(&mut self) {
        self.cancel_all();
        self.jobs = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the engine's thread ended in a panic");
        }
    }
}
