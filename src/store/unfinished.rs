//! Downloads that have not come to their end: a note in the models folder records what each of them wants, so that another run
//! of the program can resume it or take it away.

use std::path::{Path, PathBuf};
use std::{fs, io};

use serde::{Deserialize, Serialize};

use super::atomic;
use super::hub_cache::CachedRepository;
use super::paths::Paths;

/// Inside the models folder.
const FOLDER: &str = ".unfinished";

/// A download that can be resumed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfinished {
    /// `OWNER/NAME` or `OWNER/NAME:FILE`.
    pub name: String,
    pub bytes_done: u64,
    pub bytes_total: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Note {
    pub name: String,
    pub repository: String,
    pub revision: String,
    /// Of the files that were in the cache before.
    pub bytes_there: u64,
    pub missing: Vec<FileNote>,
}

/// A file that is wanted, and what names its bytes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct FileNote {
    pub name: String,
    pub bytes: u64,
    /// SHA-256 of a large file; git's checksum of a small one.
    pub checksum: String,
    pub xet_hash: Option<String>,
}

impl Note {
    pub(crate) fn bytes_missing(&self, cache: &CachedRepository) -> u64 {
        let missing = |file: &FileNote| file.bytes.saturating_sub(file.bytes_there(cache));
        self.missing.iter().map(missing).fold(0, u64::saturating_add)
    }

    fn bytes_total(&self) -> u64 {
        self.missing.iter().map(|file| file.bytes).fold(self.bytes_there, u64::saturating_add)
    }

    fn is_sound(&self) -> bool {
        let is_plain = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        self.missing.iter().all(|file| is_plain(&file.checksum))
    }
}

impl FileNote {
    fn bytes_there(&self, cache: &CachedRepository) -> u64 {
        let length = |path: PathBuf| fs::metadata(path).map(|found| found.len()).ok();
        length(cache.blob(&self.checksum)).or_else(|| length(cache.incomplete(&self.checksum))).unwrap_or(0)
    }
}

/// All of them, by name.
#[must_use]
pub fn list(paths: &Paths) -> Vec<Unfinished> {
    let shown = |note: Note| {
        let bytes_total = note.bytes_total();
        let missing = note.bytes_missing(&cache_of(&note, paths));
        Unfinished { name: note.name, bytes_done: bytes_total.saturating_sub(missing), bytes_total }
    };
    let mut found: Vec<Unfinished> = notes(paths).map(shown).collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

/// Notes what a download wants. What is there of the same download at another revision, and is not wanted any more, is deleted.
#[cfg(feature = "hub")]
pub(crate) fn begin(note: &Note, paths: &Paths) -> io::Result<()> {
    if let Some(before) = note_of(&note.name, paths) {
        let is_wanted = |checksum: &str| note.missing.iter().any(|file| file.checksum == checksum);
        let left = before.missing.iter().map(|file| file.checksum.as_str());
        cache_of(&before, paths).discard_blobs(left.filter(|checksum| !is_wanted(checksum)))?;
    }
    let file = file_of(&note.name, paths);
    fs::create_dir_all(atomic::folder_of(&file))?;
    atomic::write(&file, &serde_json::to_vec(note)?)
}

/// The download is whole.
pub(crate) fn end(name: &str, paths: &Paths) -> io::Result<()> {
    let file = file_of(name, paths);
    match fs::remove_file(&file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    // Only when it is empty.
    let _ = fs::remove_dir(atomic::folder_of(&file));
    Ok(())
}

/// Takes away what was fetched of an unfinished download; `false` when there was nothing.
#[must_use]
pub fn discard(name: &str, paths: &Paths) -> bool {
    let Some(note) = note_of(name, paths) else { return false };
    let checksums = note.missing.iter().map(|file| file.checksum.as_str());
    let outcome = cache_of(&note, paths).discard_blobs(checksums).and_then(|()| end(name, paths));
    if let Err(error) = outcome {
        tracing::warn!("what was fetched of {name} could not be taken away: {error}");
        return false;
    }
    true
}

pub(crate) fn note_of(name: &str, paths: &Paths) -> Option<Note> {
    read(&file_of(name, paths)).filter(|note| note.name == name)
}

fn notes(paths: &Paths) -> impl Iterator<Item = Note> {
    let entries = fs::read_dir(paths.models_folder.join(FOLDER)).into_iter().flatten().flatten();
    entries.filter_map(|entry| read(&entry.path()))
}

fn read(file: &Path) -> Option<Note> {
    serde_json::from_slice(&fs::read(file).ok()?).ok().filter(Note::is_sound)
}

fn cache_of(note: &Note, paths: &Paths) -> CachedRepository {
    CachedRepository::new(&paths.hub_cache, &note.repository)
}

/// Every name has a file of its own.
fn file_of(name: &str, paths: &Paths) -> PathBuf {
    let letter = |c: char| match c {
        '/' => "--".to_owned(),
        c if c.is_ascii_alphanumeric() || "-_.".contains(c) => c.to_string(),
        c => format!("%{:x}", u32::from(c)),
    };
    paths.models_folder.join(FOLDER).join(format!("{}.json", name.chars().map(letter).collect::<String>()))
}
