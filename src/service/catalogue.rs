//! What the server's disk has, by name: a request never says a path.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::job::{ControlNetworkRef, EmbeddingRef, ModelRef};
use crate::store::models::entry::ModelEntry;
use crate::store::models::list::{ModelList, Seen, list_again};
use crate::store::models::scan::is_called;
use crate::store::models::{extras, prompt_references};
use crate::store::paths::Paths;

/// Folders are looked through again when the last look is older.
const FRESH: Duration = Duration::from_secs(3);

/// Looks at the disk: to be asked on threads that may wait.
pub(super) struct Catalogue {
    paths: Paths,
    last: Mutex<Look>,
}

#[derive(Default)]
struct Look {
    at: Option<Instant>,
    seen: Seen,
    found: Arc<ModelList>,
}

impl Catalogue {
    #[must_use]
    pub(super) fn new(paths: Paths) -> Self {
        Self { paths, last: Mutex::default() }
    }

    #[must_use]
    pub(super) fn paths(&self) -> &Paths {
        &self.paths
    }

    /// All models, the built-in one first, and VAE files.
    #[must_use]
    pub(super) fn list(&self) -> Arc<ModelList> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.at.is_none_or(|at| at.elapsed() > FRESH) {
            last.found = Arc::new(list_again(&self.paths, &mut last.seen, &|| false));
            last.at = Some(Instant::now());
        }
        Arc::clone(&last.found)
    }

    /// The model of that name, as lists show it or as its file is called.
    #[must_use]
    pub(super) fn model(&self, name: &str) -> Option<ModelRef> {
        if let Some(model) = ModelRef::built_in_called(name) {
            return Some(model);
        }
        let list = self.list();
        if let Some(entry) = list.entries.iter().find(|entry| is_entry(entry, name)) {
            return Some(entry.reference.clone());
        }
        let found = extras::find(name, &self.paths)?;
        Some(if found.is_dir() { ModelRef::Folder(found) } else { ModelRef::File(found) })
    }

    #[must_use]
    pub(super) fn lora(&self, name: &str) -> Option<PathBuf> {
        prompt_references::find_lora_called(name, &self.paths).ok()
    }

    #[must_use]
    pub(super) fn loras(&self) -> Vec<PathBuf> {
        prompt_references::loras(&self.paths)
    }

    #[must_use]
    pub(super) fn vae(&self, name: &str) -> Option<PathBuf> {
        self.list().vaes.iter().find(|file| is_called(file, name)).cloned()
    }

    /// Control networks by their names, the built-in one first.
    #[must_use]
    pub(super) fn controls(&self) -> Vec<String> {
        let own = ControlNetworkRef::SCRIBBLE.to_owned();
        let others = self.list().controls.iter().map(|known| known.name.clone()).collect::<Vec<_>>();
        std::iter::once(own).chain(others).collect()
    }

    /// IP-Adapters by their names.
    #[must_use]
    pub(super) fn image_adapters(&self) -> Vec<String> {
        self.list().image_adapters.iter().map(|known| known.name.clone()).collect()
    }

    #[must_use]
    pub(super) fn embeddings(&self) -> Vec<EmbeddingRef> {
        prompt_references::embeddings(&self.paths)
    }
}

fn is_entry(entry: &ModelEntry, name: &str) -> bool {
    entry.reference.path().is_some_and(|path| is_called(path, name)) || entry.name.eq_ignore_ascii_case(name)
}

/// A file's name without its ending.
#[must_use]
pub(super) fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}
