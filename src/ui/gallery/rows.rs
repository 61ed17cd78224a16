//! Which pictures the gallery lists and where each lies: found again only when something changed, so that 20,000
//! pictures cost a frame nothing.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::words::GalleryWords;
use crate::store::pictures::gallery::{GalleryDay, GalleryPicture};
use crate::ui::results::candidate::Candidates;

/// Height of a day's heading.
pub(super) const HEADING: f32 = 28.0;
pub(super) const GAP: f32 = 12.0;

/// The search and what it found.
#[derive(Default)]
pub struct GallerySearch {
    pub text: String,
    pub starred_only: bool,
    days: Vec<FoundDay>,
    seen: Signature,
}

/// A day with at least one picture.
pub struct FoundDay {
    /// In the listing.
    pub day: usize,
    /// In the day.
    pub pictures: Vec<usize>,
}

/// What a found list was made of.
#[derive(Default, PartialEq)]
struct Signature {
    text: String,
    counts: Vec<usize>,
    newest: Option<GalleryPicture>,
    candidates: usize,
    starred_only: bool,
    stars: usize,
    /// Of how many pictures the words are known; what is not searched for need not be looked for again.
    words: usize,
}

/// What a picture is known by besides its name.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    pub candidates: &'a Candidates,
    pub words: &'a GalleryWords,
    pub starred: &'a BTreeSet<PathBuf>,
}

impl GallerySearch {
    /// Searches again if the text or the pictures are others than last time. The text is looked for in the prompts, as
    /// the files have them or this session knows them, and in the files' names.
    pub fn refresh(&mut self, days: &[GalleryDay], known: Known<'_>) {
        let Known { candidates, words, starred } = known;
        let seen = Signature {
            text: self.text.trim().to_lowercase(),
            counts: days.iter().map(|day| day.pictures.len()).collect(),
            newest: days.first().and_then(|day| day.pictures.first()).cloned(),
            candidates: candidates.list.len(),
            starred_only: self.starred_only,
            stars: if self.starred_only { starred.len() } else { 0 },
            words: if self.text.trim().is_empty() { 0 } else { words.count() },
        };
        if seen == self.seen {
            return;
        }
        let made =
            candidates.list.iter().filter_map(|one| Some((one.made()?.file.as_path(), one.request.prompt.as_str())));
        let prompts: HashMap<&Path, &str> = made.collect();
        let fits = |picture: &GalleryPicture| {
            if self.starred_only && !starred.contains(&picture.path) {
                return false;
            }
            seen.text.is_empty()
                || words.of(&picture.path).is_some_and(|words| words.have(&seen.text))
                || name_of(&picture.path).to_lowercase().contains(&seen.text)
                || prompts.get(picture.path.as_path()).is_some_and(|words| words.to_lowercase().contains(&seen.text))
        };
        let found = days.iter().enumerate().map(|(day, listed)| {
            let pictures = listed.pictures.iter().enumerate().filter(|(_, picture)| fits(picture));
            FoundDay { day, pictures: pictures.map(|(index, _)| index).collect() }
        });
        self.days = found.filter(|day| !day.pictures.is_empty()).collect();
        self.seen = seen;
    }

    /// Whether not everything is listed.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.starred_only || !self.text.trim().is_empty()
    }

    #[must_use]
    pub fn days(&self) -> &[FoundDay] {
        &self.days
    }
}

/// The file's name without its ending.
#[must_use]
pub(super) fn name_of(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// A grid of squares under headings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Grid {
    pub columns: usize,
    /// Of a square, in points.
    pub side: f32,
}

impl Grid {
    /// As many columns of at least `least_side` as `width` takes, stretched to fill it.
    #[must_use]
    pub(super) fn for_width(width: f32, least_side: f32) -> Self {
        let columns = (((width + GAP) / (least_side + GAP)).floor() as usize).max(1);
        Self { columns, side: ((width + GAP) / columns as f32 - GAP).max(8.0) }
    }

    #[must_use]
    pub(super) fn day_height(self, pictures: usize) -> f32 {
        HEADING + pictures.div_ceil(self.columns) as f32 * (self.side + GAP) - GAP
    }

    /// Which of a day's pictures lie between two heights under the day's top.
    #[must_use]
    pub(super) fn visible(self, pictures: usize, from: f32, to: f32) -> Range<usize> {
        let row = |y: f32| ((y - HEADING) / (self.side + GAP)).floor().max(0.0) as usize;
        let start = (row(from) * self.columns).min(pictures);
        start..((row(to) + 1) * self.columns).clamp(start, pictures)
    }

    /// The upper left corner of a picture, under its day's upper left corner.
    #[must_use]
    pub(super) fn corner(self, index: usize) -> egui::Vec2 {
        let (row, column) = (index / self.columns, index % self.columns);
        egui::vec2(column as f32, row as f32) * (self.side + GAP) + egui::vec2(0.0, HEADING)
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    fn day(title: &str, names: &[&str]) -> GalleryDay {
        let picture = |name: &&str| GalleryPicture { path: name.into(), modified: SystemTime::UNIX_EPOCH, seed: None };
        GalleryDay { date: title.into(), title: title.into(), pictures: names.iter().map(picture).collect() }
    }

    #[test]
    fn the_usual_panel_has_two_columns_of_108() {
        assert_eq!(Grid::for_width(228.0, 108.0), Grid { columns: 2, side: 108.0 });
        assert_eq!(Grid::for_width(348.0, 108.0).columns, 3);
        assert_eq!(Grid::for_width(1.0, 108.0).columns, 1);
    }

    #[test]
    fn only_what_is_seen_is_drawn() {
        let grid = Grid { columns: 2, side: 108.0 };
        assert_eq!(grid.visible(20_000, 600_000.0, 600_900.0).len(), 18);
        assert_eq!(grid.visible(5, 0.0, 900.0), 0..5);
        assert!((grid.day_height(3) - (HEADING + 2.0 * 108.0 + GAP)).abs() < 1e-3);
    }

    #[test]
    fn a_search_leaves_out_days_without_a_match() {
        let days = [day("Today", &["/a/00002-77.png", "/a/00001-5.png"]), day("Yesterday", &["/b/fox.png"])];
        let mut search = GallerySearch::default();
        let (candidates, mut words) = (Candidates::default(), GalleryWords::default());
        let mut starred = BTreeSet::new();
        let refresh = |search: &mut GallerySearch, words: &GalleryWords, starred: &BTreeSet<PathBuf>| {
            search.refresh(&days, Known { candidates: &candidates, words, starred });
        };
        refresh(&mut search, &words, &starred);
        assert_eq!(search.days().len(), 2);
        search.text = " FOX ".into();
        refresh(&mut search, &words, &starred);
        assert_eq!(search.days().len(), 1);
        assert_eq!((search.days()[0].day, &search.days()[0].pictures[..]), (1, &[0][..]));
        search.text = "castle".into();
        refresh(&mut search, &words, &starred);
        assert!(search.days().is_empty());
        // The words of a file are read while one looks.
        let request = crate::job::Request { prompt: "a Castle at night".into(), ..crate::job::Request::default() };
        words.learn("/a/00001-5.png".into(), Some(&request));
        refresh(&mut search, &words, &starred);
        assert_eq!((search.days()[0].day, &search.days()[0].pictures[..]), (0, &[1][..]));
        (search.text, search.starred_only) = (String::new(), true);
        refresh(&mut search, &words, &starred);
        assert!(search.days().is_empty());
        starred.insert("/b/fox.png".into());
        refresh(&mut search, &words, &starred);
        assert_eq!(search.days().len(), 1);
    }
}
