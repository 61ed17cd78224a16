//! What the engine asks of whoever keeps the pictures.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Destination, JobError, Request, StepState};
use crate::raster::Picture;

/// A picture as it left the decoder.
#[derive(Clone, Debug)]
pub struct Drawn {
    pub picture: Picture,
    /// The request with every default filled in.
    pub request: Request,
    /// What was decoded, where that is known: to be decoded again in another way.
    pub latents: Option<Arc<StepState>>,
}

/// Keeps finished pictures. Called on the engine's thread, so a hidden window loses nothing.
pub trait Saver: Send + Sync + 'static {
    /// Looks before the work starts whether the destination can be written at all.
    ///
    /// # Errors
    /// When it cannot, with what to do.
    fn check(&self, destination: &Destination) -> Result<(), JobError>;

    /// Writes the picture and returns where it is. Leaves no half-written file.
    ///
    /// # Errors
    /// When it cannot be written.
    fn save(&self, destination: &Destination, drawn: &Drawn) -> Result<PathBuf, JobError>;

    /// Writes one step's preview into `folder`.
    ///
    /// # Errors
    /// When it cannot be written.
    fn save_preview(&self, folder: &Path, step: u32, preview: &Picture) -> Result<(), JobError>;
}
