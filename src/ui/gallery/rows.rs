//! Which pictures the gallery lists and where each lies: found again only when something changed, so that 20,000
//! pictures cost a frame nothing.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};

use egui::Rect;

use crate::store::pictures::gallery::{GalleryDay, GalleryPicture};
use crate::store::pictures::index::Found;
use crate::store::pictures::picture_key::key_of;
use crate::ui::action::{Filter, Sort};
use crate::ui::gallery::terms;

/// Height of a day's heading.
pub(super) const HEADING: f32 = 28.0;
pub(super) const GAP: f32 = 12.0;

/// The search and what it found.
#[derive(Default)]
pub struct GallerySearch {
    pub text: String,
    /// All of them must fit besides.
    pub filters: Vec<Filter>,
    pub sort: Sort,
    pub starred_only: bool,
    /// What the store was asked last.
    asked: String,
    /// The newest answer: `None` is every picture.
    found: Option<Found>,
    /// What that was an answer to.
    answered: String,
    /// Counts the answers.
    answers: u64,
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
    counts: Vec<usize>,
    newest: Option<GalleryPicture>,
    answers: u64,
    starred_only: bool,
    stars: usize,
    sort: Sort,
}

impl GallerySearch {
    /// What is searched for: the words, and the filters as the search writes them.
    fn question(&self) -> String {
        let words = [self.text.trim().to_owned()];
        let parts = words.into_iter().filter(|words| !words.is_empty()).chain(self.filters.iter().map(terms::term));
        parts.collect::<Vec<_>>().join(" ")
    }

    /// What the store is to be asked now, if the text is another than last time.
    pub fn take_question(&mut self) -> Option<String> {
        let text = self.question();
        if text == self.asked {
            return None;
        }
        self.asked.clone_from(&text);
        if text.is_empty() {
            (self.found, self.answered) = (None, String::new());
            self.answers += 1;
            return None;
        }
        Some(self.asked.clone())
    }

    /// What the store knows has changed.
    pub fn ask_again(&mut self) {
        self.asked.clear();
    }

    /// An answer to another text than the newest comes too late. Until the newest is there, the last one is shown.
    pub fn answer(&mut self, text: &str, found: Option<Found>) {
        if text == self.asked {
            (self.found, self.answered) = (found, text.to_owned());
            self.answers += 1;
        }
    }

    /// Lists again what is found if the pictures or the answer are others than last time; whether it did.
    pub fn refresh(&mut self, days: &[GalleryDay], starred: &BTreeSet<PathBuf>) -> bool {
        let seen = Signature {
            counts: days.iter().map(|day| day.pictures.len()).collect(),
            newest: days.first().and_then(|day| day.pictures.first()).cloned(),
            answers: self.answers,
            starred_only: self.starred_only,
            stars: if self.starred_only { starred.len() } else { 0 },
            sort: self.sort,
        };
        if seen == self.seen {
            return false;
        }
        let fits = |picture: &GalleryPicture| {
            (!self.starred_only || starred.contains(&picture.path))
                && self.found.as_ref().is_none_or(|found| found.contains(key_of(&picture.path)))
        };
        let found = days.iter().enumerate().map(|(day, listed)| {
            let pictures = listed.pictures.iter().enumerate().filter(|(_, picture)| fits(picture));
            FoundDay { day, pictures: pictures.map(|(index, _)| index).collect() }
        });
        self.days = found.filter(|day| !day.pictures.is_empty()).collect();
        if self.sort == Sort::OldestFirst {
            self.days.reverse();
            self.days.iter_mut().for_each(|day| day.pictures.reverse());
        }
        self.seen = seen;
        true
    }

    /// Whether not everything is listed.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.starred_only || !self.filters.is_empty() || !self.text.trim().is_empty()
    }

    /// Whether what is listed is the answer to what is typed.
    #[must_use]
    pub fn is_answered(&self) -> bool {
        self.answered == self.question()
    }

    #[must_use]
    pub fn days(&self) -> &[FoundDay] {
        &self.days
    }

    /// How many pictures are listed.
    #[must_use]
    pub fn count(&self) -> usize {
        self.days.iter().map(|day| day.pictures.len()).sum()
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

    /// Which of a day's pictures lie at least partly in a rectangle under the day's upper left corner.
    pub(super) fn inside(self, pictures: usize, rect: Rect) -> impl Iterator<Item = usize> {
        let side = egui::Vec2::splat(self.side);
        let touches = move |index: &usize| Rect::from_min_size(self.corner(*index).to_pos2(), side).intersects(rect);
        self.visible(pictures, rect.top(), rect.bottom()).filter(touches)
    }

    /// The upper left corner of a picture, under its day's upper left corner.
    #[must_use]
    pub(super) fn corner(self, index: usize) -> egui::Vec2 {
        let (row, column) = (index / self.columns, index % self.columns);
        egui::vec2(column as f32, row as f32) * (self.side + GAP) + egui::vec2(0.0, HEADING)
    }
}

/// The picture `by` rows further down in days of so many pictures, in the same column where there is one: as (day, index).
#[must_use]
pub(super) fn row_step(counts: &[usize], columns: usize, from: (usize, usize), by: isize) -> Option<(usize, usize)> {
    let columns = columns.max(1);
    let (mut day, mut index) = from;
    let column = index % columns;
    for _ in 0..by.unsigned_abs() {
        if by > 0 {
            let last_row = (counts.get(day)?.checked_sub(1)?) / columns;
            if index / columns < last_row {
                index = (index + columns).min(counts[day] - 1);
            } else {
                day += 1;
                index = column.min(counts.get(day)?.checked_sub(1)?);
            }
        } else if index >= columns {
            index -= columns;
        } else {
            day = day.checked_sub(1)?;
            let last = counts.get(day)?.checked_sub(1)?;
            index = (last / columns * columns + column).min(last);
        }
    }
    Some((day, index))
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
    fn rows_are_stepped_over_the_days_headings() {
        let counts = [5, 2, 7];
        for (from, by, wanted) in [
            ((0, 0), 1, Some((0, 3))),
            ((0, 2), 1, Some((0, 4))),
            ((0, 4), 1, Some((1, 1))),
            ((1, 1), 1, Some((2, 1))),
            ((2, 6), 1, None),
            ((2, 2), -1, Some((1, 1))),
            ((1, 0), -1, Some((0, 3))),
            ((0, 1), -1, None),
            ((0, 0), 3, Some((2, 0))),
        ] {
            assert_eq!(row_step(&counts, 3, from, by), wanted, "{from:?} {by}");
        }
    }

    #[test]
    fn a_band_takes_what_it_touches() {
        let grid = Grid { columns: 3, side: 100.0 };
        let band = |left, top, right, bottom| {
            let rect = Rect::from_min_max(egui::pos2(left, top), egui::pos2(right, bottom));
            grid.inside(7, rect).collect::<Vec<_>>()
        };
        assert_eq!(band(150.0, HEADING + 50.0, 250.0, HEADING + 130.0), [1, 2, 4, 5]);
        assert_eq!(band(101.0, HEADING + 10.0, 111.0, HEADING + 20.0), Vec::<usize>::new(), "between two");
        assert_eq!(band(-50.0, -50.0, 900.0, 900.0).len(), 7);
    }

    #[test]
    fn a_search_leaves_out_days_without_a_match_and_late_answers() {
        let days = [day("Today", &["/a/00002-77.png", "/a/00001-5.png"]), day("Yesterday", &["/b/fox.png"])];
        let mut search = GallerySearch::default();
        let mut starred = BTreeSet::new();
        let listed = |search: &mut GallerySearch| {
            let _ = search.refresh(&days, &starred);
            search.days().iter().map(|found| (found.day, found.pictures.clone())).collect::<Vec<_>>()
        };
        let all = vec![(0, vec![0, 1]), (1, vec![0])];
        let fox = || Some([Path::new("/b/fox.png")].into_iter().collect());
        assert_eq!((search.take_question(), listed(&mut search)), (None, all.clone()));
        search.text = " fox ".into();
        assert_eq!(search.take_question().as_deref(), Some("fox"));
        assert_eq!(
            (search.take_question(), listed(&mut search)),
            (None, all.clone()),
            "nothing is hidden before the answer"
        );
        search.answer("fo", Some(Found::default()));
        assert_eq!(listed(&mut search), all, "an answer to another text");
        search.answer("fox", fox());
        assert_eq!(listed(&mut search), [(1, vec![0])]);
        // More was indexed: the same is asked once more, and meanwhile shown.
        search.ask_again();
        assert_eq!((search.take_question().as_deref(), listed(&mut search)), (Some("fox"), vec![(1, vec![0])]));
        search.text.clear();
        assert_eq!((search.take_question(), listed(&mut search)), (None, all));
        search.starred_only = true;
        assert!(listed(&mut search).is_empty());
        starred.insert("/b/fox.png".into());
        assert!(search.refresh(&days, &starred) && !search.refresh(&days, &starred));
        assert_eq!(search.days().len(), 1);
        (search.starred_only, search.sort) = (false, Sort::OldestFirst);
        let _ = search.refresh(&days, &starred);
        let listed: Vec<_> = search.days().iter().map(|found| (found.day, found.pictures.clone())).collect();
        assert_eq!(listed, [(1, vec![0]), (0, vec![1, 0])]);
        search.filters.push(Filter::Tag("cover art".into()));
        search.text = "fox".into();
        assert_eq!(search.take_question().as_deref(), Some("fox tag:\"cover art\""));
    }
}
