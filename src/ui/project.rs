//! Which project lies on the canvas, and whether anything is different from its file.

use std::path::{Path, PathBuf};

use crate::store::settings::{Draft, KeptProject};
use crate::store::words::lora_file::KeptLora;

/// So many are offered to be opened again.
const MOST_RECENT: usize = 8;

/// The project that the canvas belongs to, if it was saved as one or opened from one.
#[derive(Debug, Default)]
pub struct ProjectState {
    file: Option<PathBuf>,
    /// Newest first.
    pub recent: Vec<PathBuf>,
    /// As it stands in the file.
    saved: Option<Saved>,
    /// At the start: the canvas that is still to come is as it stands there.
    comes_saved: bool,
    /// Whether something is different from the file, as it was looked at last.
    pub is_changed: bool,
    /// Files that the store reads.
    pub opening: Vec<PathBuf>,
    /// Files into which the store writes the canvas that lies here now.
    saving: Vec<PathBuf>,
    /// How many steps can be undone until the canvas is the one from before the file was opened.
    opened_at: usize,
    /// What the panel said before a project's words came into it: Undo is the canvas's alone.
    pub(crate) words_before: Option<Box<(Draft, Vec<KeptLora>)>>,
    /// What the window is called, as it was said last.
    pub title: String,
}

/// What a file holds, to be compared.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Saved {
    /// Of the canvas.
    pub revision: u64,
    pub draft: Draft,
    pub loras: Vec<KeptLora>,
}

impl ProjectState {
    /// As it was left at the last end.
    #[must_use]
    pub(crate) fn of(kept: &KeptProject, recent: &[PathBuf]) -> Self {
        Self {
            file: kept.file.clone(),
            recent: recent.to_vec(),
            comes_saved: kept.is_saved,
            is_changed: !kept.is_saved,
            ..Self::default()
        }
    }

    #[must_use]
    pub(crate) fn kept(&self) -> KeptProject {
        KeptProject { file: self.file.clone(), is_saved: self.file.is_some() && !self.is_changed }
    }

    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// The file's name without its ending.
    #[must_use]
    pub fn name(&self) -> Option<String> {
        Some(self.file.as_ref()?.file_stem()?.to_string_lossy().into_owned())
    }

    /// The store is asked to write the canvas into this file.
    pub(crate) fn is_written_to(&mut self, file: PathBuf) {
        self.saving.push(file);
    }

    /// The store has written it; the canvas may have made way for another one meanwhile, which is not in that file.
    pub(crate) fn was_written(&mut self, file: PathBuf, saved: Saved) {
        match self.saving.iter().position(|saving| *saving == file) {
            Some(at) => {
                self.saving.remove(at);
                self.is_in(file, saved);
            }
            None => self.remember(&file),
        }
    }

    /// The canvas came out of this file, by a step that lies below `steps` others.
    pub(crate) fn was_opened(&mut self, file: PathBuf, saved: Saved, steps: usize) {
        self.saving.clear();
        self.is_in(file, saved);
        self.opened_at = steps;
    }

    /// So many steps can still be undone. Before the file was opened another canvas lay here, which is not in it.
    pub(crate) fn undone_to(&mut self, steps: usize) {
        if self.file.is_some() && steps < self.opened_at {
            self.close();
        }
    }

    fn remember(&mut self, file: &Path) {
        self.recent.retain(|known| known != file);
        self.recent.insert(0, file.to_path_buf());
        self.recent.truncate(MOST_RECENT);
    }

    /// The canvas is what this file holds.
    fn is_in(&mut self, file: PathBuf, saved: Saved) {
        self.remember(&file);
        self.file = Some(file);
        self.saved = Some(saved);
        self.is_changed = false;
    }

    /// The canvas of the last run has come.
    pub(crate) fn restored(&mut self, now: Saved) {
        if std::mem::take(&mut self.comes_saved) {
            self.saved = Some(now);
        }
    }

    /// Looks whether something is different.
    pub(crate) fn look(&mut self, revision: u64, draft: &Draft, loras: &[KeptLora]) {
        if self.comes_saved {
            return;
        }
        let is_same = |saved: &Saved| saved.revision == revision && saved.draft == *draft && saved.loras == loras;
        self.is_changed = !self.saved.as_ref().is_some_and(is_same);
    }

    /// Something new is begun, which is in no file.
    pub(crate) fn close(&mut self) {
        (self.file, self.saved, self.opened_at) = (None, None, 0);
        self.saving.clear();
    }

    /// For the window's frame.
    #[must_use]
    pub(crate) fn window_title(&self) -> String {
        match self.name() {
            Some(name) if self.is_changed => format!("{name}* – Inkwick"),
            Some(name) => format!("{name} – Inkwick"),
            None => "Inkwick".to_owned(),
        }
    }

    /// For the line at the bottom.
    #[must_use]
    pub(crate) fn words(&self) -> Option<String> {
        let name = self.name()?;
        Some(if self.is_changed { format!("{name}, not saved") } else { name })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saved(revision: u64) -> Saved {
        Saved { revision, draft: Draft::default(), loras: Vec::new() }
    }

    #[test]
    fn what_differs_from_the_file_is_known_and_files_are_remembered_once() {
        let mut project = ProjectState::default();
        assert_eq!(project.window_title(), "Inkwick");
        for number in 0..12 {
            project.is_in(format!("/a/{number}.inkwick").into(), saved(3));
        }
        project.is_in("/a/7.inkwick".into(), saved(4));
        assert_eq!((project.recent.len(), project.recent[0].to_str()), (MOST_RECENT, Some("/a/7.inkwick")));
        assert_eq!(project.recent.iter().filter(|file| file.ends_with("7.inkwick")).count(), 1);
        project.look(4, &Draft::default(), &[]);
        assert_eq!(project.window_title(), "7 – Inkwick");
        project.look(4, &Draft { pictures: 2, ..Draft::default() }, &[]);
        assert_eq!((project.window_title(), project.words()), ("7* – Inkwick".into(), Some("7, not saved".into())));
        project.look(5, &Draft::default(), &[]);
        assert!(project.is_changed && !project.kept().is_saved);
        project.is_written_to("/a/late.inkwick".into());
        project.close();
        project.was_written("/a/late.inkwick".into(), saved(3));
        assert_eq!(project.file(), None, "another canvas lies here now");
        project.was_opened("/a/b.inkwick".into(), saved(9), 4);
        project.undone_to(4);
        assert!(project.file().is_some());
        project.undone_to(3);
        assert_eq!(project.file(), None, "the canvas from before is not in that file");
        project.close();
        assert_eq!(project.kept(), KeptProject::default());
    }

    #[test]
    fn a_start_knows_whether_the_last_end_was_saved() {
        for is_saved in [true, false] {
            let kept = KeptProject { file: Some("/a/castle.inkwick".into()), is_saved };
            let mut project = ProjectState::of(&kept, &[]);
            // Before the canvas is there nothing is judged.
            project.look(0, &Draft::default(), &[]);
            assert_eq!(project.kept(), kept);
            project.restored(saved(9));
            project.look(9, &Draft::default(), &[]);
            assert_eq!(project.kept(), kept);
        }
    }
}
