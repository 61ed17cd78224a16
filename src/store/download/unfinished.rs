//! What is there of downloads that have not come to their end: each has a hidden folder beside the models, and a note in
//! it says which it is, so that another run of the program can go on with it or take it away.

use std::path::{Path, PathBuf};
use std::{fs, io};

use serde::{Deserialize, Serialize};

use super::Listing;
use crate::store::atomic;
use crate::store::paths::Paths;

const START: &str = ".partial-";
/// No repository has a file of that name where it could be fetched.
const NOTE: &str = ".inkwick-download.json";

/// A download that can be gone on with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfinished {
    /// `OWNER/NAME` or `OWNER/NAME:FILE`.
    pub name: String,
    pub bytes_done: u64,
    pub bytes_total: u64,
}

#[derive(Serialize, Deserialize)]
struct Note {
    name: String,
    bytes_total: u64,
}

/// All that lie in the models folder, by name.
#[must_use]
pub fn list(paths: &Paths) -> Vec<Unfinished> {
    let found = folders(paths).filter_map(|folder| {
        let Note { name, bytes_total } = note_in(&folder)?;
        Some(Unfinished { name, bytes_done: bytes_in(&folder).min(bytes_total), bytes_total })
    });
    let mut found: Vec<Unfinished> = found.collect();
    found.sort_by(|a, b| a.name.cmp(&b.name).then(b.bytes_done.cmp(&a.bytes_done)));
    found.dedup_by(|later, first| later.name == first.name);
    found
}

/// The folder of one download at one revision of its repository (two are never mixed), made if need be. What is there of
/// the same download at another revision can never be gone on with and is taken away.
pub(super) fn begin(name: &str, listing: &Listing, bytes_total: u64, paths: &Paths) -> io::Result<PathBuf> {
    let readable: String = name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' }).collect();
    let folder = paths.models_folder.join(format!("{START}{readable}-{}", listing.revision));
    for other in folders(paths).filter(|other| *other != folder) {
        if note_in(&other).is_some_and(|note| note.name == name) {
            fs::remove_dir_all(other)?;
        }
    }
    fs::create_dir_all(&folder)?;
    let note = serde_json::to_vec(&Note { name: name.to_owned(), bytes_total })?;
    atomic::write(&folder.join(NOTE), &note)?;
    Ok(folder)
}

/// When a folder has become the model.
pub(super) fn take_note_away(folder: &Path) {
    atomic::remove_quietly(&folder.join(NOTE));
}

/// Takes away what was fetched of an unfinished download; says whether there was anything.
#[must_use]
pub fn discard(name: &str, paths: &Paths) -> bool {
    let mut any = false;
    for folder in folders(paths).filter(|folder| note_in(folder).is_some_and(|note| note.name == name)) {
        match fs::remove_dir_all(&folder) {
            Ok(()) => any = true,
            Err(error) => tracing::warn!("what was fetched of {name} could not be taken away: {error}"),
        }
    }
    any
}

fn folders(paths: &Paths) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(&paths.models_folder).into_iter().flatten().flatten();
    entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(START)).map(|entry| entry.path())
}

fn note_in(folder: &Path) -> Option<Note> {
    serde_json::from_slice(&fs::read(folder.join(NOTE)).ok()?).ok()
}

/// Of everything but the note.
fn bytes_in(folder: &Path) -> u64 {
    let bytes = |entry: fs::DirEntry| match entry.metadata() {
        Ok(found) if found.is_dir() => bytes_in(&entry.path()),
        Ok(found) if entry.file_name() != NOTE => found.len(),
        _ => 0,
    };
    fs::read_dir(folder).into_iter().flatten().flatten().map(bytes).sum()
}
