//! What a person keeps about a model: a star, a few lines of text, when it was used last, and how it is to be used.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::job::ModelRef;
use crate::sampling::SchedulerName;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ModelNote {
    pub favourite: bool,
    pub words: String,
    /// Seconds since 1970.
    pub last_used: Option<u64>,
    /// Taken into the panel whenever the model is chosen.
    pub defaults: Option<KeptDefaults>,
    /// Decodes instead of the model's own.
    pub vae: Option<PathBuf>,
    /// Made with it last; shown where no picture lies beside the model.
    pub picture: Option<PathBuf>,
}

/// The panel's settings, as they were when they were kept.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeptDefaults {
    pub size_px: [u32; 2],
    pub steps: u32,
    pub guidance: Option<f64>,
    pub scheduler: Option<SchedulerName>,
}

impl ModelNote {
    /// Under what a model's note is kept.
    #[must_use]
    pub fn key(model: &ModelRef) -> String {
        let path = model.path().map(|path| path.to_string_lossy().into_owned());
        path.unwrap_or_else(|| model.built_in_id().unwrap_or_default().to_owned())
    }

    /// Used just now.
    pub fn use_now(&mut self) {
        self.last_used = SystemTime::now().duration_since(UNIX_EPOCH).ok().map(|since| since.as_secs());
    }
}
