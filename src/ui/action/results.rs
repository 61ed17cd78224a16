//! What can be done with this session's pictures, and what the canvas shows.

use std::path::PathBuf;
use std::sync::Arc;

use crate::job::JobId;
use crate::raster::Picture;

#[derive(Clone, Debug)]
pub enum ResultsAction {
    /// Stops the picture that is being made; what waits goes on.
    CancelRunning,
    /// Stops one picture, running or waiting.
    Cancel(JobId),
    /// Stops everything.
    CancelAll,
    /// Chooses what lies on the canvas.
    LookAt(LookingAt),
    /// Looks at the picture `by` places further in the strip.
    StepCandidate { by: isize },
    /// Makes the shown picture the canvas's own.
    Accept,
    /// Takes the shown candidate off the strip; it stays in the gallery.
    SetAside,
    /// Puts the one that was set aside last back into its place.
    PutBack,
    /// Puts two to four pictures beside each other, by their files.
    Compare(Vec<PathBuf>),
    /// Chooses a finished picture of the strip beside others, or leaves it out again.
    Choose(JobId),
}

/// What lies on top of the canvas.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum LookingAt {
    /// The canvas itself: its picture, or the empty state.
    #[default]
    Canvas,
    /// A picture of this session, finished or on its way.
    Candidate(JobId),
    /// A picture from the gallery.
    Gallery(GalleryView),
}

/// A gallery picture shown over the canvas.
#[derive(Clone, Debug)]
pub struct GalleryView {
    pub file: PathBuf,
    /// `None` until the store has read it.
    pub picture: Option<Arc<Picture>>,
}

impl PartialEq for GalleryView {
    fn eq(&self, other: &Self) -> bool {
        self.file == other.file
    }
}
