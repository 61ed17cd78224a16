//! One file: gone on with where it broke off, never longer than announced, and checked before it counts.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use super::hub::Hub;
use super::{DownloadError, RemoteFile};
use crate::store::hash::sha256;

/// How often a connection may break without a byte of progress.
const BARREN_TRIES: u32 = 5;

/// How much of a file is there already.
pub(crate) fn bytes_there(folder: &Path, file: &RemoteFile) -> u64 {
    let length = |path: PathBuf| fs::metadata(path).map(|found| found.len()).ok();
    length(folder.join(&file.name)).or_else(|| length(part_of(folder, file))).unwrap_or(0)
}

fn part_of(folder: &Path, file: &RemoteFile) -> PathBuf {
    folder.join(format!("{}.part", file.name))
}

/// Fetches a file into `folder`; `tell` hears how many bytes are there and says whether to go on.
///
/// # Errors
/// When it was stopped, the connection breaks again and again, the checksum is another, or the disk is full.
pub(crate) fn file(
    hub: &Hub,
    repository: &str,
    revision: &str,
    file: &RemoteFile,
    folder: &Path,
    tell: &mut dyn FnMut(u64) -> bool,
) -> Result<(), DownloadError> {
    let (target, part) = (folder.join(&file.name), part_of(folder, file));
    if target.is_file() {
        return if tell(file.bytes) { Ok(()) } else { Err(DownloadError::Stopped) };
    }
    let written = |source| DownloadError::Write { source, path: part.clone() };
    if let Some(parent) = part.parent() {
        fs::create_dir_all(parent).map_err(written)?;
    }
    let mut barren = 0;
    loop {
        let before = fs::metadata(&part).map_or(0, |found| found.len());
        if before > file.bytes {
            fs::remove_file(&part).map_err(written)?;
            continue;
        }
        if before < file.bytes || (file.bytes == 0 && !part.exists()) {
            let problem = attempt(hub, repository, revision, file, &part, before, tell)?;
            let after = fs::metadata(&part).map_or(0, |found| found.len());
            if after < file.bytes {
                barren = if after > before { 0 } else { barren + 1 };
                if barren >= BARREN_TRIES {
                    return Err(DownloadError::Unreachable(problem.unwrap_or_else(|| "it breaks off".to_owned())));
                }
                hub.wait(barren);
                continue;
            }
        }
        if let Some(wanted) = &file.sha256 {
            let found = sha256(&part).map_err(written)?;
            if !found.eq_ignore_ascii_case(wanted) {
                fs::remove_file(&part).map_err(written)?;
                return Err(DownloadError::Checksum { file: file.name.clone() });
            }
        }
        return fs::rename(&part, &target).map_err(written);
    }
}

/// One connection. Gives what broke it, if anything did.
fn attempt(
    hub: &Hub,
    repository: &str,
    revision: &str,
    file: &RemoteFile,
    part: &Path,
    from: u64,
    tell: &mut dyn FnMut(u64) -> bool,
) -> Result<Option<String>, DownloadError> {
    let written = |source| DownloadError::Write { source, path: part.to_path_buf() };
    let response = hub.open(repository, revision, &file.name, from)?;
    let goes_on = response.status().as_u16() == 206;
    let mut place: File =
        OpenOptions::new().create(true).append(goes_on).write(true).truncate(!goes_on).open(part).map_err(written)?;
    let mut there = if goes_on { from } else { 0 };
    // Not a byte more than was announced, so that a lying server cannot fill the disk.
    let mut body = response.into_body().into_reader().take(file.bytes.saturating_sub(there));
    let mut block = vec![0; 1 << 18];
    loop {
        let length = match body.read(&mut block) {
            Ok(0) => break,
            Ok(length) => length,
            Err(error) => return Ok(Some(error.to_string())),
        };
        place.write_all(&block[..length]).map_err(written)?;
        there += length as u64;
        if !tell(there) {
            return Err(DownloadError::Stopped);
        }
    }
    place.sync_all().map_err(written)?;
    Ok(None)
}
