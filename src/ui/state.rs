//! All that the window knows, as small plain structs. Only `apply` and `Studio::logic` change it, save for what a
//! panel edits in place (its text fields and numbers).

use std::path::PathBuf;
use std::sync::Arc;

use super::candidate::Candidates;
use super::gallery_state::GalleryState;
use super::prompt_state::PromptPanelState;
use super::size;
use super::toasts::Toasts;
use crate::job::{JobId, Picture};
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
        if self.canvas.base.is_some() { Mode::Edit } else { Mode::Create }
    }

    /// The size that the next picture will have, in pixels.
    #[must_use]
    pub fn next_size_px(&self) -> [u32; 2] {
        match &self.canvas.base {
            Some(base) => size::for_repainting([base.picture.width(), base.picture.height()], self.native_size_px()),
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
        self.canvas.base.as_ref().is_some_and(|base| !base.made_here)
            && self.model().is_some_and(|model| model.draws_emoji)
    }

    /// The file of what the canvas shows, if it has one.
    #[must_use]
    pub fn shown_file(&self) -> Option<PathBuf> {
        match &self.canvas.looking_at {
            LookingAt::Canvas => self.canvas.base.as_ref()?.file.clone(),
            LookingAt::Candidate(job) => Some(self.candidates.get(*job)?.made()?.file.clone()),
            LookingAt::Gallery(shown) => Some(shown.file.clone()),
        }
    }

    /// What the canvas shows now, if it is a picture at all.
    #[must_use]
    pub fn shown_picture(&self) -> Option<&Arc<Picture>> {
        match &self.canvas.looking_at {
            LookingAt::Canvas => self.canvas.base.as_ref().map(|base| &base.picture),
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
}

/// The middle room.
#[derive(Default)]
pub struct CanvasState {
    /// The canvas's own picture: what the next run repaints.
    pub base: Option<CanvasPicture>,
    pub looking_at: LookingAt,
    /// Whether the canvas goes along to each picture that starts. Ends when another one is chosen by hand.
    pub follows_run: bool,
    pub view: ViewState,
    undo: Vec<Option<CanvasPicture>>,
    redo: Vec<Option<CanvasPicture>>,
    /// Files that the store reads for the canvas.
    pub opening: Vec<PathBuf>,
}

impl CanvasState {
    /// A picture is a few megabytes: enough steps to go back, and no more.
    const MOST_UNDO: usize = 24;

    /// Puts another picture (or none) on the canvas; `undo` brings the old one back.
    pub fn replace_base(&mut self, base: Option<CanvasPicture>) {
        self.undo.push(std::mem::replace(&mut self.base, base));
        if self.undo.len() > Self::MOST_UNDO {
            self.undo.remove(0);
        }
        self.redo.clear();
        self.look_at_canvas();
    }

    #[must_use]
    pub fn can_undo(&self) -> bool {
        !self.undo.is_empty()
    }

    #[must_use]
    pub fn can_redo(&self) -> bool {
        !self.redo.is_empty()
    }

    pub fn undo(&mut self) {
        if let Some(base) = self.undo.pop() {
            self.redo.push(std::mem::replace(&mut self.base, base));
            self.look_at_canvas();
        }
    }

    pub fn redo(&mut self) {
        if let Some(base) = self.redo.pop() {
            self.undo.push(std::mem::replace(&mut self.base, base));
            self.look_at_canvas();
        }
    }

    fn look_at_canvas(&mut self) {
        self.looking_at = LookingAt::Canvas;
        self.follows_run = false;
        self.view = ViewState::default();
    }
}

/// A picture on the canvas and where it came from.
#[derive(Clone)]
pub struct CanvasPicture {
    pub picture: Arc<Picture>,
    /// `None` when it was never a file of its own.
    pub file: Option<PathBuf>,
    /// Whether it was made here; a photo was not.
    pub made_here: bool,
}

/// What lies on top of the canvas.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum LookingAt {
    /// The canvas itself: its picture, or the empty state.
    #[default]
    Canvas,
    /// A picture of this session, finished or on its way.
    Candidate(JobId),
    /// A picture from the gallery.
    Gallery(GalleryView),
}

/// A gallery picture laid over the canvas.
#[derive(Clone, Debug)]
pub struct GalleryView {
    pub file: PathBuf,
    /// `None` until the store has read it.
    pub picture: Option<Arc<Picture>>,
}

impl PartialEq for GalleryView {
    fn eq(&self, other: &Self) -> bool {
        self.file == other.file
    }
}

/// How the picture is laid on the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ViewState {
    /// Screen points for one picture pixel; `None` fits the picture into the room.
    pub zoom: Option<f32>,
    /// From the room's centre to the picture's, in screen points.
    pub pan: egui::Vec2,
    /// The zoom that was last drawn, for the status line; `None` while there is no picture.
    pub shown_zoom: Option<f32>,
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
