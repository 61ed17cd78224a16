//! Deleting with a way back: the picture is gone from sight at once, the next one is looked at, and the toast undoes it.

use std::path::{Path, PathBuf};

use crate::store::worker::StoreCommand;
use crate::ui::action::{Action, FilesAction, GalleryView, LookingAt};
use crate::ui::app::engine_events;
use crate::ui::app::studio::Studio;
use crate::ui::gallery::leaving::Leaving;

impl Studio {
    pub(super) fn trash(&mut self, file: PathBuf) {
        if self.state.gallery.leaving.hides(&file) {
            return;
        }
        let was_looking_at = self.state.canvas.looking_at.clone();
        // Before the list is another one.
        let next = self.state.gallery.beside(&file);
        let list = &self.state.candidates.list;
        let index = list.iter().position(|one| one.made().is_some_and(|made| made.file == file));
        let candidate = index.map(|index| (index, list[index].clone()));
        if let Some((_, candidate)) = &candidate {
            engine_events::take_off(&mut self.state, candidate.job);
        }
        self.state.gallery.forget(std::slice::from_ref(&file));
        if matches!(&was_looking_at, LookingAt::Gallery(shown) if shown.file == file) {
            let next = next.map(|file| LookingAt::Gallery(GalleryView { file, picture: None }));
            self.look_at(next.unwrap_or_default());
        }
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let words = format!("Moved {name} to the Trash.");
        let toast = self.state.toasts.offer(words, "Undo", Action::Files(FilesAction::TakeBack(file.clone())));
        self.state.gallery.leaving.add(Leaving { file, toast, looking_at: was_looking_at, candidate });
    }

    pub(super) fn take_back(&mut self, file: &Path) {
        let Some(leaving) = self.state.gallery.leaving.take_back(file) else { return };
        self.state.toasts.close(leaving.toast);
        if let Some((index, candidate)) = leaving.candidate {
            let list = &mut self.state.candidates.list;
            list.insert(index.min(list.len()), candidate);
        }
        self.look_at(leaving.looking_at);
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
