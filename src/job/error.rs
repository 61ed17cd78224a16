//! Why a job failed: of what kind, in one sentence, what helps, and what caused it.
//!
//! The sentence names no flag and no button. Each front puts the remedy into its own words, and maps the kind to its own
//! codes.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use super::RequestError;

/// What a front does with a failure depends on this alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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

/// What a person can do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Remedy {
    /// Give a picture to start from.
    GivePicture,
    /// Choose a VAE for the model.
    ChooseVae,
    /// Use the file as a LoRA of another model.
    UseAsLora,
    /// Look at what the file holds.
    InspectFile,
    /// Let a soft mask release the picture gradually.
    SoftInpainting,
    /// Attention in tiles, and decoding in tiles.
    Tiling,
    /// The memory mode that saves.
    LowMemory,
    /// Weights in half precision.
    HalfPrecision,
    /// The largest size of this shape that fits, in pixels.
    SmallerSize { width: u32, height: u32 },
    /// Close other programs or take a smaller model.
    FreeMemory,
    /// See which devices this machine and this build have.
    ListDevices,
    /// The device's failure is kept for a report.
    ReportDevice,
}

/// A failed job's error, with its kind, up to the front.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct JobError {
    pub kind: ErrorKind,
    /// One sentence for a person: what was wanted, what was found, what helps everywhere.
    pub message: String,
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

    /// The sentence and what helps, as this front says it.
    #[must_use]
    pub fn sentence(&self, words_of: impl FnOnce(Remedy) -> String) -> String {
        with_remedy(&self.message, self.remedy, words_of)
    }
}

/// "What happened; what helps".
#[must_use]
pub fn with_remedy(message: &str, remedy: Option<Remedy>, words_of: impl FnOnce(Remedy) -> String) -> String {
    match remedy {
        Some(remedy) => format!("{message}; {}", words_of(remedy)),
        None => message.to_owned(),
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
