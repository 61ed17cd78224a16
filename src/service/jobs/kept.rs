//! What outlives the server: jobs that wait or run, in the store's queue, and what became of the others until they expire.
//!
//! A job leaves the queue's folder only when its outcome is written, so that one that was finished is never made again and
//! never lost, whenever the server is killed.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use super::record::{Ended, Record};
use super::written::{Read, read, written};
use crate::job::{Destination, JobId, JobKeeper, JobNote, Keep, KeptJob, Notice, StepState, Task};
use crate::store::queue::{Outcomes, QueueError, QueueKeeper};

/// Opened by whoever starts the engine, for it and for the service.
pub struct KeptJobs {
    queue: Arc<QueueKeeper>,
    outcomes: Outcomes,
}

/// What the engine reports to. That a job has ended is not said here but when its outcome is written.
struct UntilWritten(Arc<QueueKeeper>);

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
        let record = |outcome: crate::store::queue::KeptOutcome| {
            let Read { created, age, notices, ended } = read(&outcome.header, outcome.picture.into())?;
            let ended_at = Instant::now().checked_sub(age).unwrap_or_else(Instant::now);
            Some(Record::of_earlier_run(outcome.name, new_id(), created, notices, (ended, ended_at)))
        };
        let records: Vec<Record> = self.outcomes.read().into_iter().filter_map(record).collect();
        drop(self.queue.flush());
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

    /// Waits until what was taken is on the disk. Gives a sentence where it is not.
    pub(super) fn flush(&self) -> Option<String> {
        let unwritten = self.queue.flush();
        if let Some(problem) = self.queue.take_problem() {
            tracing::warn!("{}", problem.message);
        }
        unwritten
    }

    /// A job that was cancelled is not made again, however long it still takes to end.
    pub(super) fn cancelled(&self, record: &Record) {
        self.end(record, &Ended::Cancelled);
        // It may have ended in the meantime, in another way.
        if let Some(ended) = record.ended() {
            self.end(record, &ended);
        }
    }

    /// Writes what became of a job, and lets go of what would make it again.
    pub(super) fn end(&self, record: &Record, ended: &Ended) {
        let written = written(record, ended)
            .map_err(Into::into)
            .and_then(|(header, picture)| self.outcomes.save(&record.id, &header, &picture));
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
