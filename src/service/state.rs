//! What all routes share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::StatusCode;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::a1111::{Groups, Options};
use super::answer::Refusal;
use super::catalogue::Catalogue;
use super::guests::{Guest, Guests};
use super::jobs::{Jobs, KeptJobs};
use super::options::ServiceOptions;
use super::words::Hidden;
use crate::engine::{EngineHandle, Estimator, TokenCounter};
use crate::job::JobError;
use crate::store::paths::Paths;

/// Bodies that are read and unpacked at once: each may be as large as the limit.
const BODIES_AT_ONCE: usize = 8;

pub struct Service {
    pub(super) jobs: Jobs,
    pub(super) catalogue: Catalogue,
    pub(super) options: ServiceOptions,
    pub(super) estimator: Estimator,
    pub(super) tokens: TokenCounter,
    pub(super) bodies: Semaphore,
    pub(super) a1111_options: Options,
    pub(super) a1111_groups: Groups,
    pub(super) guests: Guests,
    /// Ends connections that stay open for whatever may come.
    pub(super) closing: CancellationToken,
    /// Answers so far, by the status' first digit.
    answers: [AtomicU64; 6],
}

impl Service {
    /// A front of its own on `engine`, with what `paths` has.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(engine: &EngineHandle, paths: Paths, options: ServiceOptions) -> std::io::Result<Arc<Self>> {
        Self::start_keeping(engine, paths, options, None)
    }

    /// The same with what outlives the server. The engine must have been started with its keeper.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn start_keeping(
        engine: &EngineHandle,
        paths: Paths,
        options: ServiceOptions,
        kept: Option<KeptJobs>,
    ) -> std::io::Result<Arc<Self>> {
        Ok(Arc::new(Self {
            jobs: Jobs::start(engine, &options, Hidden::of(&paths), kept)?,
            catalogue: Catalogue::new(paths),
            estimator: Estimator::new(options.devices.clone(), options.dtype),
            tokens: TokenCounter::default(),
            bodies: Semaphore::new(BODIES_AT_ONCE),
            a1111_options: Options::default(),
            a1111_groups: Groups::default(),
            guests: Guests::default(),
            closing: CancellationToken::new(),
            answers: std::array::from_fn(|_| AtomicU64::new(0)),
            options,
        }))
    }

    /// Does what may wait (files, pictures, speed) on a thread that may.
    pub(super) async fn aside<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        let service = Arc::clone(self);
        let done = tokio::task::spawn_blocking(move || work(&service)).await;
        done.map_err(|_| {
            Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "something broke inside; try it again")
        })
    }

    /// Why a job was not taken, with how long to wait.
    pub(super) fn refusal(&self, error: JobError) -> Refusal {
        let mut refusal = Refusal::from(error);
        refusal.retry_after = refusal.retry_after.map(|_| self.jobs.seconds_until_room());
        refusal
    }

    /// Who asked in the last two minutes.
    #[must_use]
    pub fn guests(&self) -> Vec<Guest> {
        self.guests.all()
    }

    pub(super) fn count_answer(&self, status: StatusCode) {
        let class = usize::from(status.as_u16() / 100).min(self.answers.len() - 1);
        self.answers[class].fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn answers(&self) -> [u64; 6] {
        std::array::from_fn(|class| self.answers[class].load(Ordering::Relaxed))
    }
}
