//! Why a queue is not kept for the next start.

use std::io;
use std::path::PathBuf;

use crate::job::{ErrorKind, JobError};

#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    #[error("another Inkwick keeps its queue here, so this one's queue is not kept for the next start; close the other one first: {}", .0.display())]
    InUse(PathBuf),
    #[error("what waits cannot be kept for the next start ({source}); make room on the disk or check the folder's rights: {}", folder.display())]
    Disk { source: io::Error, folder: PathBuf },
    #[error(
        "the pictures of what waits take more than {most_gb} GB, so the newest ones are not kept for the next start; let some of the queue finish first"
    )]
    Full { most_gb: u64 },
}

impl From<QueueError> for JobError {
    fn from(error: QueueError) -> Self {
        let kind = match error {
            QueueError::InUse(_) | QueueError::Full { .. } => ErrorKind::Busy,
            QueueError::Disk { .. } => ErrorKind::Storage,
        };
        Self::caused(kind, error)
    }
}
