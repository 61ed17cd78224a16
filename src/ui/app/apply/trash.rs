//! Deleting with a way back: the picture is gone from sight at once, the next one is looked at, and the toast undoes it.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use crate::store::worker::StoreCommand;
use crate::ui::action::{Action, FilesAction, GalleryView, LookingAt};
use crate::ui::app::engine_events;
use crate::ui::app::studio::Studio;
use crate::ui::gallery::leaving::Leaving;

impl Studio {
    /// With one way back for all of them.
    pub(super) fn trash(&mut self, mut files: Vec<PathBuf>) {
        files.retain(|file| !self.state.gallery.leaving.hides(file));
        let Some(first) = files.first().cloned() else { return };
        let was_looking_at = self.state.canvas.looking_at.clone();
        let going: HashSet<&Path> = files.iter().map(PathBuf::as_path).collect();
        // Before the list is another one.
        let next = match &was_looking_at {
            LookingAt::Gallery(shown) if going.contains(shown.file.as_path()) => {
                Some(self.state.gallery.beside(&shown.file, &going))
            }
            _ => None,
        };
        let mut candidates = Vec::with_capacity(files.len());
        for file in &files {
            let list = &self.state.candidates.list;
            let index = list.iter().position(|one| one.made().is_some_and(|made| made.file == *file));
            let candidate = index.map(|index| (index, list[index].clone()));
            if let Some((_, candidate)) = &candidate {
                engine_events::take_off(&mut self.state, candidate.job);
            }
            candidates.push(candidate);
        }
        self.state.gallery.forget(&files);
        if let Some(next) = next {
            let next = next.map(|file| LookingAt::Gallery(GalleryView { file, picture: None }));
            self.look_at(next.unwrap_or_default());
        }
        let words = match files.len() {
            1 => format!("Moved {} to the Trash.", first.file_name().unwrap_or_default().to_string_lossy()),
            count => format!("Moved {count} pictures to the Trash."),
        };
        let toast = self.state.toasts.offer(words, "Undo", Action::Files(FilesAction::TakeBack(first)));
        for (file, candidate) in files.into_iter().zip(candidates) {
            let looking_at = was_looking_at.clone();
            self.state.gallery.leaving.add(Leaving { file, toast, looking_at, candidate });
        }
    }

    pub(super) fn take_back(&mut self, file: &Path) {
        let mut back = self.state.gallery.leaving.take_back(file);
        let Some(first) = back.first() else { return };
        self.state.toasts.close(first.toast);
        let looking_at = first.looking_at.clone();
        // The last that went stands where the others were counted from.
        while let Some(leaving) = back.pop() {
            if let Some((index, candidate)) = leaving.candidate {
                let list = &mut self.state.candidates.list;
                list.insert(index.min(list.len()), candidate);
            }
        }
        self.look_at(looking_at);
        self.store.send(StoreCommand::ScanGallery);
    }

    /// Moves what nobody took back. At the window's end, everything.
    pub(in crate::ui) fn send_to_trash(&mut self, is_end: bool) {
        let toasts = &self.state.toasts;
        for file in self.state.gallery.leaving.due(|toast| !is_end && toasts.has(toast)) {
            if self.saver.current.starred.remove(&file) {
                self.state.gallery.starred.remove(&file);
                self.saver.touch();
            }
            self.store.send(StoreCommand::DeletePictures(vec![file]));
        }
    }
}
