//! What the engine asks of whoever draws, and of whoever keeps the pictures.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::job::{CancelToken, Destination, ModelPart, Request};
use crate::raster::Picture;

/// Told by a backend while it draws.
#[derive(Clone, Debug)]
pub enum Progress {
    Loading {
        part: ModelPart,
        fraction: f32,
    },
    Step {
        done: u32,
        total: u32,
        seconds: f64,
        preview: Option<Arc<Picture>>,
    },
    Decoded {
        seconds: f64,
    },
    /// A sentence for a person: the picture goes another way than was asked for.
    Notice(String),
}

/// A picture as it left the decoder.
#[derive(Clone, Debug)]
pub struct Drawn {
    pub picture: Picture,
    /// The request with every default filled in.
    pub request: Request,
    /// What the whole process was foretold to take at most, where the backend can tell.
    pub predicted_peak_bytes: Option<u64>,
}

#[derive(Debug, thiserror::Error)]
pub enum BackendError {
    #[error("cancelled")]
    Cancelled,
    /// One sentence for a person.
    #[error("{0}")]
    Failed(String),
}

/// Turns a request into a picture. Lives on the engine's thread and may keep what it has loaded.
pub trait Backend: 'static {
    /// # Errors
    /// `Cancelled` soon after the token says so; `Failed` with a sentence for a person. Either way the next
    /// request must find the backend usable.
    fn draw(
        &mut self,
        request: &Request,
        cancel: &CancelToken,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Drawn, BackendError>;

    /// Called after a draw that panicked: forget whatever may be half done.
    fn reset(&mut self);
}

/// Keeps finished pictures. Called on the engine's thread, so a hidden window loses nothing.
pub trait Saver: Send + Sync + 'static {
    /// Looks before the work starts whether the destination can be written at all.
    ///
    /// # Errors
    /// A sentence for a person.
    fn check(&self, destination: &Destination) -> Result<(), String>;

    /// Writes the picture and returns where it is. Leaves no half-written file.
    ///
    /// # Errors
    /// A sentence for a person.
    fn save(&self, destination: &Destination, drawn: &Drawn) -> Result<PathBuf, String>;

    /// Writes one step's preview into `folder`.
    ///
    /// # Errors
    /// A sentence for a person.
    fn save_preview(&self, folder: &Path, step: u32, preview: &Picture) -> Result<(), String>;
}
