//! All that the window knows, as small plain structs. Only `apply` and `Studio::logic` change it, save for what a
//! panel edits in place (its text fields and numbers).

use std::path::PathBuf;
use std::sync::Arc;

use super::candidate::Candidates;
use super::canvas::state::CanvasState;
pub use super::canvas::state::{GalleryView, LookingAt, ViewState};
use super::gallery_state::GalleryState;
use super::prompt_state::PromptPanelState;
use super::size;
use super::toasts::Toasts;
use crate::job::Picture;
use crate::store::models::ModelEntry;

/// The window's whole state. Textures and thread handles live beside it, in `Studio`.
pub struct AppState {
    pub prompt: PromptPanelState,
    /// The built-in one first.
    pub models: Vec<ModelEntry>,
    pub canvas: CanvasState,
    pub candidates: Candidates,
    pub gallery: GalleryState,
    pub panels: PanelsState,
    pub theme: egui::ThemePreference,
    pub toasts: Toasts,
    pub sheet: Option<Sheet>,
    /// "CPU · f32 · fits: 0.6 of 16 GB", as the start-up code found it.
    pub device_text: String,
}

impl AppState {
    /// The chosen model, or the built-in one when the chosen folder is gone from the list.
    #[must_use]
    pub fn model(&self) -> Option<&ModelEntry> {
        self.models.iter().find(|entry| entry.reference == self.prompt.model).or_else(|| self.models.first())
    }

    /// What the next press of the button does, as it follows from the canvas.
    #[must_use]
    pub fn mode(&self) -> Mode {
        match (self.canvas.has_picture(), self.canvas.document.mask().is_empty()) {
            (false, _) => Mode::Create,
            (true, true) => Mode::Edit,
            (true, false) => Mode::Fill,
        }
    }

    /// The size that the next picture will have, in pixels.
    #[must_use]
    pub fn next_size_px(&self) -> [u32; 2] {
        match self.canvas.document.size_px() {
            Some(size_px) => size::for_repainting(size_px, self.native_size_px()),
            None => self.prompt.size_px,
        }
    }

    /// The chosen model's own size, in pixels.
    #[must_use]
    pub fn native_size_px(&self) -> [u32; 2] {
        self.model().map_or([256, 256], |model| [model.defaults.width, model.defaults.height])
    }

    /// Whether a photo lies on the canvas and the chosen model cannot do it justice.
    #[must_use]
    pub fn photo_meets_emoji_model(&self) -> bool {
        self.canvas.has_picture()
            && !self.canvas.document.origin().made_here
            && self.model().is_some_and(|model| model.draws_emoji)
    }

    /// The file of what the canvas shows, if it has one.
    #[must_use]
    pub fn shown_file(&self) -> Option<PathBuf> {
        match &self.canvas.looking_at {
            LookingAt::Canvas => self.canvas.document.origin().file.clone(),
            LookingAt::Candidate(job) => Some(self.candidates.get(*job)?.made()?.file.clone()),
            LookingAt::Gallery(shown) => Some(shown.file.clone()),
        }
    }

    /// What the canvas shows now, if it is a picture at all.
    #[must_use]
    pub fn shown_picture(&self) -> Option<&Arc<Picture>> {
        match &self.canvas.looking_at {
            LookingAt::Canvas => self.canvas.base(),
            LookingAt::Candidate(job) => self.candidates.get(*job).and_then(|candidate| candidate.newest_picture()),
            LookingAt::Gallery(shown) => shown.picture.as_ref(),
        }
    }
}

/// What a press of the button will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The canvas is empty: a picture from words.
    Create,
    /// A picture lies on the canvas: it is painted anew with `strength`.
    Edit,
    /// And a mask over it: only what is masked is.
    Fill,
}

/// Which panels the person wants to see; a narrow window folds further.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PanelsState {
    pub prompt: SidePanel,
    pub gallery: SidePanel,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SidePanel {
    pub open: bool,
    /// Where there is room for a rail only: opened from there, for the moment.
    pub over_canvas: bool,
}

impl Default for SidePanel {
    fn default() -> Self {
        Self { open: true, over_canvas: false }
    }
}

/// A small sheet in front of the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sheet {
    Keys,
    About,
    /// How to get a model that paints photographs.
    PhotographicModel,
}
