//! What the next press of the button makes: its mode, its sizes, the request, and what the estimate is asked.

use std::collections::BTreeSet;

use super::AppState;
use crate::job::{
    Control, EstimateQuestion, Frame, Grid, GridError, GridModel, GridParameter, InpaintMask, LoraRef, Reference,
    Request, WorkGrid,
};
use crate::mask::PixelRect;
use crate::prompt::{drawn, parts};
use crate::raster::ResizeMode;
use crate::sampling::SchedulerName;
use crate::store::models::entry::ModelEntry;
use crate::ui::layers::state::reads_pictures;
use crate::ui::prompt::size;

/// Photos above this are worked on at the model's own size, and come back at theirs.
const HUGE_PX: u32 = 768 * 768;

/// What a press of the button will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The canvas is empty, or its picture switched off: a picture from words, and from layers where there are some.
    Create,
    /// A picture lies on the canvas: it is painted anew with `strength`.
    Edit,
    /// And a mask over it: only what is masked is.
    Fill,
}

impl AppState {
    /// What the next press of the button does, as it follows from the canvas.
    #[must_use]
    pub fn mode(&self) -> Mode {
        match (self.canvas.uses_picture(), self.canvas.document.mask().is_empty()) {
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
            // What was drawn lies on it: the next picture has its shape.
            (Mode::Create, Some(size_px)) => {
                let own = || size::for_repainting(size_px, self.native_size_px());
                Some(self.prompt.repaint_size_px.unwrap_or_else(own))
            }
            (_, None) => Some(self.prompt.size_px),
        }
    }

    /// What sizes the chosen model works at: by its files, or, until they were read, as models of its size have it.
    #[must_use]
    pub fn work_grid(&self) -> WorkGrid {
        if let Some((_, Some(grid))) = self.grids.iter().find(|(model, _)| *model == self.prompt.model) {
            return *grid;
        }
        let [width, height] = self.native_size_px();
        let native_side_px = width.min(height);
        // Stable Diffusion 1 and 2 halve their latents three times, SDXL and the built-in model twice.
        let halvings = if (512..1024).contains(&native_side_px) { 3 } else { 2 };
        let reads_pictures = self.model().is_some_and(reads_pictures);
        WorkGrid { native_side_px, cell_px: size::STEP_PX, step_px: size::STEP_PX << halvings, reads_pictures }
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
        let Some(size_px) = self.canvas.document.size_px() else { return self.prompt.size_px };
        let frame = self.whole_frame(size_px);
        [frame.width, frame.height]
    }

    pub(super) fn whole_frame(&self, [width, height]: [u32; 2]) -> Frame {
        let asked = self.asked_size_px().map_or((None, None), |[width, height]| (Some(width), Some(height)));
        Frame::whole((width, height), asked, ResizeMode::default(), self.work_grid())
    }

    /// The size that the network works at, where the picture that comes of it is enlarged from that.
    #[must_use]
    pub fn enlarged_from_px(&self) -> Option<[u32; 2]> {
        let [width, height] = self.next_size_px();
        let worked = self.worked_size_px();
        // Sizes are brought to the model's grid: some pixels are no enlarging.
        let is_enlarged =
            u64::from(worked[0]) * 10 < u64::from(width) * 9 || u64::from(worked[1]) * 10 < u64::from(height) * 9;
        (self.mode() == Mode::Edit && is_enlarged).then_some(worked)
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

    /// How much of the canvas's picture is made anew, 0 to 1.
    #[must_use]
    pub fn next_strength(&self) -> f64 {
        match self.mode() {
            Mode::Create => 1.0,
            Mode::Edit => self.prompt.strength,
            Mode::Fill => self.inpaint.strength,
        }
    }

    /// Everything that the panel and the canvas hold, as one request; but not the canvas's picture, which takes longer
    /// to put together than a frame.
    #[must_use]
    pub fn next_request(&self, seed: u64) -> Request {
        Request { mask: self.next_mask(), ..self.request_without_mask(seed) }
    }

    pub(super) fn request_without_mask(&self, seed: u64) -> Request {
        let prompt = &self.prompt;
        let size_px = self.asked_size_px();
        let mut request = Request {
            prompt: prompt.prompt.trim().to_owned(),
            negative: Some(prompt.negative.trim()).filter(|text| !text.is_empty()).map(str::to_owned),
            model: prompt.model.clone(),
            scheduler: prompt.scheduler,
            sigmas: prompt.sigmas,
            steps: prompt.steps,
            guidance: prompt.guidance.or(self.model().map(|model| model.defaults.guidance)),
            seed,
            width: size_px.map(|[width, _]| width),
            height: size_px.map(|[_, height]| height),
            resize: if self.mode() == Mode::Edit { prompt.resize } else { ResizeMode::default() },
            inpaint: self.inpaint.settings.clone(),
            compute: self.memory.compute,
            vae: self.library.note(&prompt.model).vae,
            loras: self.loras.used(),
            controls: self.next_controls(),
            regions: self.next_regions(),
            references: self.next_references(),
            ..Request::default()
        };
        prompt.fine.fill(&mut request);
        request
    }

    /// The grid that is written on its sheet.
    ///
    /// # Errors
    /// What cannot be read, or drawn.
    pub fn read_grid(&self) -> Result<Grid, GridError> {
        let model = |entry: &ModelEntry| GridModel {
            name: entry.name.clone(),
            reference: entry.reference.clone(),
            vae: self.library.note(&entry.reference).vae,
        };
        let models: Vec<GridModel> = self.models.iter().map(model).collect();
        let grid = self.grid.read(&models, &self.loras.files())?;
        // Mask and layers are judged with their pictures, which are put together later.
        grid.check(&self.request_without_mask(0).without_layers(), self.canvas.has_picture())?;
        Ok(grid)
    }

    /// Of a grid's cells: what the panel says, or, where models differ and nothing was chosen, each model's own.
    #[must_use]
    pub fn grid_guidance(&self, grid: &Grid) -> Option<f64> {
        let own = self.model().filter(|_| !grid.goes_over(GridParameter::Model));
        self.prompt.guidance.or(own.map(|model| model.defaults.guidance))
    }

    /// The canvas's mask as it is now; what is painted later belongs to the next request.
    fn next_mask(&self) -> Option<InpaintMask> {
        (self.mode() == Mode::Fill).then(|| InpaintMask { plane: self.canvas.document.mask().shared() })
    }

    /// What the next press of the button would take.
    #[must_use]
    pub fn estimate_question(&self) -> EstimateQuestion {
        let frame = self.next_frame().map(|frame| [frame.width, frame.height]);
        let guidance = self.prompt.guidance.or(self.model().map(|model| model.defaults.guidance));
        let scheduler = self.prompt.scheduler.or(self.model().and_then(|model| model.defaults.scheduler));
        let calls =
            f64::from(self.prompt.steps) * self.next_strength() * scheduler.map_or(1.0, SchedulerName::calls_per_step);
        // Which choice is drawn is not known yet; one is as good as another.
        let parts = parts(&drawn(&self.prompt.prompt, 0), self.prompt.steps as usize);
        let texts: BTreeSet<&str> =
            parts.iter().flat_map(|part| &part.stages).map(|stage| stage.text.as_str()).collect();
        let regions = self.next_regions().len() as u32;
        let is_composed = parts.len() > 1 || parts.iter().any(|part| (part.weight - 1.0).abs() > f32::EPSILON);
        EstimateQuestion {
            model: self.prompt.model.clone(),
            size_px: frame.unwrap_or_else(|| self.worked_size_px()),
            guided: is_composed || guidance.is_none_or(|guidance| guidance > 1.0),
            parts: parts.len() as u32,
            texts: texts.len() as u32 + 1 + regions,
            encodes: self.mode() != Mode::Create,
            calls: calls.ceil() as u32,
            // However much one weighs, it costs the same.
            controls: self.next_controls().into_iter().map(|control| Control { weight: 1.0, ..control }).collect(),
            regions,
            references: self.next_references().into_iter().map(|one| Reference { weight: 1.0, ..one }).collect(),
            edits: self.mode() != Mode::Create && self.next_strength() >= 1.0,
            read_px: self.next_read_px(),
            loras: self.loras.used().into_iter().map(|lora| LoraRef::new(lora.file, 1.0)).collect(),
            compute: self.memory.compute,
        }
    }
}
