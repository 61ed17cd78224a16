//! Fetches a model into the cache: only the files that are needed, shown when all of them are whole.

use std::path::{Path, PathBuf};
use std::pin::pin;

use futures_util::future::{Either, select};

use super::connection::Connection;
use super::fetch::{self, length_of};
use super::name::Wanted;
use super::watch::Watch;
use super::{DownloadError, Hub, Listing, Offer, OnProgress, RemoteFile};
use crate::store::hub_cache::CachedRepository;
use crate::store::paths::Paths;
use crate::store::unfinished::{self, FileNote, Note};

/// What `OWNER/NAME` or `OWNER/NAME:FILE` would take: nothing of it is fetched.
///
/// # Errors
/// As [`pull`]'s for its first steps.
pub fn look(hub: &Hub, name: &str, paths: &Paths) -> Result<Offer, DownloadError> {
    let wanted = Wanted::parse(name)?;
    let connection = Connection::open(hub, &wanted, &paths.cache_folder.join("xet"))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| DownloadError::Unreachable(error.to_string()))?;
    let listing = runtime.block_on(connection.list())?;
    let needed = listing.needed(&wanted.repository(), wanted.file)?;
    Ok(Offer { bytes: needed.iter().map(|file| file.bytes).sum(), files: needed.len(), licence: listing.licence })
}

/// Fetches `OWNER/NAME` or `OWNER/NAME:FILE` into the cache of the Hugging Face libraries, unless one of them did so
/// before; gives where it is.
///
/// # Errors
/// One sentence each; what was fetched until then is kept for the next try, except for what proved to be damaged.
pub fn pull(hub: &Hub, name: &str, paths: &Paths, on_progress: OnProgress) -> Result<PathBuf, DownloadError> {
    let wanted = Wanted::parse(name)?;
    let connection = Connection::open(hub, &wanted, &paths.cache_folder.join("xet"))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| DownloadError::Unreachable(error.to_string()))?;
    let watch = Watch::new(on_progress);
    runtime.block_on(async {
        let work = pin!(fetch_all(&connection, name, &wanted, paths, &watch));
        // Dropped between two blocks, it leaves a file that can be resumed.
        match select(work, pin!(watch.stopped())).await {
            Either::Left((outcome, _)) => outcome,
            Either::Right(_) => Err(DownloadError::Stopped),
        }
    })
}

async fn fetch_all(
    connection: &Connection,
    name: &str,
    wanted: &Wanted<'_>,
    paths: &Paths,
    watch: &Watch<'_>,
) -> Result<PathBuf, DownloadError> {
    let repository = wanted.repository();
    let cache = CachedRepository::new(&paths.hub_cache, &repository);
    let listing = connection.list().await?;
    let chosen = listing.needed(&repository, wanted.file)?;
    let is_single = chosen.len() == 1 && chosen[0].name != "model_index.json";
    let file_name = chosen[0].name.rsplit('/').next().unwrap_or(wanted.name);
    refuse_second(&paths.models_folder, if is_single { file_name } else { wanted.name })?;
    let snapshot = cache.snapshot(&listing.revision);
    let target = if is_single { snapshot.join(&chosen[0].name) } else { snapshot.clone() };
    let written = |source| DownloadError::Write { source, path: target.clone() };
    watch.expect(chosen.iter().map(|file| file.bytes).fold(0, u64::saturating_add));
    let (there, missing): (Vec<RemoteFile>, Vec<RemoteFile>) =
        chosen.into_iter().partition(|file| length_of(&snapshot.join(&file.name)) == Some(file.bytes));
    for file in &there {
        watch.at(&file.name, file.bytes)?;
        watch.file_is_whole(file.bytes);
    }
    if !missing.is_empty() {
        let note = identify(connection, name, &repository, &listing, &there, missing, paths).await?;
        unfinished::begin(&note, paths).map_err(written)?;
        check_space(&paths.hub_cache, note.bytes_missing(&cache))?;
        for file in &note.missing {
            fetch::blob(connection, &cache, &note.revision, file, watch).await?;
            watch.file_is_whole(file.bytes);
        }
        // What makes a folder a model comes last, so that nobody sees half of one.
        let (index, others): (Vec<&FileNote>, Vec<&FileNote>) =
            note.missing.iter().partition(|file| file.name == "model_index.json");
        for file in others.into_iter().chain(index) {
            cache.link(&note.revision, &file.name, &file.checksum).map_err(written)?;
        }
    }
    cache.set_main(&listing.revision).map_err(written)?;
    unfinished::end(name, paths).map_err(written)?;
    Ok(target)
}

/// A model that an earlier Inkwick fetched into the models folder is not fetched again.
fn refuse_second(models_folder: &Path, name: &str) -> Result<(), DownloadError> {
    let path = models_folder.join(name);
    if path.exists() { Err(DownloadError::Exists { path }) } else { Ok(()) }
}

/// What names the missing files' bytes: as noted when the same revision was begun, else as the hub answers.
async fn identify(
    connection: &Connection,
    name: &str,
    repository: &str,
    listing: &Listing,
    there: &[RemoteFile],
    missing: Vec<RemoteFile>,
    paths: &Paths,
) -> Result<Note, DownloadError> {
    let before = unfinished::note_of(name, paths).filter(|note| note.revision == listing.revision);
    let mut files = Vec::with_capacity(missing.len());
    for RemoteFile { name: file, bytes } in missing {
        let noted = before.iter().flat_map(|note| &note.missing).find(|noted| noted.name == file);
        files.push(if let Some(noted) = noted.filter(|noted| noted.bytes == bytes) {
            noted.clone()
        } else {
            let identity = connection.identify(&listing.revision, &file).await?;
            FileNote { name: file, bytes, checksum: identity.checksum, xet_hash: identity.xet_hash }
        });
    }
    Ok(Note {
        name: name.to_owned(),
        repository: repository.to_owned(),
        revision: listing.revision.clone(),
        bytes_there: there.iter().map(|file| file.bytes).fold(0, u64::saturating_add),
        missing: files,
    })
}

#[cfg(unix)]
fn check_space(folder: &Path, needed: u64) -> Result<(), DownloadError> {
    let Some(there) = folder.ancestors().find(|folder| folder.is_dir()) else { return Ok(()) };
    let Ok(disk) = rustix::fs::statvfs(there) else { return Ok(()) };
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    // A little must be left for everything else.
    if needed.saturating_add(100_000_000) <= free {
        return Ok(());
    }
    Err(DownloadError::DiskFull {
        needed_gb: needed as f64 / 1e9,
        free_gb: free as f64 / 1e9,
        folder: folder.to_path_buf(),
    })
}

/// Elsewhere the system itself reports a full disk, and what is there is kept.
#[cfg(not(unix))]
#[allow(clippy::unnecessary_wraps)] // The other systems' shape.
fn check_space(_folder: &Path, _needed: u64) -> Result<(), DownloadError> {
    Ok(())
}
