//! All that the window knows, put together from the folders' own states. Only `app` changes it, save for what a panel
//! edits in place (its text fields and numbers).

mod branch;
mod for_run;
mod live;
mod next_run;

pub(crate) use for_run::CanvasForRun;

pub(super) use next_run::Mode;

use std::path::PathBuf;
use std::sync::Arc;

use super::branch::state::BranchState;
use super::canvas::state::CanvasState;
use super::chrome::layout::PanelsState;
use super::chrome::path_sheet::PathSheet;
use super::chrome::toasts::Toasts;
use super::compare::state::CompareState;
use super::gallery::state::GalleryState;
use super::grid::state::GridState;
use super::layers::state::LayersState;
use super::library::state::LibraryState;
use super::live::state::LiveState;
use super::palette::state::PaletteState;
use super::project::ProjectState;
use super::prompt::estimate::MemoryPanel;
use super::prompt::loras::state::LoraShelf;
use super::prompt::size;
use super::prompt::state::{InpaintPanel, PromptPanelState};
use super::prompt::words::state::WordsState;
use super::queue::state::QueueState;
use super::results::candidate::{Candidate, Candidates};
use super::settings::state::SettingsWindow;
use super::share::SharePanel;
use super::tour::state::Tour;
use crate::job::{ModelRef, Request, WorkGrid};
use crate::prompt::KnownWords;
use crate::raster::Picture;
use crate::store::models::entry::ModelEntry;
use crate::ui::action::{DecodeChoice, GalleryView, LookingAt, Sheet};

/// The window's whole state. Textures and thread handles live beside it, in `Studio`.
pub struct AppState {
    pub prompt: PromptPanelState,
    /// For Fill.
    pub inpaint: InpaintPanel,
    pub memory: MemoryPanel,
    pub words: WordsState,
    pub loras: LoraShelf,
    /// The built-in one first.
    pub models: Vec<ModelEntry>,
    /// What sizes the models that were chosen work at; nothing while their files are read, or where they do not state it.
    pub grids: Vec<(ModelRef, Option<WorkGrid>)>,
    pub canvas: CanvasState,
    /// The picture whose steps are looked through.
    pub branch: BranchState,
    /// What the sheet of decoding says.
    pub decode: Option<DecodeChoice>,
    pub compare: CompareState,
    /// Pictures over one or two settings.
    pub grid: GridState,
    pub candidates: Candidates,
    pub queue: QueueState,
    pub gallery: GalleryState,
    /// The list of layers; the layers themselves are the canvas's.
    pub layers: LayersState,
    pub library: LibraryState,
    pub live: LiveState,
    pub project: ProjectState,
    pub panels: PanelsState,
    pub theme: egui::ThemePreference,
    pub toasts: Toasts,
    pub sheet: Option<Sheet>,
    /// What the sheet with the path field asks for.
    pub path_sheet: Option<PathSheet>,
    pub settings: SettingsWindow,
    pub share: SharePanel,
    pub palette: PaletteState,
    pub tour: Tour,
    /// Of Inkwick, where the page of releases was asked and names one.
    pub newer_version: Option<String>,
    /// "CPU · f32", as the start-up code found it.
    pub device_text: String,
}

impl AppState {
    /// The chosen model, or the built-in one when the chosen folder is gone from the list.
    #[must_use]
    pub fn model(&self) -> Option<&ModelEntry> {
        self.models.iter().find(|entry| entry.reference == self.prompt.model).or_else(|| self.models.first())
    }

    /// The files that are compared at a press.
    #[must_use]
    pub fn to_compare(&self) -> Vec<PathBuf> {
        let selected = self.gallery.selected();
        if selected.len() > 1 {
            return selected;
        }
        let shown = match &self.canvas.looking_at {
            LookingAt::Candidate(job) => Some(*job),
            LookingAt::Canvas | LookingAt::Gallery(_) => None,
        };
        self.candidates.to_compare(shown)
    }

    /// The words that the chosen model knows, where that is known: the built-in one's.
    #[must_use]
    pub fn known_words(&self) -> Option<&'static KnownWords> {
        let is_built_in = self.model().is_some_and(|model| model.reference.built_in_name().is_some());
        is_built_in.then(KnownWords::built_in)
    }

    /// Whether a photo lies on the canvas and the chosen model cannot do it justice.
    #[must_use]
    pub fn photo_meets_emoji_model(&self) -> bool {
        self.canvas.uses_picture()
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

    /// The result of this session that is looked at.
    #[must_use]
    pub fn shown_candidate(&self) -> Option<&Candidate> {
        match &self.canvas.looking_at {
            LookingAt::Candidate(job) => self.candidates.get(*job),
            LookingAt::Canvas | LookingAt::Gallery(_) => None,
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

    /// Whether something else than the canvas is looked at.
    #[must_use]
    pub fn is_over_canvas(&self) -> bool {
        self.canvas.looking_at != LookingAt::Canvas
    }

    /// Whether the results stand under the picture.
    #[must_use]
    pub fn shows_strip(&self) -> bool {
        !self.candidates.list.is_empty() || self.is_over_canvas() || self.live.is_on
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

    pub fn choose_model(&mut self, model: ModelRef) {
        let steps = |state: &Self| state.model().map_or(Request::DEFAULT_STEPS, |model| model.defaults.steps);
        let (old_native_px, old_steps) = (self.native_size_px(), steps(self));
        self.prompt.model = model;
        // Steps that were the last model's own become this one's.
        if self.prompt.steps == old_steps {
            self.prompt.steps = steps(self);
        }
        self.prompt.size_px = size::carried_over(self.prompt.size_px, old_native_px, self.native_size_px());
        if let Some(kept) = self.library.note(&self.prompt.model).defaults {
            let prompt = &mut self.prompt;
            (prompt.size_px, prompt.steps) = (kept.size_px, kept.steps);
            (prompt.guidance, prompt.scheduler) = (kept.guidance, kept.scheduler);
        }
        self.prompt.repaint_size_px = self
            .prompt
            .repaint_size_px
            .map(|size_px| size::carried_over(size_px, old_native_px, self.native_size_px()));
        // Counted by another tokenizer.
        self.prompt.tokens = None;
    }

    /// What stands `by` places further: in the strip, or, while a gallery picture is seen, in the gallery.
    #[must_use]
    pub fn neighbour(&self, by: isize) -> Option<LookingAt> {
        let step = |index: usize| index.checked_add_signed(by);
        if let LookingAt::Gallery(shown) = &self.canvas.looking_at {
            let files = self.gallery.listed_files();
            let index = files.iter().position(|file| *file == shown.file)?;
            let file = files.get(step(index)?)?.to_path_buf();
            return Some(LookingAt::Gallery(GalleryView { file, picture: None }));
        }
        let canvas = self.canvas.has_picture().then_some(LookingAt::Canvas);
        let strip: Vec<LookingAt> =
            canvas.into_iter().chain(self.candidates.list.iter().map(|c| LookingAt::Candidate(c.job))).collect();
        match strip.iter().position(|place| *place == self.canvas.looking_at) {
            Some(index) => strip.get(step(index)?).cloned(),
            None => strip.last().cloned(),
        }
    }
}
