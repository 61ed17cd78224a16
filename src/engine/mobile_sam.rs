//! Finds things with `MobileSAM`, whose weights are fetched when a person asks for it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::failure;
use crate::job::{ErrorKind, JobError, SelectPrompt};
use crate::mask::MaskPlane;
use crate::model::{EncodedPicture, ModelError, Segmenter};
use crate::raster::Picture;

/// Where the weights come from.
pub(crate) const REPOSITORY: &str = "lmz/candle-sam";
/// Their file there.
pub(crate) const FILE: &str = "mobile_sam-tiny-vitt.safetensors";
/// What is also taken, when a person put it there: the name that the network's authors gave it.
const BY_HAND: [&str; 3] = ["mobile_sam.safetensors", "mobile_sam.pt", "mobile_sam.pth"];

/// Brings [`FILE`] of [`REPOSITORY`] to this machine and gives where it is, or where it should be put (the folder) in its
/// error; reports the share that is there, and ends soon after `stop` is set.
pub(crate) type FetchWeights =
    Box<dyn FnMut(&Path, &mut dyn FnMut(f32), &AtomicBool) -> Result<PathBuf, JobError> + Send>;

/// `MobileSAM` on the CPU. Keeps the network, and what it knows of the picture that was asked about last.
pub(crate) struct MobileSam {
    folder: PathBuf,
    /// What was fetched.
    fetched: Option<PathBuf>,
    fetch: FetchWeights,
    network: Option<Segmenter>,
    known: Option<(Arc<Picture>, EncodedPicture)>,
}

impl MobileSam {
    /// The weights lie in [`folder`], or where they were `fetched` to.
    #[must_use]
    pub(crate) fn new(models_folder: &Path, fetched: Option<PathBuf>, fetch: FetchWeights) -> Self {
        Self { folder: folder(models_folder), fetched, fetch, network: None, known: None }
    }

    fn file(&self) -> Option<PathBuf> {
        let names = std::iter::once(FILE).chain(BY_HAND);
        names.map(|name| self.folder.join(name)).chain(self.fetched.clone()).find(|file| file.is_file())
    }

    fn network(&mut self) -> Result<&Segmenter, JobError> {
        let network = if let Some(network) = self.network.take() {
            network
        } else {
            let file = self.file().ok_or_else(|| missing_in(&self.folder))?;
            Segmenter::open(&file).map_err(failure::job_error)?
        };
        Ok(self.network.insert(network))
    }
}

/// Where the weights lie: beside the models.
#[must_use]
pub(crate) fn folder(models_folder: &Path) -> PathBuf {
    models_folder.join("selection")
}

fn missing_in(folder: &Path) -> JobError {
    let sentence = format!("to select by a click, MobileSAM is wanted as {FILE} in this folder: {}", folder.display());
    JobError::new(ErrorKind::NotFound, sentence)
}

impl MobileSam {
    /// Whether the weights are there.
    pub(super) fn is_ready(&mut self) -> bool {
        self.network.is_some() || self.file().is_some()
    }

    /// 255 where the thing is, as large as the picture.
    ///
    /// # Errors
    /// When the weights cannot be read or used.
    pub(super) fn find(
        &mut self,
        picture: &Arc<Picture>,
        prompt: &SelectPrompt,
        stop: &AtomicBool,
    ) -> Result<MaskPlane, JobError> {
        let known = self.known.take().filter(|(known, _)| Arc::ptr_eq(known, picture));
        let network = self.network()?;
        let cancel_check = || if stop.load(Ordering::Relaxed) { Err(ModelError::Cancelled) } else { Ok(()) };
        let encoded = match known {
            Some((_, encoded)) => encoded,
            None => network.encode(picture, &cancel_check).map_err(failure::job_error)?,
        };
        let segment = network.answer(&encoded, prompt).map_err(failure::job_error)?;
        let mask = encoded.mask(&segment);
        self.known = Some((Arc::clone(picture), encoded));
        Ok(mask)
    }

    /// Fetches the weights.
    ///
    /// # Errors
    /// When they cannot be fetched.
    pub(super) fn fetch(&mut self, on_progress: &mut dyn FnMut(f32), stop: &AtomicBool) -> Result<(), JobError> {
        self.fetched = Some((self.fetch)(&self.folder, on_progress, stop)?);
        Ok(())
    }
}
