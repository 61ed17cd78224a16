//! Files that appear whole or not at all.
//!
//! Everything is written beside its place under a temporary name, flushed to the disk, and renamed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Writes `bytes` to `path`, over whatever file is there. The folder must exist.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // A settings file may be a link into someone's dotfiles: the link stays, what it points to changes.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let temporary = temporary_beside(&target);
    let written = create_and_fill(&temporary, bytes).and_then(|()| fs::rename(&temporary, &target));
    if written.is_err() {
        remove_quietly(&temporary);
    }
    written?;
    flush_folder(&target);
    Ok(())
}

/// Makes `path`, which must not exist, and fills it; what could not be filled is taken away again.
pub(crate) fn create_and_fill(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    let filled = file.write_all(bytes).and_then(|()| file.sync_all());
    if filled.is_err() {
        remove_quietly(path);
    }
    filled
}

/// Writes `bytes` to `path` whole or not at all, and never over a file that is there. The folder must exist.
///
/// # Errors
/// `AlreadyExists` where something is, whatever it is; otherwise what the disk says.
pub(crate) fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = temporary_beside(path);
    create_and_fill(&temporary, bytes)?;
    let linked = fs::hard_link(&temporary, path);
    let outcome = match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            // Not every disk has links: there the name is taken first.
            File::create_new(path).and_then(|_| {
                let renamed = fs::rename(&temporary, path);
                if renamed.is_err() {
                    remove_quietly(path);
                }
                renamed
            })
        }
        linked => linked,
    };
    remove_quietly(&temporary);
    if outcome.is_ok() {
        flush_folder(path);
    }
    outcome
}

/// Finds out whether a file can be made in `folder`, leaving nothing there.
pub(crate) fn probe_folder(folder: &Path) -> io::Result<()> {
    let probe = temporary_beside(&folder.join("probe"));
    // Not flushed, as what stays is: thousands of places are asked for at once.
    File::create_new(&probe)?;
    fs::remove_file(&probe)
}

/// The folder a file lies in; a bare name lies in the working folder.
pub(crate) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes a rename survive a power cut. Not every system can, and the file itself is safe either way.
pub(crate) fn flush_folder(path: &Path) {
    if cfg!(unix)
        && let Err(error) = File::open(folder_of(path)).and_then(|folder| folder.sync_all())
    {
        tracing::debug!("a folder could not be flushed: {error}");
    }
}

pub(crate) fn remove_quietly(path: &Path) {
    if let Err(error) = fs::remove_file(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!("a temporary file stays behind ({error}): {}", path.display());
    }
}

/// Short, so that it fits wherever the final name fits; hidden, so that no gallery shows it.
fn temporary_beside(path: &Path) -> PathBuf {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    folder_of(path).join(format!(".inkwick-{}-{count}.part", std::process::id()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        write(&path, b"first, and longer").unwrap();
        write(&path, b"second").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_cannot_be_written_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a-folder");
        fs::create_dir(&path).unwrap();
        fs::write(path.join("inside"), b"kept").unwrap();
        assert!(write(&path, b"bytes").is_err());
        assert!(write(&folder.path().join("missing").join("a.txt"), b"bytes").is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert_eq!(fs::read(path.join("inside")).unwrap(), b"kept");
    }

    #[test]
    fn a_new_file_never_takes_anothers_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        write_new(&path, b"first").unwrap();
        assert_eq!(write_new(&path, b"second").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"first");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left");
    }
}
