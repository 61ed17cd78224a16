//! Why a job failed: of what kind, in one sentence, what helps, and what caused it.
//!
//! The sentence names no flag and no button. Each front puts the remedy into its own words, and maps the kind to its own
//! codes.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Remedy, RequestError, with_remedy};

/// What a front does with a failure depends on this alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ErrorKind {
    /// The request is out of range or contradicts itself.
    Request,
    /// A model, a file or a part of one is not there.
    NotFound,
    /// A file is damaged, or is not what was wanted.
    Unreadable,
    /// The model, the device or this build cannot do it.
    Unsupported,
    /// It needs more memory than there is.
    Memory,
    /// The device failed while it computed.
    Device,
    /// The result cannot be written.
    Storage,
    /// Too many jobs wait already.
    Busy,
    /// The engine has stopped.
    Stopped,
    /// A fault of the program.
    Internal,
}

/// A failed job's error, with its kind, up to the front.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct JobError {
    /// What a front decides by: exit code, status, what it offers.
    pub kind: ErrorKind,
    /// One sentence for a person: what was wanted, what was found, what helps everywhere.
    pub message: String,
    /// What helps; each front has its own words for it.
    pub remedy: Option<Remedy>,
    #[source]
    source: Option<Arc<dyn Error + Send + Sync>>,
}

impl JobError {
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), remedy: None, source: None }
    }

    /// From an error, which is kept with everything that caused it.
    #[must_use]
    pub fn caused(kind: ErrorKind, error: impl Error + Send + Sync + 'static) -> Self {
        // A tensor library's error may carry a backtrace; a person wants its first line.
        let message = error.to_string().lines().next().unwrap_or_default().to_owned();
        Self { kind, message, remedy: None, source: Some(Arc::new(error)) }
    }

    #[must_use]
    pub fn with_remedy(self, remedy: Option<Remedy>) -> Self {
        Self { remedy, ..self }
    }

    /// The sentence and all that caused it, one after the other.
    #[must_use]
    pub fn chain(&self) -> String {
        let mut text = self.message.clone();
        let mut cause = self.source();
        while let Some(error) = cause {
            let words = error.to_string();
            // A transparent error says what its cause says.
            if !text.ends_with(&words) {
                text = format!("{text} ← {words}");
            }
            cause = error.source();
        }
        text
    }

    /// The sentence and what helps, as this front says it.
    #[must_use]
    pub fn sentence(&self, words_of: impl FnOnce(Remedy) -> String) -> String {
        with_remedy(&self.message, self.remedy, words_of)
    }
}

impl From<RequestError> for JobError {
    fn from(error: RequestError) -> Self {
        let remedy = error.remedy();
        Self::caused(ErrorKind::Request, error).with_remedy(remedy)
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Request => "request",
            Self::NotFound => "not found",
            Self::Unreadable => "unreadable",
            Self::Unsupported => "unsupported",
            Self::Memory => "memory",
            Self::Device => "device",
            Self::Storage => "storage",
            Self::Busy => "busy",
            Self::Stopped => "stopped",
            Self::Internal => "internal",
        })
    }
}
