//! What the thread beside the engine knows: to find things by a click, and to make pictures that steer.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::annotators::{self, Annotators};
use super::mobile_sam::MobileSam;
use super::select::Finder;
use crate::job::{Annotator, JobError, SelectPrompt, WeightSource};
use crate::mask::MaskPlane;
use crate::raster::Picture;

/// Brings a file to this machine, into the folder where it cannot be fetched by itself; reports the share that is there,
/// and ends soon after `stop` is set.
pub(crate) type FetchAnnotator =
    Box<dyn FnMut(&WeightSource, &Path, &mut dyn FnMut(f32), &AtomicBool) -> Result<(), JobError> + Send>;

/// The small networks of the window.
pub(crate) struct SmallNetworks {
    selector: MobileSam,
    annotators: Annotators,
    folder: std::path::PathBuf,
    fetch: FetchAnnotator,
}

impl SmallNetworks {
    #[must_use]
    pub(crate) fn new(
        selector: MobileSam,
        annotators: Annotators,
        models_folder: &Path,
        fetch: FetchAnnotator,
    ) -> Self {
        Self { selector, annotators, folder: annotators::folder(models_folder), fetch }
    }
}

impl Finder for SmallNetworks {
    fn is_ready(&mut self) -> bool {
        self.selector.is_ready()
    }

    fn find(
        &mut self,
        picture: &Arc<Picture>,
        prompt: &SelectPrompt,
        stop: &AtomicBool,
    ) -> Result<MaskPlane, JobError> {
        self.selector.find(picture, prompt, stop)
    }

    fn fetch(&mut self, on_progress: &mut dyn FnMut(f32), stop: &AtomicBool) -> Result<(), JobError> {
        self.selector.fetch(on_progress, stop)
    }

    fn can_annotate(&mut self, annotator: Annotator) -> bool {
        self.annotators.is_ready(annotator)
    }

    fn annotate(&mut self, annotator: Annotator, picture: &Picture, stop: &AtomicBool) -> Result<Picture, JobError> {
        self.annotators.made_of(annotator, picture, stop)
    }

    fn fetch_annotator(
        &mut self,
        annotator: Annotator,
        on_progress: &mut dyn FnMut(f32),
        stop: &AtomicBool,
    ) -> Result<(), JobError> {
        (self.fetch)(annotator.weights(), &self.folder, on_progress, stop)
    }
}
