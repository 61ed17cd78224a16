//! Fetches models from the Hugging Face Hub: only the files that are needed, resumed where a connection broke, checked
//! against their checksums, and moved to their place when all are whole.

mod choose;
mod fetch;
mod hub;
mod queue;
mod unfinished;

use std::path::PathBuf;
use std::{fs, io};

pub use hub::{Hub, Listing};
pub use queue::{Download, DownloadState, Downloads};
pub use unfinished::{Unfinished, discard, list as unfinished};

use super::paths::Paths;

/// A model that a newcomer may begin with.
#[derive(Clone, Copy, Debug)]
pub struct Starter {
    pub repository: &'static str,
    pub size_gb: f64,
    pub licence: &'static str,
    pub what: &'static str,
}

/// The short list that `models pull` prints without a name.
pub const STARTERS: [Starter; 4] = [
    Starter {
        repository: "stable-diffusion-v1-5/stable-diffusion-v1-5",
        size_gb: 2.1,
        licence: "CreativeML Open RAIL-M",
        what: "Stable Diffusion 1.5, 512×512: small, and most LoRAs are made for it",
    },
    Starter {
        repository: "stable-diffusion-v1-5/stable-diffusion-inpainting",
        size_gb: 2.1,
        licence: "CreativeML Open RAIL-M",
        what: "Stable Diffusion 1.5 for inpainting, 512×512",
    },
    Starter {
        repository: "stabilityai/sd-turbo",
        size_gb: 2.6,
        licence: "Stability AI Community",
        what: "SD Turbo, 512×512: one to four steps a picture",
    },
    Starter {
        repository: "stabilityai/stable-diffusion-xl-base-1.0",
        size_gb: 6.9,
        licence: "CreativeML Open RAIL++-M",
        what: "Stable Diffusion XL, 1024×1024: better pictures, wants 8 GB and more",
    },
];

/// How far a download is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DownloadProgress {
    pub file: String,
    pub bytes_done: u64,
    pub bytes_total: u64,
}

/// Told after each block; `false` ends the download, which can be gone on with later.
pub type OnProgress<'a> = &'a mut dyn FnMut(&DownloadProgress) -> bool;

#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    #[error("the download was stopped; the same command goes on where it ended")]
    Stopped,
    #[error("a repository is called OWNER/NAME, optionally with :FILE behind it, found {0}")]
    Name(String),
    #[error("there is no repository {0} on the hub; check its name")]
    NoRepository(String),
    #[error(
        "{0} is gated: accept its terms on its page, then set HF_TOKEN to a token of yours (or log in with the hub's own tool)"
    )]
    Gated(String),
    #[error(
        "{0} holds no Stable Diffusion model that Inkwick can draw with (safetensors files in diffusers' layout, or one checkpoint)"
    )]
    NothingUsable(String),
    #[error("{repository} holds several checkpoints; choose one with {repository}:FILE: {files}")]
    Several { repository: String, files: String },
    #[error("the hub cannot be reached ({0}); check the connection and try again, it goes on where it ended")]
    Unreachable(String),
    #[error("{file} came with another checksum than the hub lists; it was thrown away, try again")]
    Checksum { file: String },
    #[error("the model needs {needed_gb:.1} GB and {free_gb:.1} GB are free; make room in {}", folder.display())]
    DiskFull { needed_gb: f64, free_gb: f64, folder: PathBuf },
    #[error("there is a model of that name already; remove it first: {}", path.display())]
    Exists { name: String, path: PathBuf },
    #[error("a file cannot be written ({source}): {}", path.display())]
    Write { source: io::Error, path: PathBuf },
}

/// One file of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteFile {
    pub name: String,
    pub bytes: u64,
    /// Large files have one.
    pub sha256: Option<String>,
}

/// Fetches `OWNER/NAME` or `OWNER/NAME:FILE` into the models folder; gives where it is.
///
/// # Errors
/// One sentence each; what was fetched until then is kept for the next try, except for what proved to be damaged.
pub fn pull(hub: &Hub, name: &str, paths: &Paths, on_progress: OnProgress) -> Result<PathBuf, DownloadError> {
    let (repository, wanted) = name.split_once(':').map_or((name, None), |(repository, file)| (repository, Some(file)));
    let is_name = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
    };
    let parts: Vec<&str> = repository.split('/').collect();
    let [owner, short] = parts[..] else { return Err(DownloadError::Name(name.to_owned())) };
    if !is_name(owner) || !is_name(short) {
        return Err(DownloadError::Name(name.to_owned()));
    }
    let listing = hub.list(repository)?;
    let chosen = listing.needed(repository, wanted)?;
    let is_single = chosen.len() == 1 && chosen[0].name != "model_index.json";
    let file_name = chosen[0].name.rsplit('/').next().unwrap_or(short);
    let target = paths.models_folder.join(if is_single { file_name } else { short });
    if target.exists() {
        let name = target.file_name().unwrap_or_default().to_string_lossy().into_owned();
        return Err(DownloadError::Exists { name, path: target });
    }
    let written = |source, path: &PathBuf| DownloadError::Write { source, path: path.clone() };
    let sum = |sizes: &mut dyn Iterator<Item = u64>| sizes.fold(0, u64::saturating_add);
    let total = sum(&mut chosen.iter().map(|file| file.bytes));
    // Hidden, and beside the target so that the last step is a rename.
    let partial = unfinished::begin(name, &listing, total, paths).map_err(|error| written(error, &target))?;
    let mut done: u64 = 0;
    let missing = sum(&mut chosen.iter().map(|file| file.bytes.saturating_sub(fetch::bytes_there(&partial, file))));
    check_room(&partial, missing)?;
    for file in &chosen {
        let mut tell = |bytes: u64| {
            let bytes_done = done.saturating_add(bytes).min(total);
            on_progress(&DownloadProgress { file: file.name.clone(), bytes_done, bytes_total: total })
        };
        fetch::file(hub, repository, &listing.revision, file, &partial, &mut tell)?;
        done = done.saturating_add(file.bytes);
    }
    let whole = if is_single { partial.join(&chosen[0].name) } else { partial.clone() };
    fs::rename(&whole, &target).map_err(|error| written(error, &target))?;
    // Not before: a hidden folder without its note would be found by nobody. What is left in a model does no harm.
    if is_single {
        let _ = fs::remove_dir_all(&partial);
    } else {
        unfinished::take_note_away(&target);
    }
    Ok(target)
}

#[cfg(unix)]
fn check_room(folder: &std::path::Path, needed: u64) -> Result<(), DownloadError> {
    let Ok(disk) = rustix::fs::statvfs(folder) else { return Ok(()) };
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    // A little must be left for everything else.
    if needed.saturating_add(100_000_000) <= free {
        return Ok(());
    }
    let folder = folder.parent().unwrap_or(folder).to_path_buf();
    Err(DownloadError::DiskFull { needed_gb: needed as f64 / 1e9, free_gb: free as f64 / 1e9, folder })
}

/// Elsewhere the system itself says that the disk is full, and what is there is kept.
#[cfg(not(unix))]
#[allow(clippy::unnecessary_wraps)] // The other systems' shape.
fn check_room(_folder: &std::path::Path, _needed: u64) -> Result<(), DownloadError> {
    Ok(())
}
