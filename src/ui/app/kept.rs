//! What the window leaves behind: its place, the canvas's steps, the settings; and where it leaves pictures.

use std::path::PathBuf;

use crate::store::settings::WindowPlace;
use crate::store::worker::StoreCommand;
use crate::ui::app::studio::Studio;

impl Studio {
    /// Where new pictures go.
    #[must_use]
    pub fn pictures_folder(&self) -> PathBuf {
        let chosen = self.saver.current.preferences.saving.folder.clone();
        chosen.unwrap_or_else(|| self.services.paths.pictures_folder.clone())
    }

    /// Where dialogs open: the folder of the last one.
    #[must_use]
    pub fn dialog_folder(&self) -> Option<PathBuf> {
        self.saver.current.dialog_folder.clone()
    }

    #[must_use]
    pub fn window_place(&self) -> WindowPlace {
        self.saver.current.window
    }

    /// Notes where the window stands; written with the other settings.
    pub fn note_window(&mut self, place: WindowPlace) {
        if self.saver.current.window != place {
            self.saver.current.window = place;
            self.saver.touch();
        }
    }

    /// Sends the canvas's newest steps to the journal.
    pub(super) fn keep_steps(&mut self) {
        let steps = self.state.canvas.document.take_records();
        if !steps.is_empty() {
            self.store.send(StoreCommand::KeepSteps(steps));
        }
    }

    /// Sends what is not saved yet. The store writes it before its thread ends.
    pub fn save_now(&mut self) {
        self.state.canvas.document.end_stroke();
        self.keep_steps();
        self.send_to_trash(true);
        if let Some(settings) = self.saver.rest(&self.state) {
            self.store.send(StoreCommand::SaveSettings(Box::new(settings)));
        }
    }
}

impl Drop for Studio {
    fn drop(&mut self) {
        self.save_now();
    }
}
