//! Fetches models from the Hugging Face Hub into the cache that all its libraries share: only the files that are needed,
//! resumed where a connection broke, checked against their checksums, and shown when all of them are whole.
//!
//! Whether there is a newer Inkwick is asked here too (`update`), by the same client, where a person wants that.
//!
//! The feature `hub` brings the network. Without it everything else stays, and a download fails with a sentence.

mod choose;
#[cfg(feature = "hub")]
mod connection;
mod endpoint;
mod error;
#[cfg(feature = "hub")]
mod fetch;
#[cfg(feature = "hub")]
mod http;
#[cfg(feature = "hub")]
mod name;
#[cfg(feature = "hub")]
mod pull;
mod queue;
mod starters;
#[cfg(feature = "hub")]
mod stream;
#[cfg(feature = "hub")]
pub mod update;
#[cfg(feature = "hub")]
mod watch;
#[cfg(feature = "hub")]
mod xet;

pub use endpoint::Hub;
pub use error::DownloadError;
#[cfg(feature = "hub")]
pub use pull::{look, pull};
pub use queue::{Download, DownloadState, Downloads};
pub use starters::{STARTERS, Starter};

/// How far a download is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DownloadProgress {
    pub file: String,
    pub bytes_done: u64,
    /// 0 until the hub has answered.
    pub bytes_total: u64,
}

/// Called as bytes come, and several times a second while none do; `false` ends the download, which can be resumed later.
pub type OnProgress<'a> = &'a mut dyn FnMut(&DownloadProgress) -> bool;

/// What a download would take, asked without fetching anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    pub bytes: u64,
    pub files: usize,
    /// As the repository's card has it, `openrail++`; `None` where it says nothing.
    pub licence: Option<String>,
}

/// A repository at one revision.
#[derive(Clone, Debug)]
pub struct Listing {
    pub revision: String,
    /// As its card has it.
    pub licence: Option<String>,
    pub files: Vec<RemoteFile>,
}

/// One file of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteFile {
    pub name: String,
    pub bytes: u64,
}

impl Listing {
    /// The files that a model needs: of a diffusers folder, half precision first; or the one checkpoint that there is or
    /// that is `wanted`.
    ///
    /// # Errors
    /// When there is no model, or one of several must be named.
    pub fn needed(&self, repository: &str, wanted: Option<&str>) -> Result<Vec<RemoteFile>, DownloadError> {
        choose::files(repository, &self.files, wanted)
    }
}

/// In a build without the network.
///
/// # Errors
/// Always.
#[cfg(not(feature = "hub"))]
pub fn look(_hub: &Hub, name: &str, _paths: &crate::store::paths::Paths) -> Result<Offer, DownloadError> {
    Err(DownloadError::WithoutNetwork { repository: name.split(':').next().unwrap_or_default().to_owned() })
}

/// In a build without the network.
///
/// # Errors
/// Always.
#[cfg(not(feature = "hub"))]
pub fn pull(
    _hub: &Hub,
    name: &str,
    _paths: &crate::store::paths::Paths,
    _on_progress: OnProgress,
) -> Result<std::path::PathBuf, DownloadError> {
    Err(DownloadError::WithoutNetwork { repository: name.split(':').next().unwrap_or_default().to_owned() })
}
