//! What the registry of jobs asks of a queue that nodes share.

use std::sync::Arc;

use super::record::Record;
use crate::job::JobError;

/// A queue that nodes share. All of this takes its time: it is called on threads that may wait.
pub(in crate::service) trait SharedQueue: Send + Sync {
    /// Puts a job there. What happens to it comes into its record, which can be cancelled from then on.
    fn submit(&self, record: &Arc<Record>, task: Vec<u8>) -> Result<(), JobError>;

    /// The job of this id, whichever node was asked for it, followed from now on by the record that `new` gives.
    fn find(&self, id: &str, new: &dyn Fn() -> Arc<Record>) -> Result<Option<Arc<Record>>, JobError>;
}
