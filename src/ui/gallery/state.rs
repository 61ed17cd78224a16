//! The pictures on disk as the right panel lists them: newest first, a heading for each day.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::raster::Picture;
use crate::store::pictures::gallery::{GalleryDay, GalleryPicture};
use crate::store::pictures::index::Facets;
use crate::store::pictures::labels::Labels;
use crate::ui::gallery::export_state::ExportPanel;
use crate::ui::gallery::labels_state::Labelling;
use crate::ui::gallery::leaving::LeavingPictures;
use crate::ui::gallery::rows;
use crate::ui::gallery::rows::GallerySearch;
use crate::ui::gallery::selection::Selection;
use crate::ui::gallery::view::state::PictureView;
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
    /// Other programs' folders that are listed too.
    pub watched: Vec<PathBuf>,
    /// Tags and collections, as their file has them.
    pub labels: Arc<Labels>,
    /// What the filters offer.
    pub facets: Facets,
    pub selection: Selection,
    /// While it is drawn.
    pub band: Option<Band>,
    pub view: PictureView,
    pub export: ExportPanel,
    /// What the sheet of tags and collections is about.
    pub labelling: Labelling,
    /// Of the grid as it was drawn last.
    pub columns: usize,
    /// Comes into sight in the next frame.
    pub reveal: Option<PathBuf>,
    /// The search field gets the keyboard.
    pub wants_search: bool,
}

/// A rubber band: a corner of it in the grid's own points, and what was selected before.
#[derive(Clone, Debug)]
pub struct Band {
    pub from: egui::Pos2,
    pub before: Vec<PathBuf>,
}

impl GalleryState {
    /// Every picture, newest first.
    pub fn pictures(&self) -> impl Iterator<Item = &GalleryPicture> {
        self.days.iter().flat_map(|day| &day.pictures)
    }

    /// Those that the panel lists, in its order: what was found, while one searches.
    pub fn listed(&self) -> impl Iterator<Item = &Path> {
        let found = self.search.days().iter().filter_map(|found| Some((self.days.get(found.day)?, &found.pictures)));
        let files = found.flat_map(|(day, pictures)| pictures.iter().filter_map(|index| day.pictures.get(*index)));
        files.map(|picture| picture.path.as_path())
    }

    #[must_use]
    pub fn listed_files(&self) -> Vec<&Path> {
        self.listed().collect()
    }

    /// Where one of them stands, from 0.
    #[must_use]
    pub fn place_of(&self, file: &Path) -> Option<usize> {
        // Whole names at once: parts of paths take ten times as long, and this is asked in each frame.
        self.listed().position(|listed| listed.as_os_str() == file.as_os_str())
    }

    /// The picture so many rows further down.
    #[must_use]
    pub fn row_step(&self, file: &Path, by: isize) -> Option<PathBuf> {
        let counts: Vec<usize> = self.search.days().iter().map(|day| day.pictures.len()).collect();
        let mut index = self.place_of(file)?;
        let mut day = 0;
        while index >= *counts.get(day)? {
            index -= counts[day];
            day += 1;
        }
        let (day, index) = rows::row_step(&counts, self.columns, (day, index), by)?;
        let found = self.search.days().get(day)?;
        Some(self.days.get(found.day)?.pictures.get(*found.pictures.get(index)?)?.path.clone())
    }

    /// What is done with several pictures: those that are selected, if any.
    #[must_use]
    pub fn selected(&self) -> Vec<PathBuf> {
        if self.selection.is_empty() { Vec::new() } else { self.selection.among(&self.listed_files()) }
    }

    /// Lists again what is found, if something changed.
    pub fn refresh(&mut self) {
        if self.search.refresh(&self.days, &self.starred) && !self.selection.is_empty() {
            let mut selection = std::mem::take(&mut self.selection);
            selection.keep_listed(&self.listed_files());
            self.selection = selection;
        }
    }

    /// What a picture is as a file.
    #[must_use]
    pub fn picture(&self, file: &Path) -> Option<&GalleryPicture> {
        self.pictures().find(|picture| picture.path.as_os_str() == file.as_os_str())
    }

    /// What is looked at when this one goes with others: the next that stays, or, at the end, the one before.
    #[must_use]
    pub fn beside(&self, file: &Path, going: &HashSet<&Path>) -> Option<PathBuf> {
        let files = self.listed_files();
        let index = files.iter().position(|listed| *listed == file)?;
        let stays = |file: &&&Path| !going.contains(**file);
        let beside = files[index..].iter().find(stays).or_else(|| files[..index].iter().rev().find(stays))?;
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
        let gone: HashSet<&Path> = gone.iter().map(PathBuf::as_path).collect();
        for day in &mut self.days {
            day.pictures.retain(|picture| !gone.contains(picture.path.as_path()));
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
