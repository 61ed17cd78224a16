//! What can go wrong around the files themselves.

use std::io;
use std::path::PathBuf;

use crate::job::{ErrorKind, JobError};

#[derive(Debug, thiserror::Error)]
pub(crate) enum TaskError {
    #[error("the file manager could not be started ({source}); open it yourself at {}", path.display())]
    Reveal { source: io::Error, path: PathBuf },
    #[error("the keys' file could not be written ({source}); check the folder's rights: {}", path.display())]
    KeysFile { source: io::Error, path: PathBuf },
    #[error("the file could not be put where it belongs ({source}); copy it yourself to {}", path.display())]
    FileAway { source: io::Error, path: PathBuf },
    #[error("the gallery could not be searched ({0}); check the disk, or start the program again")]
    Index(rusqlite::Error),
    #[error("something broke inside while a file was worked on; try it again, or leave that file out")]
    FilePanic,
    #[error(
        "something broke inside while the canvas or the settings were kept; save the canvas to a file and start the program again"
    )]
    JournalPanic,
}

impl From<TaskError> for JobError {
    fn from(error: TaskError) -> Self {
        let kind = match error {
            TaskError::Reveal { .. } => ErrorKind::Unsupported,
            TaskError::KeysFile { .. } | TaskError::FileAway { .. } | TaskError::Index(_) => ErrorKind::Storage,
            TaskError::FilePanic | TaskError::JournalPanic => ErrorKind::Internal,
        };
        Self::caused(kind, error)
    }
}
