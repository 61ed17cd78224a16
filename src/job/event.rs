//! What the engine tells of a job while it works.

use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Request;
use crate::raster::Picture;

/// Given by the engine, never used twice in one run of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct JobId(pub u64);

/// A part of a model that is being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelPart {
    Tokenizer,
    TextEncoder,
    Unet,
    Vae,
}

impl ModelPart {
    /// The name that the command line's events carry.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Tokenizer => "tokenizer",
            Self::TextEncoder => "text_encoder",
            Self::Unet => "unet",
            Self::Vae => "vae",
        }
    }
}

#[derive(Clone, Debug)]
pub struct Event {
    pub job: JobId,
    pub kind: EventKind,
}

#[derive(Clone, Debug)]
pub enum EventKind {
    Queued,
    /// `fraction` of the whole model, 0 to 1.
    Loading {
        part: ModelPart,
        fraction: f32,
    },
    /// `done` of `total` steps; `seconds` is the time that this one took.
    Step {
        done: u32,
        total: u32,
        seconds: f64,
        preview: Option<Arc<Picture>>,
    },
    /// The picture left the decoder, which took `seconds`.
    Decoded {
        seconds: f64,
    },
    /// One sentence for a person: the picture goes another way than was asked for, and why.
    Notice {
        message: String,
    },
    Finished(Box<Finished>),
    Cancelled,
    /// One sentence for a person: what went wrong and what to do.
    Failed {
        message: String,
    },
}

impl EventKind {
    /// Whether nothing more will be told of the job.
    #[must_use]
    pub fn is_last(&self) -> bool {
        matches!(self, Self::Finished(_) | Self::Cancelled | Self::Failed { .. })
    }
}

/// A picture that is made and saved.
#[derive(Clone, Debug)]
pub struct Finished {
    pub picture: Arc<Picture>,
    /// With every default filled in: what was really used.
    pub request: Request,
    pub file: PathBuf,
    /// From the start of the work to the saved file, loading included.
    pub seconds: f64,
    /// Of the whole process, where the system tells it.
    pub peak_memory_bytes: Option<u64>,
    /// What that was foretold to be.
    pub predicted_peak_bytes: Option<u64>,
}
