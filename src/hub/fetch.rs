//! One file: resumed where it broke off, never longer than announced, and checked before it counts.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use futures_util::StreamExt;

use super::connection::Connection;
use super::stream::reason_of;
use super::watch::Watch;
use super::{DownloadError, RemoteFile};
use crate::store::hash::sha256;
use crate::store::hub_cache::CachedRepository;
use crate::store::unfinished::FileNote;

/// How often a connection may break without a byte of progress.
const BARREN_TRIES: usize = 5;
/// How long nothing may come over a connection.
const STALLED: Duration = Duration::from_mins(2);
/// How often it is looked whether another program has let go of a file.
const LOCK_WAIT: Duration = Duration::from_millis(200);
/// Letters of a SHA-256; git's checksums of small files have fewer.
const SHA256_LETTERS: usize = 64;

/// Brings one file's blob into the cache.
///
/// # Errors
/// When it was stopped, the connection breaks again and again, the checksum is another, or the disk is full.
pub(super) async fn blob(
    connection: &Connection,
    cache: &CachedRepository,
    revision: &str,
    file: &FileNote,
    watch: &Watch<'_>,
) -> Result<(), DownloadError> {
    let (blob, part) = (cache.blob(&file.checksum), cache.incomplete(&file.checksum));
    let written = |source| DownloadError::Write { source, path: part.clone() };
    let _lock = loop {
        match cache.lock(&file.checksum).map_err(written)? {
            Some(lock) => break lock,
            None => tokio::time::sleep(LOCK_WAIT).await,
        }
    };
    if length_of(&blob) == Some(file.bytes) {
        return watch.at(&file.name, file.bytes);
    }
    if let Some(parent) = part.parent() {
        fs::create_dir_all(parent).map_err(written)?;
    }
    let remote = RemoteFile { name: file.name.clone(), bytes: file.bytes };
    let mut xet_hash = file.xet_hash.as_deref();
    let mut barren = 0;
    loop {
        let before = length_of(&part).unwrap_or(0);
        if before > file.bytes {
            fs::remove_file(&part).map_err(written)?;
            continue;
        }
        if before == file.bytes {
            break;
        }
        let problem = attempt(connection, revision, &remote, xet_hash, &part, before, watch).await?;
        let after = length_of(&part).unwrap_or(0);
        if after < file.bytes {
            let reason = problem.unwrap_or_else(|| "it breaks off".to_owned());
            if let Some(hash) = xet_hash.take_if(|_| after == before) {
                tracing::info!("resumed without Xet ({reason}): {hash}");
                continue;
            }
            barren = if after > before { 0 } else { barren + 1 };
            if barren >= BARREN_TRIES {
                return Err(DownloadError::Unreachable(reason));
            }
            connection.wait(barren, None).await;
        }
    }
    if file.bytes == 0 {
        File::create(&part).map_err(written)?;
    }
    if file.checksum.len() == SHA256_LETTERS && sha256(&part).map_err(written)? != file.checksum {
        fs::remove_file(&part).map_err(written)?;
        return Err(DownloadError::Checksum { file: file.name.clone() });
    }
    fs::rename(&part, &blob).map_err(written)
}

/// One connection. Gives what broke it, if anything did.
async fn attempt(
    connection: &Connection,
    revision: &str,
    file: &RemoteFile,
    xet_hash: Option<&str>,
    part: &Path,
    from: u64,
    watch: &Watch<'_>,
) -> Result<Option<String>, DownloadError> {
    let written = |source| DownloadError::Write { source, path: part.to_path_buf() };
    let source = match connection.stream(revision, file, xet_hash, from..file.bytes).await {
        Ok(source) => source,
        Err(DownloadError::Unreachable(reason)) => return Ok(Some(reason)),
        Err(error) => return Err(error),
    };
    let goes_on = source.from > 0;
    let mut place: File =
        OpenOptions::new().create(true).append(goes_on).write(true).truncate(!goes_on).open(part).map_err(written)?;
    let (mut there, mut stream) = (source.from, source.stream);
    let problem = loop {
        if there == file.bytes {
            break None;
        }
        let block = match tokio::time::timeout(STALLED, stream.next()).await {
            Ok(Some(Ok(block))) => block,
            Ok(Some(Err(error))) => break Some(reason_of(&error)),
            Ok(None) => break None,
            Err(_) => break Some("nothing comes over the connection".to_owned()),
        };
        // Not a byte more than was announced, so that a lying server cannot fill the disk.
        let wanted = usize::try_from(file.bytes - there).map_or(block.len(), |left| left.min(block.len()));
        place.write_all(&block[..wanted]).map_err(written)?;
        there += wanted as u64;
        watch.at(&file.name, there)?;
    };
    place.sync_all().map_err(written)?;
    Ok(problem)
}

pub(super) fn length_of(path: &Path) -> Option<u64> {
    fs::metadata(path).ok().filter(fs::Metadata::is_file).map(|found| found.len())
}
