//! Files that appear whole or not at all.
//!
//! Everything is written beside its place under a temporary name, flushed to the disk, and renamed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Of one file; nobody keeps more.
const MAX_PUT_ASIDE: u32 = 1000;
/// How long a reserved number is left alone.
const RESERVED_FOR: Duration = Duration::from_hours(1);

/// Writes `bytes` to `path`, over whatever file is there. The folder must exist.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_by(path, |file| file.write_all(bytes))
}

/// The same with what `fill` writes, which may be called a second time with another file.
pub(crate) fn write_by(path: &Path, fill: impl Fn(&mut File) -> io::Result<()>) -> io::Result<()> {
    // A settings file may be a link into someone's dotfiles: the link stays, what it points to changes.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let once = || {
        // Held, and with it the lock, until it has its name.
        let temporary = temporary_beside(&target);
        let _held = create_and_fill(&temporary, &fill)?;
        let written = fs::rename(&temporary, &target);
        if written.is_err() {
            remove_quietly(&temporary);
        }
        written
    };
    match once() {
        // Another program's sweep came between the making and the lock.
        Err(error) if error.kind() == io::ErrorKind::NotFound && folder_of(&target).is_dir() => once()?,
        outcome => outcome?,
    }
    flush_folder(&target);
    Ok(())
}

/// Writes `bytes` to a temporary file beside `path`; what could not be filled is taken away again. While the file that it
/// gives lives, no [`sweep`] takes it for a leftover.
pub(crate) fn fill_beside(path: &Path, bytes: &[u8]) -> io::Result<(PathBuf, File)> {
    let temporary = temporary_beside(path);
    create_and_fill(&temporary, &|file| file.write_all(bytes)).map(|held| (temporary, held))
}

/// Makes `path`, which must not exist, and fills it; what could not be filled is taken away again. While the file that it
/// gives lives, no [`sweep`] takes it for a leftover.
fn create_and_fill(path: &Path, fill: &dyn Fn(&mut File) -> io::Result<()>) -> io::Result<File> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    // Some systems have no locks; there nothing is swept away either.
    let _ = file.try_lock();
    let filled = fill(&mut file).and_then(|()| file.sync_all());
    match filled {
        Ok(()) => Ok(file),
        Err(error) => {
            remove_quietly(path);
            Err(error)
        }
    }
}

/// Writes `bytes` to `path` whole or not at all, and never over a file that is there. The folder must exist.
///
/// # Errors
/// `AlreadyExists` where something is, whatever it is; otherwise what the disk says.
pub(crate) fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = temporary_beside(path);
    create_and_fill(&temporary, &|file| file.write_all(bytes))?;
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

/// Renames `path` to a name that is free, `NAME.broken` or `NAME.broken-2` and so on, and says which.
pub(crate) fn put_aside(path: &Path) -> io::Result<PathBuf> {
    for number in 1..=MAX_PUT_ASIDE {
        let mut name = path.as_os_str().to_owned();
        name.push(".broken");
        if number > 1 {
            name.push(format!("-{number}"));
        }
        let free = PathBuf::from(name);
        // The name is taken first: another program may be putting something aside, too.
        match File::create_new(&free) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
            Ok(_) => {
                let renamed = fs::rename(path, &free);
                if renamed.is_err() {
                    remove_quietly(&free);
                }
                return renamed.map(|()| free);
            }
        }
    }
    Err(io::Error::new(io::ErrorKind::AlreadyExists, "too many broken ones lie beside it"))
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

/// Takes away what writes left in `folder` that the program's end interrupted. One that goes on somewhere is let be: it is
/// locked.
pub(crate) fn sweep(folder: &Path) {
    let Ok(files) = fs::read_dir(folder) else { return };
    for path in files.flatten().map(|file| file.path()).filter(|path| is_temporary(path)) {
        let is_left = File::open(&path).is_ok_and(|file| file.try_lock().is_ok() && is_settled(&path, &file));
        if is_left {
            remove_quietly(&path);
        }
    }
}

/// A number that a picture of the gallery has reserved may be of a program that knows no locks.
fn is_settled(path: &Path, file: &File) -> bool {
    let is_write = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b".inkwick-"));
    let written = file.metadata().and_then(|metadata| metadata.modified()).ok();
    let age = written.and_then(|written| written.elapsed().ok());
    is_write || age.is_some_and(|age| age > RESERVED_FOR)
}

fn is_temporary(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let Some(name) = name.strip_prefix('.').and_then(|name| name.strip_suffix(".part")) else { return false };
    // A write of ours, or a number that a picture of the gallery had reserved.
    name.starts_with("inkwick-") || name.bytes().all(|byte| byte.is_ascii_digit())
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
    fn what_an_interrupted_write_left_is_swept_away_and_one_that_goes_on_is_not() {
        let folder = tempfile::tempdir().unwrap();
        for name in
            [".inkwick-1-0.part", ".00017.part", ".00018.part", ".inkwick-4-17.part", "a.part", ".inkwick-1-0.txt"]
        {
            fs::write(folder.path().join(name), b"half").unwrap();
        }
        let old = File::options().write(true).open(folder.path().join(".00017.part")).unwrap();
        old.set_modified(std::time::SystemTime::now() - Duration::from_hours(2)).unwrap();
        drop(old);
        let going_on = File::open(folder.path().join(".inkwick-4-17.part")).unwrap();
        going_on.try_lock().unwrap();
        sweep(folder.path());
        let left = |name| folder.path().join(name).exists();
        assert!(!left(".inkwick-1-0.part") && !left(".00017.part"));
        assert!(left(".00018.part"), "another program may be saving under this number");
        assert!(left(".inkwick-4-17.part") && left("a.part") && left(".inkwick-1-0.txt"));
        drop(going_on);
        sweep(folder.path());
        assert!(!left(".inkwick-4-17.part"));
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
    fn a_new_file_never_takes_the_place_of_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        write_new(&path, b"first").unwrap();
        assert_eq!(write_new(&path, b"second").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"first");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left");
    }
}
