//! What the model library shows, and in what order.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::hub::{Download, Offer};
use crate::job::ModelRef;
use crate::store::models::entry::ModelEntry;
use crate::store::models::inspection::Inspection;
use crate::store::models::notes::ModelNote;
use crate::ui::action::{Column, Tab};

/// A model that a link names: nothing of it is fetched before a person presses a button.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Linked {
    /// `OWNER/NAME` or `OWNER/NAME:FILE`.
    pub name: String,
    /// `None` while the hub is asked; else what it takes, or in a sentence why that is not known.
    pub offer: Option<Result<Offer, String>>,
}

#[derive(Default)]
pub struct LibraryState {
    pub tab: Tab,
    pub search: String,
    pub favourites_only: bool,
    pub sort: Column,
    pub descending: bool,
    /// The row that the keyboard is on.
    pub chosen: Option<ModelRef>,
    /// By [`ModelNote::key`].
    pub notes: BTreeMap<String, ModelNote>,
    /// VAE files that a model may be given.
    pub vaes: Vec<PathBuf>,
    /// Files that enlarge pictures.
    pub upscalers: Vec<PathBuf>,
    /// The one that is used; the first where none was chosen.
    pub chosen_upscaler: Option<PathBuf>,
    /// Models of another machine that computes.
    pub other_models: Vec<ModelEntry>,
    /// Models outside the models folder, and folders that are looked through.
    pub folders: Vec<PathBuf>,
    /// The latter alone.
    pub roots: Vec<PathBuf>,
    pub downloads: Vec<Download>,
    /// What the inspector shows.
    pub inspection: Option<Inspection>,
    /// The file whose hash is being computed.
    pub hashing: Option<PathBuf>,
    pub repository_text: String,
    /// What a link named, and what the hub says of it.
    pub linked: Option<Linked>,
    pub token_text: String,
}

impl LibraryState {
    /// What is kept about a model; nothing is kept yet about most.
    #[must_use]
    pub fn note(&self, model: &ModelRef) -> ModelNote {
        self.kept(model).cloned().unwrap_or_default()
    }

    fn kept(&self, model: &ModelRef) -> Option<&ModelNote> {
        self.notes.get(&ModelNote::key(model))
    }

    pub fn note_mut(&mut self, model: &ModelRef) -> &mut ModelNote {
        self.notes.entry(ModelNote::key(model)).or_default()
    }

    /// What a picture is enlarged with; `None` where there is nothing.
    #[must_use]
    pub fn upscaler(&self) -> Option<&PathBuf> {
        let chosen = self.chosen_upscaler.as_ref().filter(|chosen| self.upscalers.contains(chosen));
        chosen.or_else(|| self.upscalers.first())
    }

    /// The models that fit the search, in the chosen order.
    #[must_use]
    pub fn rows<'a>(&self, models: &'a [ModelEntry]) -> Vec<&'a ModelEntry> {
        let wanted = self.search.trim().to_lowercase();
        let fits = |entry: &&ModelEntry| {
            let kept = self.kept(&entry.reference);
            let facts = &entry.facts;
            let words = kept.map_or("", |note| note.words.as_str());
            let texts = [&entry.name, &facts.family, &facts.licence, words];
            (!self.favourites_only || kept.is_some_and(|note| note.favourite))
                && (wanted.is_empty() || texts.iter().any(|text| text.to_lowercase().contains(&wanted)))
        };
        let mut rows: Vec<&ModelEntry> = models.iter().filter(fits).collect();
        // Equal ones stay in the order of their names.
        rows.sort_by_cached_key(|entry| entry.name.to_lowercase());
        let last_used = |entry: &ModelEntry| self.kept(&entry.reference).and_then(|note| note.last_used);
        let order = |a: &&ModelEntry, b: &&ModelEntry| match self.sort {
            Column::Name => Ordering::Equal,
            Column::Family => a.facts.family.cmp(&b.facts.family),
            Column::Size => a.facts.bytes.cmp(&b.facts.bytes),
            Column::Precision => a.facts.precision.cmp(&b.facts.precision),
            Column::Licence => a.facts.licence.cmp(&b.facts.licence),
            // Newest first, as one looks for it.
            Column::LastUsed => last_used(b).cmp(&last_used(a)),
        };
        match (self.sort, self.descending) {
            (Column::Name, false) => {}
            (Column::Name, true) => rows.reverse(),
            (_, false) => rows.sort_by(order),
            (_, true) => rows.sort_by(|a, b| order(b, a)),
        }
        rows
    }

    /// The same column again turns the order round.
    pub fn sort_by(&mut self, column: Column) {
        self.descending = column == self.sort && !self.descending;
        self.sort = column;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, bytes: u64) -> ModelEntry {
        let mut entry = ModelEntry { name: name.into(), ..ModelEntry::built_in() };
        entry.reference = ModelRef::File(name.into());
        entry.facts.bytes = bytes;
        entry
    }

    #[test]
    fn rows_follow_search_star_and_column() {
        let models = [entry("beta", 3), entry("Alpha", 9), entry("gamma", 1)];
        let mut state = LibraryState::default();
        let names = |state: &LibraryState| state.rows(&models).iter().map(|row| row.name.clone()).collect::<Vec<_>>();
        assert_eq!(names(&state), ["Alpha", "beta", "gamma"]);
        state.sort_by(Column::Size);
        assert_eq!(names(&state), ["gamma", "beta", "Alpha"]);
        state.sort_by(Column::Size);
        assert_eq!(names(&state), ["Alpha", "beta", "gamma"]);
        state.sort_by(Column::LastUsed);
        state.note_mut(&models[2].reference).last_used = Some(5);
        assert_eq!(names(&state), ["gamma", "Alpha", "beta"]);
        state.note_mut(&models[0].reference).words = "for portraits".into();
        state.search = "PORTRAIT".into();
        assert_eq!(names(&state), ["beta"]);
        state.favourites_only = true;
        assert!(names(&state).is_empty());
    }
}
