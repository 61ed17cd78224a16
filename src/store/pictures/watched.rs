//! Folders of other programs, AUTOMATIC1111's and ComfyUI's outputs say: their pictures are listed where they are, and
//! nothing in there is ever moved or written.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Local, NaiveDate};

use crate::store::pictures::listed::{GalleryPicture, date_of, picture_of};

/// So deep the folders are looked through: a program's own for kinds and days, and some of a person's.
const MOST_DEEP: usize = 8;

/// Adds the pictures of `folders` to the days on which they were made. What lies in the gallery's `own` folder, or in two
/// of them, is there once; a folder that cannot be read has none now.
pub(super) fn add(folders: &[PathBuf], own: &Path, by_date: &mut BTreeMap<NaiveDate, Vec<GalleryPicture>>) {
    let mut looked_through: Vec<&Path> = vec![own];
    let mut touched = BTreeSet::new();
    for folder in folders {
        let is_known = looked_through.iter().any(|known| folder.starts_with(known));
        if !is_known {
            add_folder(folder, MOST_DEEP, &looked_through, &mut |date, picture| {
                touched.insert(date);
                by_date.entry(date).or_default().push(picture);
            });
            looked_through.push(folder);
        }
    }
    for date in touched {
        if let Some(pictures) = by_date.get_mut(&date) {
            // Numbers of several programs say nothing beside each other.
            pictures.sort_by_cached_key(|picture| Reverse((picture.modified, picture.path.clone())));
        }
    }
}

fn add_folder(folder: &Path, deep: usize, except: &[&Path], add: &mut dyn FnMut(NaiveDate, GalleryPicture)) {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => return tracing::debug!("a watched folder could not be read ({error}): {}", folder.display()),
    };
    let of_folder = folder.file_name().and_then(date_of);
    for entry in entries.flatten() {
        // A link to a folder may lead anywhere, into a circle too.
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            let inner = entry.path();
            let is_hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
            if deep > 0 && !is_hidden && !except.contains(&inner.as_path()) {
                add_folder(&inner, deep - 1, except, add);
            }
        } else if let Some(picture) = picture_of(&entry) {
            let made = || DateTime::<Local>::from(picture.modified).date_naive();
            add(of_folder.unwrap_or_else(made), picture);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &Path) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "a picture, by its name").unwrap();
    }

    fn listed(folders: &[&Path], own: &Path) -> Vec<(String, PathBuf)> {
        let mut by_date = BTreeMap::new();
        let folders: Vec<PathBuf> = folders.iter().map(|folder| folder.to_path_buf()).collect();
        add(&folders, own, &mut by_date);
        by_date
            .into_iter()
            .flat_map(|(date, all)| all.into_iter().map(move |one| (date.to_string(), one.path)))
            .collect()
    }

    #[test]
    fn pictures_are_listed_once_by_their_day_wherever_they_lie() {
        let home = tempfile::tempdir().unwrap();
        let (theirs, own) = (home.path().join("outputs"), home.path().join("outputs/inkwick"));
        let dated = theirs.join("txt2img-images/2023-10-01/00000-7.png");
        let plain = theirs.join("ComfyUI_00001_.webp");
        for file in [&dated, &plain, &own.join("2024-01-01/00001-1.png"), &theirs.join(".trash/a.png")] {
            write(file);
        }
        write(&theirs.join("notes.txt"));
        #[cfg(unix)]
        std::os::unix::fs::symlink(&theirs, theirs.join("round")).unwrap();
        let found = listed(&[&theirs, &theirs.join("txt2img-images"), &home.path().join("gone")], &own);
        assert_eq!(found.iter().map(|(_, path)| path.clone()).collect::<Vec<_>>(), [dated, plain]);
        assert_eq!(found[0].0, "2023-10-01");
        assert_eq!(found[1].0, Local::now().date_naive().to_string());
        assert!(listed(&[&own], &own).is_empty(), "the gallery lists its own itself");
    }
}
