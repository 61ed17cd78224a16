//! Finds things with `MobileSAM`, whose weights are fetched when a person says so.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::select::Finder;
use crate::job::SelectPrompt;
use crate::mask::MaskPlane;
use crate::model::{EncodedPicture, ModelError, Segmenter};
use crate::raster::Picture;
use crate::store::download::{self, DownloadError, Hub};
use crate::store::paths::Paths;

/// Where the weights come from.
pub const REPOSITORY: &str = "lmz/candle-sam";
/// Their file there.
pub const FILE: &str = "mobile_sam-tiny-vitt.safetensors";
/// What is also taken, when it was put there by hand: the name that the network's authors gave it.
const BY_HAND: [&str; 3] = ["mobile_sam.safetensors", "mobile_sam.pt", "mobile_sam.pth"];

/// `MobileSAM` on the CPU. Keeps the network, and what it knows of the picture that was asked about last.
pub struct MobileSam {
    folder: PathBuf,
    paths: Paths,
    network: Option<Segmenter>,
    known: Option<(Arc<Picture>, EncodedPicture)>,
}

impl MobileSam {
    #[must_use]
    pub fn new(paths: &Paths) -> Self {
        Self { folder: folder(paths), paths: paths.clone(), network: None, known: None }
    }

    fn file(&self) -> Option<PathBuf> {
        let names = std::iter::once(FILE).chain(BY_HAND);
        names.map(|name| self.folder.join(name)).find(|file| file.is_file())
    }

    fn network(&mut self) -> Result<&Segmenter, String> {
        let network = if let Some(network) = self.network.take() {
            network
        } else {
            let file = self.file().ok_or_else(|| wanted_in(&self.folder))?;
            Segmenter::open(&file).map_err(|error| error.to_string())?
        };
        Ok(self.network.insert(network))
    }
}

/// Where the weights lie: beside the models.
#[must_use]
pub fn folder(paths: &Paths) -> PathBuf {
    paths.models_folder.join("selection")
}

fn wanted_in(folder: &Path) -> String {
    format!("to select by a click, MobileSAM is wanted as {FILE} in this folder: {}", folder.display())
}

impl Finder for MobileSam {
    fn is_ready(&mut self) -> bool {
        self.network.is_some() || self.file().is_some()
    }

    fn find(&mut self, picture: &Arc<Picture>, prompt: &SelectPrompt, stop: &AtomicBool) -> Result<MaskPlane, String> {
        let known = self.known.take().filter(|(known, _)| Arc::ptr_eq(known, picture));
        let network = self.network()?;
        let cancel_check = || if stop.load(Ordering::Relaxed) { Err(ModelError::Cancelled) } else { Ok(()) };
        let encoded = match known {
            Some((_, encoded)) => encoded,
            None => network.encode(picture, &cancel_check).map_err(|error| error.to_string())?,
        };
        let segment = network.answer(&encoded, prompt).map_err(|error| error.to_string())?;
        let mask = encoded.mask(&segment);
        self.known = Some((Arc::clone(picture), encoded));
        Ok(mask)
    }

    fn fetch(&mut self, tell: &mut dyn FnMut(f32), stop: &AtomicBool) -> Result<(), String> {
        let paths = Paths { models_folder: self.folder.clone(), ..self.paths.clone() };
        let mut on_progress = |progress: &download::DownloadProgress| {
            tell(progress.bytes_done as f32 / progress.bytes_total.max(1) as f32);
            !stop.load(Ordering::Relaxed)
        };
        match download::pull(&Hub::of_this_machine(), &format!("{REPOSITORY}:{FILE}"), &paths, &mut on_progress) {
            Ok(_) | Err(DownloadError::Exists { .. }) => Ok(()),
            Err(DownloadError::Unreachable(reason)) => Err(format!(
                "The hub cannot be reached ({reason}); check the connection and fetch it again, or put {FILE} by hand into {}",
                self.folder.display()
            )),
            Err(error) => Err(error.to_string()),
        }
    }
}
