//! The finished pictures: one folder a day, numbered files inside (`00001-SEED.png`), never written over.
//!
//! Looking through it reads names and times only, so that 20,000 pictures are listed at once.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use chrono::{Local, NaiveDate};

use crate::job::{ErrorKind, JobError, Request, StepState};
use crate::raster::Picture;
use crate::store::atomic;
use crate::store::paths::Paths;
use crate::store::pictures::export;
pub use crate::store::pictures::listed::{GalleryDay, GalleryPicture};
use crate::store::pictures::listed::{date_of, number_and_seed, picture_of};
use crate::store::pictures::picture_file;
use crate::store::pictures::picture_file::{Notes, PictureFileError, PictureFormat};
use crate::store::pictures::saving::Saving;
use crate::store::pictures::watched;
use crate::system::trash::{TrashError, move_to_trash};

#[derive(Debug, thiserror::Error)]
pub enum GalleryError {
    #[error("the pictures' folder could not be made or read ({source}); check the disk and the folder's rights: {}", path.display())]
    Folder { source: io::Error, path: PathBuf },
    #[error("the picture could not be moved to the trash ({source}); it is still there: {}", path.display())]
    Trash { source: TrashError, path: PathBuf },
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
    /// Other programs' folders, which are looked through and never written to.
    watched: Vec<PathBuf>,
}

impl Gallery {
    #[must_use]
    pub fn new(paths: &Paths) -> Self {
        Self::of(paths.pictures_folder.clone())
    }

    #[must_use]
    pub fn of(pictures_folder: PathBuf) -> Self {
        Self { pictures_folder, watched: Vec::new() }
    }

    /// Other programs' folders that are listed too.
    #[must_use]
    pub fn watched(&self) -> &[PathBuf] {
        &self.watched
    }

    /// With the pictures of other programs' folders, which stay where they are.
    #[must_use]
    pub fn watching(mut self, folders: &[PathBuf]) -> Self {
        self.watched = folders.to_vec();
        self
    }

    /// What `Request::made_from` calls a picture: its path in the pictures folder, or, where it lies in a watched folder,
    /// the whole one. `None` for what is not in the gallery.
    #[must_use]
    pub fn name_of(&self, file: &Path) -> Option<String> {
        if let Ok(inside) = file.strip_prefix(&self.pictures_folder) {
            let parts: Option<Vec<&str>> = inside.iter().map(OsStr::to_str).collect();
            return parts.map(|parts| parts.join("/"));
        }
        self.watched.iter().any(|folder| file.starts_with(folder)).then(|| file.to_str().map(str::to_owned))?
    }

    /// The picture of such a name. `None` for one that leads out of the gallery.
    #[must_use]
    pub fn file_of(&self, name: &str) -> Option<PathBuf> {
        let name = Path::new(name);
        let is_plain = name.components().all(|part| !matches!(part, Component::ParentDir));
        let is_inside = name.is_relative() || self.watched.iter().any(|folder| name.starts_with(folder));
        (is_plain && is_inside).then(|| self.pictures_folder.join(name))
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
        self.save_by(&Saving::default(), picture, request, None)
    }

    /// The same by a person's rules; the folder is this gallery's. `latents` are what it was decoded from.
    ///
    /// # Errors
    /// Those of [`Self::save`].
    pub fn save_by(
        &self,
        saving: &Saving,
        picture: &Picture,
        request: &Request,
        latents: Option<&StepState>,
    ) -> Result<PathBuf, GalleryError> {
        let now = Local::now();
        let folder = self.pictures_folder.join(now.date_naive().to_string());
        fs::create_dir_all(&folder).map_err(|source| GalleryError::Folder { source, path: folder.clone() })?;
        // What a write was interrupted in.
        atomic::sweep(&folder);
        let mut notes = if saving.with_settings { Notes::of(request) } else { Notes::default() };
        // Of a part of a picture nothing whole could be decoded again.
        let is_kept = saving.keeps_latents && saving.with_settings && request.mask.is_none();
        notes.latents = latents.filter(|state| is_kept && state.is_last()).cloned();
        let bytes = picture_file::encode_as(saving.format, saving.quality, &folder, picture, &notes)?;
        let name = |number| saving.file_name(number, request, [picture.width(), picture.height()], now);
        save_numbered(&folder, &name, &bytes)
    }

    /// Every picture, newest day first. A gallery that is not there yet is empty.
    ///
    /// # Errors
    /// When the folder is there but cannot be read.
    pub fn scan(&self) -> Result<Vec<GalleryDay>, GalleryError> {
        let entries = match fs::read_dir(&self.pictures_folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            entries => {
                Some(entries.map_err(|source| GalleryError::Folder { source, path: self.pictures_folder.clone() })?)
            }
        };
        let dates = entries.into_iter().flatten().flatten().filter_map(|entry| date_of(&entry.file_name()));
        let of_date = |date: NaiveDate| (date, pictures_in(&self.pictures_folder.join(date.to_string())));
        let mut by_date: BTreeMap<NaiveDate, Vec<GalleryPicture>> = dates.map(of_date).collect();
        watched::add(&self.watched, &self.pictures_folder, &mut by_date);
        let today = Local::now().date_naive();
        let day = |(date, pictures): (NaiveDate, Vec<_>)| GalleryDay {
            date: date.to_string(),
            title: title_of(date, today),
            pictures,
        };
        Ok(by_date.into_iter().rev().map(day).filter(|day| !day.pictures.is_empty()).collect())
    }

    /// Moves a picture to where the system keeps what was thrown away.
    ///
    /// # Errors
    /// When the system refuses; then the picture is still in its place.
    pub fn delete_to_trash(&self, path: &Path) -> Result<(), GalleryError> {
        move_to_trash(path).map_err(|source| GalleryError::Trash { source, path: path.to_path_buf() })
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
        Ok(export::copy_as(from, to)?)
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

/// Gives it the next free number. The file is whole on the disk before it asks for one; the number is then held for a moment
/// by a hidden file made with "must not exist", so that two programs that save at once never get the same one, and the
/// finished file never replaces another.
fn save_numbered(folder: &Path, name: &dyn Fn(u64) -> String, bytes: &[u8]) -> Result<PathBuf, GalleryError> {
    /// Another program's sweep may come between a file's making and its lock.
    const TRIES: usize = 8;
    let mut tries = 0;
    loop {
        tries += 1;
        let mut path = folder.join(name(highest_number(folder) + 1));
        let saved = atomic::fill_beside(&path, bytes).and_then(|(temporary, _held)| {
            let saved = number_and_name(folder, name, &temporary, &mut path);
            if saved.is_err() {
                atomic::remove_quietly(&temporary);
            }
            saved
        });
        match saved {
            Err(error) if error.kind() == io::ErrorKind::NotFound && tries < TRIES && folder.is_dir() => {}
            Err(source) => return Err(PictureFileError::Write { source, path }.into()),
            Ok(()) => {
                atomic::flush_folder(&path);
                return Ok(path);
            }
        }
    }
}

/// Renames a finished file to the name of the next number, which is written to `path`.
fn number_and_name(
    folder: &Path,
    name: &dyn Fn(u64) -> String,
    temporary: &Path,
    path: &mut PathBuf,
) -> io::Result<()> {
    let mut number = highest_number(folder) + 1;
    loop {
        *path = folder.join(name(number));
        let reserved = folder.join(format!(".{number:05}.part"));
        match fs::File::create_new(&reserved) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
            Err(error) => return Err(error),
            // Another program may have finished this very number between the look and the reservation.
            Ok(_) if highest_number(folder) >= number => {
                atomic::remove_quietly(&reserved);
                number = highest_number(folder) + 1;
            }
            Ok(_) => {
                let renamed = fs::rename(temporary, &*path);
                atomic::remove_quietly(&reserved);
                return renamed;
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
