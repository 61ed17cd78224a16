//! A job's stream of events, from the queue to its outcome.

use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{JobError, Progress, Request};
use crate::raster::Picture;

/// Called after each event, on the thread that posts it, so that a sleeping front looks again.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// Given by the engine, never used twice in one run of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct JobId(pub u64);

/// One entry of a job's stream.
#[derive(Clone, Debug)]
pub struct Event {
    pub job: JobId,
    pub kind: EventKind,
}

/// What happened to a job; the last three end its stream.
#[derive(Clone, Debug)]
pub enum EventKind {
    /// Always the first; once more where the job is begun anew on another device.
    Queued,
    Progress(Progress),
    /// Always the last.
    Ended(Outcome),
}

/// What became of a job.
#[derive(Clone, Debug)]
pub enum Outcome {
    Finished(Arc<Finished>),
    Cancelled,
    Failed(JobError),
}

/// A picture that is made and saved.
#[derive(Clone, Debug)]
pub struct Finished {
    pub picture: Arc<Picture>,
    /// With every default filled in: what was really used.
    pub request: Request,
    /// Where it was saved; empty for [`super::Destination::Front`].
    pub file: PathBuf,
    /// From the start of the work to the saved file, loading included.
    pub seconds: f64,
    /// Of the whole process, where the system reports it.
    pub peak_memory_bytes: Option<u64>,
    /// What that was estimated to be.
    pub predicted_peak_bytes: Option<u64>,
}
