//! All that the window knows, as small plain structs. Only `apply` and `Studio::logic` change it, save for what a
//! panel edits in place (its text fields and numbers).

use std::path::PathBuf;
use std::sync::Arc;

use super::canvas::state::CanvasState;
pub use super::canvas::state::{GalleryView, LookingAt, ViewState};
use super::library::state::LibraryState;
use crate::job::{Frame, ModelRef, WorkGrid};
use crate::mask::PixelRect;
use crate::raster::{Picture, ResizeMode};
use crate::store::models::entry::ModelEntry;
use crate::ui::chrome::toasts::Toasts;
use crate::ui::gallery::state::GalleryState;
use crate::ui::prompt::inpaint::InpaintPanel;
use crate::ui::prompt::memory::MemoryPanel;
use crate::ui::prompt::size;
use crate::ui::prompt::state::PromptPanelState;
use crate::ui::results::candidate::Candidates;

/// Photos above this are worked on at the model's own size, and come back at theirs.
const HUGE_PX: u32 = 768 * 768;

/// The window's whole state. Textures and thread handles live beside it, in `Studio`.
pub struct AppState {
    pub prompt: PromptPanelState,
    /// For Fill.
    pub inpaint: InpaintPanel,
    pub memory: MemoryPanel,
    /// The built-in one first.
    pub models: Vec<ModelEntry>,
    /// What the models that were chosen want of sizes; nothing while their files are read, or where they do not tell.
    pub grids: Vec<(ModelRef, Option<WorkGrid>)>,
    pub canvas: CanvasState,
    pub candidates: Candidates,
    pub gallery: GalleryState,
    pub library: LibraryState,
    pub panels: PanelsState,
    pub theme: egui::ThemePreference,
    pub toasts: Toasts,
    pub sheet: Option<Sheet>,
    /// "CPU · f32", as the start-up code found it.
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
            Some(size_px) => self.asked_size_px().unwrap_or(size_px),
            None => self.prompt.size_px,
        }
    }

    /// The size that a request names. `None` gives the canvas's own: what is masked is pasted back into it.
    #[must_use]
    pub fn asked_size_px(&self) -> Option<[u32; 2]> {
        match (self.mode(), self.canvas.document.size_px()) {
            (Mode::Edit, Some(_)) if self.prompt.repaint_size_px.is_some() => self.prompt.repaint_size_px,
            (Mode::Edit, Some(size_px)) => {
                let able = size::for_repainting(size_px, self.native_size_px());
                let is_smaller = able[0] + size::STEP_PX <= size_px[0];
                let is_huge = size_px[0] * size_px[1] > HUGE_PX;
                // A small model would take a middling picture whole and draw everything twice.
                (is_smaller && !is_huge).then_some(able)
            }
            (Mode::Fill, _) => None,
            (_, None) | (Mode::Create, _) => Some(self.prompt.size_px),
        }
    }

    /// What the chosen model wants of sizes: as its files say, or, until they were read, as models of its size have it.
    #[must_use]
    pub fn work_grid(&self) -> WorkGrid {
        if let Some((_, Some(grid))) = self.grids.iter().find(|(model, _)| *model == self.prompt.model) {
            return *grid;
        }
        let [width, height] = self.native_size_px();
        let native_side_px = width.min(height);
        // Stable Diffusion 1 and 2 halve their latents three times, SDXL and the built-in model twice.
        let halvings = if (512..1024).contains(&native_side_px) { 3 } else { 2 };
        WorkGrid { native_side_px, cell_px: size::STEP_PX, step_px: size::STEP_PX << halvings }
    }

    /// Which part of the canvas the next run works on, and at what size. `None` when nothing is masked.
    #[must_use]
    pub fn next_frame(&self) -> Option<Frame> {
        let [width, height] = self.canvas.document.size_px().filter(|_| self.mode() == Mode::Fill)?;
        let settings = &self.inpaint.settings;
        let whole = PixelRect::new(0, 0, width, height);
        let mask = self.canvas.document.mask();
        let bounds = if settings.invert { Some(whole) } else { mask.bounds() }?;
        let grow = settings.grow_px;
        let bounds = if grow >= 0 {
            bounds.padded(grow.unsigned_abs(), whole)
        } else {
            let less = grow.unsigned_abs().min(bounds.width() / 2).min(bounds.height() / 2);
            PixelRect::new(bounds.left + less, bounds.top + less, bounds.right - less, bounds.bottom - less)
        };
        let asked = (None, None);
        Some(Frame::inpainted((width, height), bounds, settings, asked, ResizeMode::default(), self.work_grid()))
    }

    /// The size that the network works at where nothing is masked.
    #[must_use]
    pub fn worked_size_px(&self) -> [u32; 2] {
        let Some([width, height]) = self.canvas.document.size_px() else { return self.prompt.size_px };
        let asked = self.asked_size_px().map_or((None, None), |[width, height]| (Some(width), Some(height)));
        let frame = Frame::whole((width, height), asked, ResizeMode::default(), self.work_grid());
        [frame.width, frame.height]
    }

    /// Whether the button has what it needs.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        !self.prompt.prompt.trim().is_empty() || (self.mode() == Mode::Fill && !self.inpaint.needs_words())
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

    /// Whether the canvas is seen, and its picture is in no file as it is: painted on, extended or pasted.
    #[must_use]
    pub fn is_unsaved(&self) -> bool {
        let document = &self.canvas.document;
        self.canvas.looking_at == LookingAt::Canvas
            && document
                .picture()
                .is_some_and(|picture| !picture.painted().is_empty() || document.origin().file.is_none())
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
    /// All models, and where to get more.
    Library,
    /// What a file is.
    Inspection,
    Keys,
    About,
    /// How to get a model that paints photographs.
    PhotographicModel,
    /// How to get what selects by a click.
    Selector,
    /// A field for a picture's path, where the desktop has no file dialog.
    PicturePath,
}
