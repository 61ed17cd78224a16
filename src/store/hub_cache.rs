//! The cache that every Hugging Face library shares, Python's too: `models--OWNER--NAME` with `blobs`, `refs` and
//! `snapshots`. A snapshot is a repository at one revision; its files link to blobs, which are named by their checksum.
//!
//! Knows the layout on the disk, never the network.

use std::collections::HashSet;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// Repositories that hold models; others hold data sets and the like.
const REPOSITORY_START: &str = "models--";
/// The revision that is fetched where none is asked for.
const MAIN: &str = "main";

/// Where the Hugging Face libraries keep their things: `HF_HOME`, else in the user's cache; `None` when nothing names a
/// place. `variable` looks up a variable of the environment.
#[must_use]
pub fn home(variable: impl Fn(&str) -> Option<PathBuf>, user_home: Option<&Path>) -> Option<PathBuf> {
    variable("HF_HOME")
        .or_else(|| variable("XDG_CACHE_HOME").map(|cache| cache.join("huggingface")))
        .or_else(|| user_home.map(|home| home.join(".cache").join("huggingface")))
}

/// Where somebody wants them to keep what they fetched: `HF_HUB_CACHE`, or below `HF_HOME`.
#[must_use]
pub fn named_folder(variable: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    let named = variable("HF_HUB_CACHE").or_else(|| variable("HUGGINGFACE_HUB_CACHE"));
    named.or_else(|| variable("HF_HOME").map(|home| home.join("hub")))
}

/// Where they keep what they fetched.
#[must_use]
pub fn folder(variable: impl Fn(&str) -> Option<PathBuf>, user_home: Option<&Path>) -> Option<PathBuf> {
    named_folder(&variable).or_else(|| home(variable, user_home).map(|home| home.join("hub")))
}

/// One repository's part of the cache. It need not be there yet.
#[derive(Clone, Debug)]
pub struct CachedRepository {
    folder: PathBuf,
    locks: PathBuf,
}

impl CachedRepository {
    /// `repository` is `OWNER/NAME`.
    #[must_use]
    pub fn new(cache: &Path, repository: &str) -> Self {
        let name = format!("{REPOSITORY_START}{}", repository.replace('/', "--"));
        Self { locks: cache.join(".locks").join(&name), folder: cache.join(name) }
    }

    /// The one that `folder` is, if it is one with anything to show.
    #[must_use]
    pub fn at(folder: &Path) -> Option<Self> {
        let name = folder.file_name()?;
        let is_repository = name.to_string_lossy().starts_with(REPOSITORY_START) && folder.join("snapshots").is_dir();
        let locks = folder.parent()?.join(".locks").join(name);
        is_repository.then(|| Self { folder: folder.to_path_buf(), locks })
    }

    /// The repository in whose snapshots `path` lies, if it lies in a cache at all.
    #[must_use]
    pub fn around(path: &Path) -> Option<Self> {
        path.ancestors().skip(1).find_map(Self::at).filter(|found| path.starts_with(found.folder.join("snapshots")))
    }

    /// All of it.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where the files of a revision stand under their own names.
    #[must_use]
    pub fn snapshot(&self, revision: &str) -> PathBuf {
        self.folder.join("snapshots").join(revision)
    }

    /// The bytes of a file, by their checksum.
    #[must_use]
    pub fn blob(&self, checksum: &str) -> PathBuf {
        self.folder.join("blobs").join(checksum)
    }

    /// The same before it is whole.
    #[must_use]
    pub fn incomplete(&self, checksum: &str) -> PathBuf {
        self.folder.join("blobs").join(format!("{checksum}.incomplete"))
    }

    /// The snapshot of the revision that was fetched last: what `main` was then, else the newest.
    #[must_use]
    pub fn current_snapshot(&self) -> Option<PathBuf> {
        let revision = fs::read_to_string(self.folder.join("refs").join(MAIN)).ok();
        let named = revision.map(|revision| self.snapshot(revision.trim())).filter(|folder| folder.is_dir());
        named.or_else(|| {
            let time = |folder: &PathBuf| fs::metadata(folder).and_then(|found| found.modified()).ok();
            self.snapshots().max_by_key(time)
        })
    }

    /// Remembers that `main` is this revision now.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn set_main(&self, revision: &str) -> io::Result<()> {
        let refs = self.folder.join("refs");
        fs::create_dir_all(&refs)?;
        super::atomic::write(&refs.join(MAIN), revision.as_bytes())
    }

    /// Keeps every other program from fetching the same blob, as long as what it gives is held; `None` while another one
    /// does.
    ///
    /// # Errors
    /// When there can be no such file.
    pub fn lock(&self, checksum: &str) -> io::Result<Option<File>> {
        fs::create_dir_all(&self.locks)?;
        let file = File::create(self.locks.join(format!("{checksum}.lock")))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            // Some network folders know no locks; Python's library goes on without as well.
            Err(TryLockError::Error(error)) => {
                tracing::debug!("fetched without a lock: {error}");
                Ok(Some(file))
            }
        }
    }

    /// Puts a whole blob into a snapshot under the file's own name.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn link(&self, revision: &str, file: &str, checksum: &str) -> io::Result<()> {
        let (blob, pointer) = (self.blob(checksum), self.snapshot(revision).join(file));
        if let Some(parent) = pointer.parent() {
            fs::create_dir_all(parent)?;
        }
        match fs::remove_file(&pointer) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        // Relative, so that the cache can be moved: out of the file's folders, the revision's and `snapshots`.
        let up = std::iter::repeat_n("..", file.matches('/').count() + 2);
        let target: PathBuf = up.chain(["blobs", checksum]).collect();
        if symlink(&target, &pointer).is_ok() {
            return Ok(());
        }
        // On Windows links want rights that few have. Python's library moves the blob there, too.
        fs::rename(&blob, &pointer)
    }

    /// Takes away blobs, whole or not, that no snapshot shows, and the repository once nothing of it is left.
    ///
    /// # Errors
    /// When one cannot be deleted.
    pub fn discard_blobs<'a>(&self, checksums: impl Iterator<Item = &'a str>) -> io::Result<()> {
        let shown = self.shown_blobs();
        for checksum in checksums.filter(|checksum| !shown.contains(*checksum)) {
            // What another program is fetching stays.
            let Some(_held) = self.lock(checksum)? else { continue };
            for path in [self.blob(checksum), self.incomplete(checksum)] {
                remove_if_there(&path)?;
            }
            remove_if_there(&self.locks.join(format!("{checksum}.lock")))?;
        }
        if self.snapshots().next().is_none() {
            // Only folders that are empty go.
            for folder in [self.folder.join("blobs"), self.folder.clone(), self.locks.clone()] {
                let _ = fs::remove_dir(folder);
            }
        }
        Ok(())
    }

    /// Makes one file or folder of a snapshot stand by itself, so that it can be moved to the trash and back, and gives
    /// what is to be moved: all of the repository when nothing else of it is shown.
    ///
    /// # Errors
    /// When the cache cannot be changed.
    pub fn detach(&self, path: &Path) -> io::Result<PathBuf> {
        let shown = |path: &Path| {
            let mut files = Vec::new();
            files_below(path, &mut files);
            files
        };
        let going = if path.is_dir() { shown(path) } else { vec![path.to_path_buf()] };
        let all = shown(&self.folder.join("snapshots"));
        if all.iter().all(|file| going.contains(file)) {
            return Ok(self.folder.clone());
        }
        let staying: HashSet<PathBuf> =
            all.iter().filter(|file| !going.contains(file)).filter_map(|file| fs::canonicalize(file).ok()).collect();
        for pointer in going.iter().filter(|file| file.is_symlink()) {
            let blob = fs::canonicalize(pointer)?;
            if !staying.contains(&blob) {
                // In place of the link.
                fs::rename(&blob, pointer)?;
            }
        }
        Ok(path.to_path_buf())
    }

    fn snapshots(&self) -> impl Iterator<Item = PathBuf> {
        let entries = fs::read_dir(self.folder.join("snapshots")).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).filter(|path| path.is_dir())
    }

    /// The checksums of all blobs that a snapshot links to.
    fn shown_blobs(&self) -> HashSet<String> {
        let mut files = Vec::new();
        files_below(&self.folder.join("snapshots"), &mut files);
        let target = |file: &PathBuf| Some(fs::read_link(file).ok()?.file_name()?.to_string_lossy().into_owned());
        files.iter().filter_map(target).collect()
    }
}

/// Whether a snapshot in diffusers' layout has the weights of its networks: Python may have fetched only a part.
#[must_use]
pub fn has_weights(snapshot: &Path) -> bool {
    let network = |name: &str| {
        let folder = snapshot.join(name);
        let mut files = Vec::new();
        files_below(&folder, &mut files);
        // A link may lead to nothing.
        let is_weight = |file: &PathBuf| {
            file.extension().is_some_and(|ending| ending == "safetensors" || ending == "bin") && file.is_file()
        };
        !folder.is_dir() || files.iter().any(is_weight)
    };
    ["unet", "transformer", "vae", "text_encoder", "text_encoder_2"].into_iter().all(network)
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            files_below(&entry.path(), found);
        } else {
            found.push(entry.path());
        }
    }
}

#[cfg(unix)]
fn symlink(target: &Path, link: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, link)
}

#[cfg(windows)]
fn symlink(target: &Path, link: &Path) -> io::Result<()> {
    std::os::windows::fs::symlink_file(target, link)
}

#[cfg(not(any(unix, windows)))]
fn symlink(_target: &Path, _link: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    fn cached(cache: &Path, revision: &str, file: &str, checksum: &str) -> CachedRepository {
        let repository = CachedRepository::new(cache, "someone/tiny");
        fs::create_dir_all(repository.folder().join("blobs")).unwrap();
        fs::write(repository.blob(checksum), checksum).unwrap();
        repository.link(revision, file, checksum).unwrap();
        repository
    }

    #[test]
    fn the_cache_lies_where_the_other_libraries_look_for_it() {
        let with = |known: &'static [(&str, &str)]| {
            let variable =
                move |name: &str| known.iter().find(|(known, _)| *known == name).map(|(_, value)| PathBuf::from(value));
            folder(variable, Some(Path::new("/home/me"))).unwrap()
        };
        assert_eq!(with(&[]), Path::new("/home/me/.cache/huggingface/hub"));
        assert_eq!(with(&[("XDG_CACHE_HOME", "/c")]), Path::new("/c/huggingface/hub"));
        assert_eq!(with(&[("XDG_CACHE_HOME", "/c"), ("HF_HOME", "/hf")]), Path::new("/hf/hub"));
        assert_eq!(with(&[("HF_HUB_CACHE", "/x"), ("HF_HOME", "/hf")]), Path::new("/x"));
    }

    #[test]
    fn the_revision_that_main_was_is_the_current_one() {
        let cache = tempfile::tempdir().unwrap();
        let repository = cached(cache.path(), "aaa", "model_index.json", "1");
        cached(cache.path(), "bbb", "model_index.json", "2");
        assert!(repository.current_snapshot().is_some());
        repository.set_main("aaa").unwrap();
        assert_eq!(repository.current_snapshot(), Some(repository.snapshot("aaa")));
        let file = repository.snapshot("aaa").join("model_index.json");
        assert_eq!(CachedRepository::around(&file).unwrap().folder(), repository.folder());
        assert!(CachedRepository::around(&repository.blob("1")).is_none());
    }

    #[test]
    fn a_snapshot_of_which_only_a_part_was_fetched_is_no_model() {
        let cache = tempfile::tempdir().unwrap();
        let repository = cached(cache.path(), "aaa", "unet/config.json", "1");
        assert!(!has_weights(&repository.snapshot("aaa")));
        cached(cache.path(), "aaa", "unet/diffusion_pytorch_model.safetensors", "2");
        assert!(has_weights(&repository.snapshot("aaa")));
        fs::remove_file(repository.blob("2")).unwrap();
        assert!(!has_weights(&repository.snapshot("aaa")), "a link to nothing counts");
    }

    #[test]
    fn what_goes_to_the_trash_is_whole_and_what_stays_too() {
        let cache = tempfile::tempdir().unwrap();
        let repository = cached(cache.path(), "aaa", "one.safetensors", "1");
        let one = repository.snapshot("aaa").join("one.safetensors");
        assert_eq!(repository.detach(&one).unwrap(), repository.folder(), "nothing else is shown");
        cached(cache.path(), "aaa", "two.safetensors", "2");
        cached(cache.path(), "bbb", "two.safetensors", "2");
        assert_eq!(repository.detach(&one).unwrap(), one);
        assert!(!one.is_symlink() && fs::read(&one).unwrap() == b"1" && !repository.blob("1").exists());
        let two = repository.snapshot("aaa").join("two.safetensors");
        assert_eq!(repository.detach(&two).unwrap(), two);
        fs::remove_file(&two).unwrap();
        assert_eq!(fs::read(repository.snapshot("bbb").join("two.safetensors")).unwrap(), b"2");
        assert_eq!(repository.detach(&repository.snapshot("aaa")).unwrap(), repository.snapshot("aaa"));
    }

    #[test]
    fn a_blob_that_is_shown_or_being_fetched_is_not_discarded() {
        let cache = tempfile::tempdir().unwrap();
        let repository = cached(cache.path(), "aaa", "one.safetensors", "1");
        for checksum in ["2", "3"] {
            fs::write(repository.incomplete(checksum), "half").unwrap();
        }
        let held = repository.lock("3").unwrap().unwrap();
        assert!(repository.lock("3").unwrap().is_none());
        repository.discard_blobs(["1", "2", "3"].into_iter()).unwrap();
        assert!(repository.blob("1").exists() && repository.incomplete("3").exists());
        assert!(!repository.incomplete("2").exists());
        drop(held);
        repository.discard_blobs(["3"].into_iter()).unwrap();
        assert!(!repository.incomplete("3").exists() && repository.folder().exists());
    }
}
