//! Control networks that can be chosen: what they are called, and which models they were made for.

use std::path::{Path, PathBuf};

use crate::checkpoint::{ControlConfig, ControlFile};
use crate::job::{ControlKind, ControlNetworkRef, Family};
use crate::store::models::extras;
use crate::store::paths::Paths;

#[derive(Clone, Debug, PartialEq)]
pub struct ControlEntry {
    /// A file, or a folder in diffusers' layout.
    pub path: PathBuf,
    pub name: String,
    /// `None` where its shapes do not show it.
    pub family: Option<Family>,
    /// For several kinds of pictures, which must be told.
    pub is_union: bool,
}

impl ControlEntry {
    /// `None` for what is no control network, or cannot be read.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        let network = ControlNetworkRef::Path(path.to_path_buf());
        let file = ControlFile::open(&network)
            .inspect_err(|error| tracing::info!("left out of the list of control networks: {error}"))
            .ok()?;
        let is_union = matches!(&file.config, ControlConfig::ControlNet(config) if config.union.is_some());
        Some(Self { path: path.to_path_buf(), name: network.name(), family: file.family(), is_union })
    }

    /// Whether it may steer a model of this family, as `ModelFacts::family` names it.
    #[must_use]
    pub fn fits(&self, family: &str) -> bool {
        self.family.is_none_or(|own| family.starts_with(own.name()))
    }

    /// Whether its name says that it was made for such pictures.
    #[must_use]
    pub fn is_named_for(&self, kind: ControlKind) -> bool {
        let plain = |text: &str| text.to_lowercase().replace(['-', '_', ' '], "");
        plain(&self.name).contains(&plain(kind.id()))
    }
}

/// Those of the models folder, by name.
#[must_use]
pub(crate) fn list(paths: &Paths) -> Vec<ControlEntry> {
    extras::control_networks(paths).iter().filter_map(|path| ControlEntry::of(path)).collect()
}
