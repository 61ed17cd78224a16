//! IP-Adapters that can be chosen: what they are called, which models they were made for, and whether their image encoder
//! is there.

use std::path::{Path, PathBuf};

use crate::checkpoint::IpAdapterFile;
use crate::job::{Family, ReferenceAdapter};
use crate::store::models::extras;
use crate::store::paths::Paths;

#[derive(Clone, Debug, PartialEq)]
pub struct AdapterEntry {
    pub path: PathBuf,
    pub name: String,
    /// `None` where its shapes do not show it.
    pub family: Option<Family>,
    /// Whether there is a folder with an image encoder beside it.
    pub has_encoder: bool,
}

impl AdapterEntry {
    /// `None` for what is no IP-Adapter, or cannot be read.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        let file = IpAdapterFile::open(path)
            .inspect_err(|error| tracing::info!("left out of the list of adapters: {error}"))
            .ok()?;
        let adapter = ReferenceAdapter { file: path.to_path_buf(), encoder: None };
        let has_encoder = adapter.encoder_folder().is_dir();
        Some(Self { path: path.to_path_buf(), name: adapter.name(), family: file.family(), has_encoder })
    }

    /// Whether it may go with a model of this family, as `ModelFacts::family` names it.
    #[must_use]
    pub fn fits(&self, family: &str) -> bool {
        self.family.is_none_or(|own| family.starts_with(own.name()))
    }
}

/// Those of the models folder, by name.
#[must_use]
pub(crate) fn list(paths: &Paths) -> Vec<AdapterEntry> {
    extras::image_adapters(paths).iter().filter_map(|path| AdapterEntry::of(path)).collect()
}
