//! Makes pictures that steer by networks whose weights are fetched when a person asks for it.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use super::failure;
use crate::job::{Annotator, ErrorKind, JobError, WeightSource};
use crate::model::{AnnotatorNetwork, ModelError};
use crate::raster::Picture;

/// Where a file of the Hub lies in the cache of its libraries, if it does.
pub(crate) type FindCached = Box<dyn Fn(&WeightSource) -> Option<PathBuf> + Send>;

/// The networks of [`Annotator`] on the CPU. Keeps the one that was used last.
pub(crate) struct Annotators {
    folder: PathBuf,
    cached: FindCached,
    network: Option<(PathBuf, AnnotatorNetwork)>,
}

impl Annotators {
    /// The weights lie in the folder `annotators` beside the models, or where `cached` finds them.
    #[must_use]
    pub(crate) fn new(models_folder: &Path, cached: FindCached) -> Self {
        Self { folder: folder(models_folder), cached, network: None }
    }

    fn file(&self, source: &WeightSource) -> Option<PathBuf> {
        // One name may be that of many networks' files.
        let own = (source.file != "model.safetensors").then_some(source.file);
        let names = own.into_iter().chain(source.by_hand.iter().copied());
        names.map(|name| self.folder.join(name)).chain((self.cached)(source)).find(|file| file.is_file())
    }

    /// Whether the weights are there.
    #[must_use]
    pub(crate) fn is_ready(&self, annotator: Annotator) -> bool {
        self.file(annotator.weights()).is_some()
    }

    /// As large as `picture`.
    ///
    /// # Errors
    /// When the weights are missing, which is said with what fetches them, or cannot be used, or `stop` is set.
    pub(crate) fn made_of(
        &mut self,
        annotator: Annotator,
        picture: &Picture,
        stop: &AtomicBool,
    ) -> Result<Picture, JobError> {
        let source = annotator.weights();
        let file = self.file(source).ok_or_else(|| missing(annotator, &self.folder))?;
        let network = match self.network.take() {
            Some((known, network)) if known == file => network,
            _ => AnnotatorNetwork::open(annotator, &file).map_err(failure::job_error)?,
        };
        let cancel_check = || if stop.load(Ordering::Relaxed) { Err(ModelError::Cancelled) } else { Ok(()) };
        let made = network.made_of(annotator, picture, &cancel_check).map_err(failure::job_error);
        self.network = Some((file, network));
        made
    }
}

/// Where the weights lie: beside the models.
#[must_use]
pub(crate) fn folder(models_folder: &Path) -> PathBuf {
    models_folder.join("annotators")
}

fn missing(annotator: Annotator, folder: &Path) -> JobError {
    let source = annotator.weights();
    let by_hand = source.by_hand_name();
    let sentence = format!(
        "{} needs {} of huggingface.co/{} ({} MB, {}), which is not here; fetch it, or put {by_hand} into this folder: {}",
        annotator.id(),
        source.file,
        source.repository,
        source.megabytes,
        source.licence,
        folder.display()
    );
    JobError::new(ErrorKind::NotFound, sentence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_said_with_size_licence_and_what_fetches_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut annotators = Annotators::new(folder.path(), Box::new(|_| None));
        let picture = Picture::filled(8, 8, [9; 4]);
        for annotator in Annotator::ALL {
            assert!(!annotators.is_ready(annotator));
            let said = annotators.made_of(annotator, &picture, &AtomicBool::new(false)).unwrap_err().to_string();
            let source = annotator.weights();
            for part in [
                annotator.id(),
                source.licence,
                &source.megabytes.to_string(),
                source.repository,
                source.file,
                "annotators",
            ] {
                assert!(said.contains(part), "{part}: {said}");
            }
        }
    }

    #[test]
    fn what_lies_there_by_hand_or_in_the_cache_is_taken_and_judged() {
        let folder = tempfile::tempdir().unwrap();
        let cached = folder.path().join("snapshot.safetensors");
        let in_cache = cached.clone();
        let find = move |source: &WeightSource| (source.file == "sk_model.pth").then(|| in_cache.clone());
        let mut annotators = Annotators::new(folder.path(), Box::new(find));
        assert!(!annotators.is_ready(Annotator::LineDrawing), "there is no such file yet");
        std::fs::write(&cached, b"no weights").unwrap();
        let by_hand = super::folder(folder.path());
        std::fs::create_dir_all(&by_hand).unwrap();
        std::fs::write(by_hand.join("depth_anything_v2_vits.pth"), b"no weights").unwrap();
        let picture = Picture::filled(8, 8, [9; 4]);
        for annotator in [Annotator::LineDrawing, Annotator::Depth, Annotator::Normal] {
            assert!(annotators.is_ready(annotator));
            let said = annotators.made_of(annotator, &picture, &AtomicBool::new(false)).unwrap_err();
            assert_ne!(said.kind, ErrorKind::NotFound, "{said}");
        }
        assert!(!annotators.is_ready(Annotator::SoftEdge));
    }
}
