//! Enlarging a picture: read apart from the window's thread, and queued like any other.

use std::path::PathBuf;
use std::sync::Arc;

use crate::job::{JobId, UpscaleRequest};
use crate::store::models::upscalers;
use crate::store::pictures::picture_file;
use crate::ui::action::{Action, FilesAction};
use crate::ui::app::apply::sentence;
use crate::ui::app::studio::Studio;
use crate::ui::results::candidate::{Candidate, Kind, Stage};
use crate::ui::words;

impl Studio {
    pub(super) fn upscale(&mut self, file: PathBuf) {
        let Some(model) = self.state.library.upscaler().cloned() else {
            let folder = self.services.paths.models_folder.join("upscalers");
            let words = "There is no upscaler yet: drop one of the ESRGAN family (.pth or .safetensors) on the window.";
            return self.state.toasts.error(words, Some(folder.display().to_string()));
        };
        self.state.toasts.note(format!("Enlarged with {}.", upscalers::name_of(&model)));
        let failed = FilesAction::NotRead("The picture could not be read. Try again.".to_owned());
        self.background.queue(Some(Action::Files(failed)), move || {
            Some(Action::Files(match picture_file::read(&file) {
                Ok(picture) => {
                    let made_by = picture_file::read_request(&file).ok().flatten().unwrap_or_default();
                    let picture = Arc::new(picture);
                    FilesAction::ReadyToUpscale(Box::new(UpscaleRequest { picture, model, scale: None, made_by }))
                }
                Err(error) => FilesAction::NotRead(sentence(&error.to_string())),
            }))
        });
    }

    pub(super) fn submit_upscale(&mut self, request: UpscaleRequest) {
        let was_idle = !self.state.candidates.is_busy();
        let candidate = Candidate {
            job: JobId(0),
            press: Self::new_press(),
            request: request.made_by.clone(),
            kind: Kind::Upscale(Arc::new(request)),
            frame: None,
            estimated_seconds: None,
            stage: Stage::Waiting,
        };
        match self.submit_candidate(candidate) {
            Ok(()) => self.state.canvas.follows_run |= was_idle,
            Err(error) => self.state.toasts.error(words::of_error(&error), None),
        }
    }
}
