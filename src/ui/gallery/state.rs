//! The pictures on disk as the right panel lists them: newest first, a heading for each day.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::raster::Picture;
use crate::store::pictures::gallery::{GalleryDay, GalleryPicture};
use crate::ui::gallery::leaving::LeavingPictures;
use crate::ui::gallery::rows::GallerySearch;
use crate::ui::gallery::words::GalleryWords;

/// The right panel.
#[derive(Default)]
pub struct GalleryState {
    /// Newest first, as the store lists them.
    pub days: Vec<GalleryDay>,
    pub thumbnails: Thumbnails,
    pub search: GallerySearch,
    pub words: GalleryWords,
    pub starred: BTreeSet<PathBuf>,
    /// On their way to the Trash.
    pub leaving: LeavingPictures,
    /// Whether the first listing has arrived.
    pub listed: bool,
    /// Where the pictures are kept, as a person reads it: "Pictures / Inkwick".
    pub folder_text: String,
}

impl GalleryState {
    /// Every picture, newest first.
    pub fn pictures(&self) -> impl Iterator<Item = &GalleryPicture> {
        self.days.iter().flat_map(|day| &day.pictures)
    }

    /// Those that the panel lists: what was found, while one searches.
    #[must_use]
    pub fn listed_files(&self) -> Vec<&Path> {
        if !self.search.is_active() {
            return self.pictures().map(|picture| picture.path.as_path()).collect();
        }
        let found = self.search.days().iter().filter_map(|found| Some((self.days.get(found.day)?, &found.pictures)));
        let files = found.flat_map(|(day, pictures)| pictures.iter().filter_map(|index| day.pictures.get(*index)));
        files.map(|picture| picture.path.as_path()).collect()
    }

    /// What is looked at when this one goes: the next, or, at the end, the one before.
    #[must_use]
    pub fn beside(&self, file: &Path) -> Option<PathBuf> {
        let files = self.listed_files();
        let index = files.iter().position(|listed| *listed == file)?;
        let beside = files.get(index + 1).or_else(|| files.get(index.checked_sub(1)?))?;
        Some(beside.to_path_buf())
    }

    /// Takes a new listing, without what is on its way to the Trash.
    pub fn take_listing(&mut self, mut days: Vec<GalleryDay>) {
        for day in &mut days {
            day.pictures.retain(|picture| !self.leaving.hides(&picture.path));
        }
        days.retain(|day| !day.pictures.is_empty());
        (self.days, self.listed) = (days, true);
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.days.iter().all(|day| day.pictures.is_empty())
    }

    /// Takes files off the list that are in the Trash now.
    pub fn forget(&mut self, gone: &[PathBuf]) {
        for day in &mut self.days {
            day.pictures.retain(|picture| !gone.contains(&picture.path));
        }
        self.days.retain(|day| !day.pictures.is_empty());
    }
}

/// A small picture of a file.
#[derive(Clone, Debug)]
pub enum Thumbnail {
    /// The store was asked and has not answered.
    Asked,
    Ready(Arc<Picture>),
    /// One sentence.
    Broken(String),
}

/// The newest thumbnails; older ones are forgotten, so that 20,000 pictures do not fill the memory.
#[derive(Default)]
pub struct Thumbnails {
    known: HashMap<PathBuf, Thumbnail>,
    /// Oldest first.
    order: VecDeque<PathBuf>,
    wanted: Vec<PathBuf>,
}

impl Thumbnails {
    /// Far more than any screen shows at once.
    const MOST: usize = 800;

    #[must_use]
    pub fn get(&self, file: &Path) -> Option<&Thumbnail> {
        self.known.get(file)
    }

    /// Called by the panel for a slot that is seen and has no thumbnail: `logic` asks the store.
    pub fn want(&mut self, file: &Path) {
        if !self.known.contains_key(file) {
            self.insert(file.to_path_buf(), Thumbnail::Asked);
            self.wanted.push(file.to_path_buf());
        }
    }

    /// What shall be asked of the store now.
    pub fn take_wanted(&mut self) -> Vec<PathBuf> {
        std::mem::take(&mut self.wanted)
    }

    #[must_use]
    pub fn has_wanted(&self) -> bool {
        !self.wanted.is_empty()
    }

    pub fn answer(&mut self, file: PathBuf, thumbnail: Thumbnail) {
        self.insert(file, thumbnail);
    }

    /// The store gave these up: the panel wants them again when they are seen.
    pub fn skipped(&mut self, files: &[PathBuf]) {
        for file in files {
            self.known.remove(file);
        }
        self.order.retain(|file| !files.contains(file));
    }

    fn insert(&mut self, file: PathBuf, thumbnail: Thumbnail) {
        if self.known.insert(file.clone(), thumbnail).is_none() {
            self.order.push_back(file);
        }
        while self.order.len() > Self::MOST {
            if let Some(oldest) = self.order.pop_front() {
                self.known.remove(&oldest);
            }
        }
    }
}
