//! What outlives the server: jobs that wait or run, in the store's queue, and what became of the others until they expire.
//!
//! A job leaves the queue's folder only when its outcome is written, so that one that was finished is never made again and
//! never lost, whenever the server is killed.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::record::{Ended, Picture, Record};
use crate::job::{Destination, ErrorKind, JobId, JobKeeper, JobNote, Keep, KeptJob, Notice, Request, StepState, Task};
use crate::store::queue::{Outcomes, QueueError, QueueKeeper};

/// Opened by whoever starts the engine, for it and for the service.
pub struct KeptJobs {
    queue: Arc<QueueKeeper>,
    outcomes: Outcomes,
}

/// What the engine reports to. That a job has ended is not said here but when its outcome is written.
struct UntilWritten(Arc<QueueKeeper>);

#[derive(Serialize, Deserialize)]
struct Header {
    created: i64,
    /// Seconds since 1970.
    ended: i64,
    notices: Vec<String>,
    outcome: Outcome,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Complete(Box<Made>),
    Cancelled,
    Failed { kind: ErrorKind, message: String },
}

#[derive(Serialize, Deserialize)]
struct Made {
    width: u32,
    height: u32,
    request: Request,
    parameters: String,
    settings: Value,
    seconds: f64,
    peak_memory_bytes: Option<u64>,
}

impl KeptJobs {
    /// # Errors
    /// When another server has the folder open, or the disk does not allow it.
    pub fn open(folder: &Path) -> Result<Self, QueueError> {
        let queue = Arc::new(QueueKeeper::open(&folder.join("queue"), Arc::new(|| {}))?);
        let done = folder.join("done");
        let outcomes = Outcomes::open(&done).map_err(|source| QueueError::Disk { source, folder: done })?;
        Ok(Self { queue, outcomes })
    }

    /// For [`crate::engine::EngineHandle::start_keeping`].
    #[must_use]
    pub fn keeper(&self) -> Arc<dyn JobKeeper> {
        Arc::new(UntilWritten(Arc::clone(&self.queue)))
    }

    /// Of earlier runs: those that have ended, those that have not, and what could not be read.
    pub(super) fn read(&self, new_id: impl Fn() -> JobId) -> (Vec<Record>, Vec<KeptJob>, Vec<Notice>) {
        let read = |outcome: crate::store::queue::KeptOutcome| {
            let header: Header = serde_json::from_slice(&outcome.header).ok()?;
            let ended = ended(header.outcome, outcome.picture);
            let age = u64::try_from(chrono::Utc::now().timestamp() - header.ended).unwrap_or(0);
            let ended_at = Instant::now().checked_sub(Duration::from_secs(age)).unwrap_or_else(Instant::now);
            Some(Record::of_earlier_run(outcome.name, new_id(), header.created, header.notices, (ended, ended_at)))
        };
        let records: Vec<Record> = self.outcomes.read().into_iter().filter_map(read).collect();
        self.queue.flush();
        let left = self.queue.take_left().unwrap_or_default();
        // The server was killed between an outcome and the end of its job.
        let (ended, open): (Vec<_>, Vec<_>) =
            left.jobs.into_iter().partition(|job| records.iter().any(|record| record.id == job.note.name));
        for job in ended {
            let passing = new_id();
            self.queue.add(passing, &job.task, &job.destination, Keep::Known(job.key));
            self.queue.end(passing);
        }
        (records, open, left.notices)
    }

    /// Waits until what was taken is on the disk.
    pub(super) fn flush(&self) {
        self.queue.flush();
        if let Some(problem) = self.queue.take_problem() {
            tracing::warn!("{}", problem.message);
        }
    }

    /// Writes what became of a job, and lets go of what would make it again.
    pub(super) fn end(&self, record: &Record, ended: &Ended) {
        let (outcome, picture) = match ended {
            Ended::Cancelled => (Outcome::Cancelled, Bytes::new()),
            Ended::Failed { kind, message } => {
                (Outcome::Failed { kind: *kind, message: message.clone() }, Bytes::new())
            }
            Ended::Complete(picture) => {
                let made = Made {
                    width: picture.width,
                    height: picture.height,
                    request: picture.request.clone(),
                    parameters: picture.parameters.clone(),
                    settings: picture.settings.clone(),
                    seconds: picture.seconds,
                    peak_memory_bytes: picture.peak_memory_bytes,
                };
                (Outcome::Complete(Box::new(made)), picture.png.clone())
            }
        };
        let notices = record.notices().iter().map(ToString::to_string).collect();
        let header = Header { created: record.created, ended: chrono::Utc::now().timestamp(), notices, outcome };
        let written = serde_json::to_vec(&header)
            .map_err(Into::into)
            .and_then(|header| self.outcomes.save(&record.id, &header, &picture));
        match written {
            Ok(()) => self.queue.end(record.engine_id),
            // It is made again at the next start.
            Err(error) => tracing::warn!("the outcome of job {} cannot be kept: {error}", record.id),
        }
    }

    /// Nobody will ask about it any more.
    pub(super) fn forget(&self, record: &Record) {
        self.outcomes.remove(&record.id);
        self.queue.end(record.engine_id);
    }
}

fn ended(outcome: Outcome, png: Vec<u8>) -> Ended {
    match outcome {
        Outcome::Cancelled => Ended::Cancelled,
        Outcome::Failed { kind, message } => Ended::Failed { kind, message },
        Outcome::Complete(made) => {
            let Made { width, height, request, parameters, settings, seconds, peak_memory_bytes } = *made;
            let png = Bytes::from(png);
            Ended::Complete(Box::new(Picture {
                png,
                width,
                height,
                request,
                parameters,
                settings,
                seconds,
                peak_memory_bytes,
            }))
        }
    }
}

/// How a job of the service is kept.
pub(super) fn keep_as(id: &str) -> Keep {
    Keep::New(JobNote { press: 0, name: id.to_owned() })
}

impl JobKeeper for UntilWritten {
    fn add(&self, job: JobId, task: &Task, destination: &Destination, keep: Keep) {
        self.0.add(job, task, destination, keep);
    }

    fn order(&self, waiting: &[JobId]) {
        self.0.order(waiting);
    }

    fn begin(&self, job: JobId) {
        self.0.begin(job);
    }

    fn reach(&self, job: JobId, state: &Arc<StepState>) {
        self.0.reach(job, state);
    }

    fn end(&self, _: JobId) {}
}
