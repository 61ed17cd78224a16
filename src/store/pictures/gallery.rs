//! The finished pictures: one folder a day, numbered files inside (`00001-SEED.png`), never written over.
//!
//! Looking through it reads names and times only, so that 20,000 pictures are listed at once.

use std::cmp::Reverse;
use std::ffi::OsStr;
use std::fs::{self, DirEntry};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use chrono::{Local, NaiveDate};

use crate::job::{ErrorKind, JobError, Request};
use crate::raster::Picture;
use crate::store::atomic;
use crate::store::paths::Paths;
use crate::store::pictures::picture_file;
use crate::store::pictures::picture_file::{PictureFileError, PictureFormat};
use crate::store::pictures::saving::Saving;

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

#[derive(Debug, thiserror::Error)]
pub enum GalleryError {
    #[error("the pictures' folder could not be made or read ({source}); check the disk and the folder's rights: {}", path.display())]
    Folder { source: io::Error, path: PathBuf },
    #[error("the picture could not be moved to the trash ({source}); it is still there: {}", path.display())]
    Trash { source: trash::Error, path: PathBuf },
    #[error("the picture could not be copied ({source}); check the disk and the folder's rights: {}", path.display())]
    Copy { source: io::Error, path: PathBuf },
    #[error(transparent)]
    File(#[from] PictureFileError),
}

impl From<GalleryError> for JobError {
    fn from(error: GalleryError) -> Self {
        let kind = match &error {
            GalleryError::Folder { .. } | GalleryError::Trash { .. } | GalleryError::Copy { .. } => ErrorKind::Storage,
            GalleryError::File(error) => error.kind(),
        };
        Self::caused(kind, error)
    }
}

/// The folder of finished pictures. Cheap to clone; any number of them may work on one folder.
#[derive(Clone, Debug)]
pub struct Gallery {
    pictures_folder: PathBuf,
}

impl Gallery {
    #[must_use]
    pub fn new(paths: &Paths) -> Self {
        Self::of(paths.pictures_folder.clone())
    }

    #[must_use]
    pub fn of(pictures_folder: PathBuf) -> Self {
        Self { pictures_folder }
    }

    #[must_use]
    pub fn pictures_folder(&self) -> &Path {
        &self.pictures_folder
    }

    /// Puts a picture into today's folder under the next number and returns where it is.
    ///
    /// # Errors
    /// When the folder cannot be made or the disk does not take the file.
    pub fn save(&self, picture: &Picture, request: &Request) -> Result<PathBuf, GalleryError> {
        self.save_by(&Saving::default(), picture, request)
    }

    /// The same by a person's rules; the folder is this gallery's.
    ///
    /// # Errors
    /// Those of [`Self::save`].
    pub fn save_by(&self, saving: &Saving, picture: &Picture, request: &Request) -> Result<PathBuf, GalleryError> {
        let now = Local::now();
        let folder = self.pictures_folder.join(now.date_naive().to_string());
        fs::create_dir_all(&folder).map_err(|source| GalleryError::Folder { source, path: folder.clone() })?;
        // What a write was interrupted in.
        atomic::sweep(&folder);
        let written = saving.with_settings.then_some(request);
        let bytes = picture_file::encode_as(saving.format, saving.quality, &folder, picture, written)?;
        let name = |number| saving.file_name(number, request, [picture.width(), picture.height()], now);
        save_numbered(&folder, &name, &bytes)
    }

    /// Every picture, newest day first. A gallery that is not there yet is empty.
    ///
    /// # Errors
    /// When the folder is there but cannot be read.
    pub fn scan(&self) -> Result<Vec<GalleryDay>, GalleryError> {
        let entries = match fs::read_dir(&self.pictures_folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(|source| GalleryError::Folder { source, path: self.pictures_folder.clone() })?,
        };
        let mut dates: Vec<NaiveDate> = entries.flatten().filter_map(|entry| date_of(&entry.file_name())).collect();
        dates.sort_unstable_by_key(|&date| Reverse(date));
        let today = Local::now().date_naive();
        let day = |date: NaiveDate| {
            let pictures = pictures_in(&self.pictures_folder.join(date.to_string()));
            GalleryDay { date: date.to_string(), title: title_of(date, today), pictures }
        };
        Ok(dates.into_iter().map(day).filter(|day| !day.pictures.is_empty()).collect())
    }

    /// Moves a picture to where the system keeps what was thrown away.
    ///
    /// # Errors
    /// When the system refuses; then the picture is still in its place.
    pub fn delete_to_trash(&self, path: &Path) -> Result<(), GalleryError> {
        trash::delete(path).map_err(|source| GalleryError::Trash { source, path: path.to_path_buf() })
    }

    /// Saves a picture elsewhere: byte by byte where the endings agree, else in the format that `to` asks for, with
    /// its settings.
    ///
    /// # Errors
    /// When `from` cannot be read, or `to` has an unknown ending or cannot be written.
    pub fn copy_to(&self, from: &Path, to: &Path) -> Result<(), GalleryError> {
        let wanted = PictureFormat::of_path(to)?;
        if PictureFormat::of_path(from).is_ok_and(|found| found == wanted) {
            return fs::read(from)
                .and_then(|bytes| atomic::write(to, &bytes))
                .map_err(|source| GalleryError::Copy { source, path: to.to_path_buf() });
        }
        let request = picture_file::read_request(from)?;
        Ok(picture_file::write(to, &picture_file::read(from)?, request.as_ref())?)
    }

    /// Saves a picture elsewhere without a word of how it was made.
    ///
    /// # Errors
    /// Those of [`Self::copy_to`].
    pub fn copy_bare(&self, from: &Path, to: &Path) -> Result<(), GalleryError> {
        Ok(picture_file::write(to, &picture_file::read(from)?, None)?)
    }

    /// How a picture was made, if its file says so.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn read_request(&self, path: &Path) -> Result<Option<Request>, GalleryError> {
        Ok(picture_file::read_request(path)?)
    }
}

/// Takes the next free number. The number is reserved by a hidden file made with "must not exist", so that two
/// programs that save at once never get the same one, and the finished file never replaces another.
fn save_numbered(folder: &Path, name: &dyn Fn(u64) -> String, bytes: &[u8]) -> Result<PathBuf, GalleryError> {
    let failed = |path: &Path, source| GalleryError::File(PictureFileError::Write { source, path: path.to_path_buf() });
    let mut number = highest_number(folder) + 1;
    loop {
        let path = folder.join(name(number));
        let reserved = folder.join(format!(".{number:05}.part"));
        match atomic::create_and_fill(&reserved, bytes) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
            Err(error) => return Err(failed(&path, error)),
            // Another program may have finished this very number between the look and the reservation.
            Ok(_) if highest_number(folder) >= number => {
                atomic::remove_quietly(&reserved);
                number = highest_number(folder) + 1;
            }
            Ok(_held) => {
                let renamed = fs::rename(&reserved, &path);
                if renamed.is_err() {
                    atomic::remove_quietly(&reserved);
                }
                renamed.map_err(|error| failed(&path, error))?;
                atomic::flush_folder(&path);
                return Ok(path);
            }
        }
    }
}

fn highest_number(folder: &Path) -> u64 {
    let names = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.file_name());
    names.filter_map(|name| number_and_seed(&name).0).max().unwrap_or(0)
}

fn pictures_in(folder: &Path) -> Vec<GalleryPicture> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut pictures: Vec<GalleryPicture> = entries.filter_map(|entry| picture_of(&entry)).collect();
    pictures.sort_by_cached_key(|picture| {
        let name = picture.path.file_name().unwrap_or_default();
        Reverse((number_and_seed(name).0, picture.modified, name.to_owned()))
    });
    pictures
}

fn picture_of(entry: &DirEntry) -> Option<GalleryPicture> {
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
fn number_and_seed(name: &OsStr) -> (Option<u64>, Option<u64>) {
    let stem = Path::new(name).file_stem().map(OsStr::to_string_lossy).unwrap_or_default();
    let (number, seed) = stem.split_once('-').unwrap_or((&stem, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten();
    let number = digits(number).filter(|&number| number < 1_000_000_000);
    number.map_or((None, None), |number| (Some(number), digits(seed)))
}

fn date_of(name: &OsStr) -> Option<NaiveDate> {
    let name = name.to_str()?;
    let date: NaiveDate = name.parse().ok()?;
    // "2026-1-3" is a date too, but no folder that the gallery would find again.
    (date.to_string() == name).then_some(date)
}

fn title_of(date: NaiveDate, today: NaiveDate) -> String {
    match (today - date).num_days() {
        0 => "Today".into(),
        1 => "Yesterday".into(),
        _ => date.format("%-d %B %Y").to_string(),
    }
}

#[cfg(test)]
#[path = "gallery_tests.rs"]
mod tests;
