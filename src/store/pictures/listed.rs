//! What the gallery lists: a picture as far as its name, its time and its folder say, without a look into the file.

use std::ffi::OsStr;
use std::fs::DirEntry;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use chrono::NaiveDate;

use crate::store::pictures::picture_file::PictureFormat;

/// One picture's file, as far as its name and the folder say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GalleryPicture {
    pub path: PathBuf,
    pub modified: SystemTime,
    /// From the name; files from elsewhere may have none.
    pub seed: Option<u64>,
}

/// A day's pictures, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GalleryDay {
    /// "2026-01-31", the folder's name.
    pub date: String,
    /// "Today", "Yesterday", or the date in words, as of the scan.
    pub title: String,
    pub pictures: Vec<GalleryPicture>,
}

pub(super) fn picture_of(entry: &DirEntry) -> Option<GalleryPicture> {
    let name = entry.file_name();
    let hidden = name.as_encoded_bytes().starts_with(b".");
    if hidden || PictureFormat::of_path(Path::new(&name)).is_err() {
        return None;
    }
    let metadata = entry.metadata().ok().filter(|metadata| !metadata.is_dir())?;
    let modified = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
    Some(GalleryPicture { path: entry.path(), modified, seed: number_and_seed(&name).1 })
}

/// `00001-SEED.png`; a name that someone changed behind the number still has its number. Ten digits and more are a
/// time stamp from elsewhere, from which no count should go on.
pub(super) fn number_and_seed(name: &OsStr) -> (Option<u64>, Option<u64>) {
    let stem = Path::new(name).file_stem().map(OsStr::to_string_lossy).unwrap_or_default();
    let (number, seed) = stem.split_once('-').unwrap_or((&stem, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten();
    let number = digits(number).filter(|&number| number < 1_000_000_000);
    number.map_or((None, None), |number| (Some(number), digits(seed)))
}

pub(super) fn date_of(name: &OsStr) -> Option<NaiveDate> {
    let name = name.to_str()?;
    let date: NaiveDate = name.parse().ok()?;
    // "2026-1-3" is a date too, but no folder that the gallery would find again.
    (date.to_string() == name).then_some(date)
}
