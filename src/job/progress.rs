//! What is reported of a job while it runs: one type from the network to the window.
//!
//! The pipeline reports it, the backend passes it on, and the job's stream of events carries it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Compute, Remedy, StepState};
use crate::raster::Picture;

/// A part of a model that is being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelPart {
    Tokenizer,
    TextEncoder,
    Unet,
    Vae,
    /// A ControlNet or T2I-Adapter.
    Control,
    Upscaler,
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
            Self::Control => "control",
            Self::Upscaler => "upscaler",
        }
    }
}

/// One thing that happened to a job on its way.
#[derive(Clone, Debug)]
pub enum Progress {
    /// A network is being read; `fraction` of the whole model, 0 to 1.
    Loading { part: ModelPart, fraction: f32 },
    /// Every choice left to the program is made: how the picture is computed, and what the whole process is estimated
    /// to take at most.
    Resolved { compute: Compute, peak_bytes: u64 },
    /// `done` of `total` steps; `seconds` is the time that this one took. `preview` is the picture that the network
    /// expects at this step: a slow reader of the stream finds `None` in all but the newest.
    Step { done: u32, total: u32, seconds: f64, preview: Option<Arc<Picture>> },
    /// Behind a call of the network: from here the job can go on after the program's end. For whoever keeps jobs; the
    /// engine passes it on to no front.
    Reached(Arc<StepState>),
    /// The picture left the decoder, which took `seconds`.
    Decoded { seconds: f64 },
    /// Something was done otherwise than asked or expected, and the picture comes all the same.
    Notice(Notice),
}

/// A sentence for a person, without what only one front can say; `remedy` is for each front to put into words.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    /// A sentence without its remedy, as an error has it.
    pub message: String,
    pub remedy: Option<Remedy>,
}

impl From<String> for Notice {
    fn from(message: String) -> Self {
        Self { message, remedy: None }
    }
}
