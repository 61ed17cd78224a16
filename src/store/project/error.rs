//! What can be wrong with a project's file, in a sentence each.

use std::io;
use std::path::PathBuf;

use crate::job::{ErrorKind, JobError};

#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    #[error("the project could not be opened ({source}); check that it is there and may be read: {}", path.display())]
    Open { source: io::Error, path: PathBuf },
    #[error("an Inkwick project was wanted, this file is none; save it from Inkwick first: {}", path.display())]
    NotAProject { path: PathBuf },
    #[error("the project is damaged or cut short ({reason}); take another copy of it: {}", path.display())]
    Damaged { reason: String, path: PathBuf },
    #[error(
        "the project was saved by a newer Inkwick (format {found}, this one reads up to {most}); bring Inkwick up to date: {}",
        path.display()
    )]
    Newer { found: u32, most: u32, path: PathBuf },
    #[error(
        "the project unpacks to more than {} MB, more than a canvas may take; make its layers smaller or fewer: {}",
        most_bytes / 1_000_000, path.display()
    )]
    TooLarge { most_bytes: u64, path: PathBuf },
    #[error("the project could not be put into a file ({reason}); look at the names of its files: {}", path.display())]
    Encode { reason: String, path: PathBuf },
    #[error("the project could not be written ({source}); check the disk and the folder's rights: {}", path.display())]
    Write { source: io::Error, path: PathBuf },
}

impl From<ProjectError> for JobError {
    fn from(error: ProjectError) -> Self {
        let kind = match &error {
            ProjectError::Open { source, .. } if source.kind() == io::ErrorKind::NotFound => ErrorKind::NotFound,
            ProjectError::Open { .. } | ProjectError::NotAProject { .. } | ProjectError::Damaged { .. } => {
                ErrorKind::Unreadable
            }
            ProjectError::Newer { .. } | ProjectError::TooLarge { .. } => ErrorKind::Unsupported,
            ProjectError::Encode { .. } | ProjectError::Write { .. } => ErrorKind::Storage,
        };
        Self::caused(kind, error)
    }
}
