//! The one place where actions happen.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::canvas::Origin;
use crate::engine::mobile_sam;
use crate::job::{Destination, InitPicture, InpaintMask, JobId, ModelRef, Request, fresh_seed};
use crate::raster::ResizeMode;
use crate::store::pictures::picture_file;
use crate::store::worker::StoreCommand;
use crate::store::{keys, models};
use crate::ui::action::{Action, Zoom};
use crate::ui::app::dialogs::DialogRequest;
use crate::ui::app::engine_events;
use crate::ui::app::studio::Studio;
use crate::ui::canvas;
use crate::ui::canvas::action::CanvasAction;
use crate::ui::canvas::view::{MAX_ZOOM, MIN_ZOOM};
use crate::ui::chrome::layout;
use crate::ui::input::keymap;
use crate::ui::prompt::size;
use crate::ui::results::candidate::{Candidate, Stage};
use crate::ui::state::{AppState, GalleryView, LookingAt, Mode};

impl Studio {
    /// Carries one action out.
    pub(crate) fn apply(&mut self, ctx: &egui::Context, action: Action) {
        match action {
            Action::Generate => self.generate(false),
            Action::GenerateInFront => self.generate(true),
            Action::StartExample(prompt) => {
                self.state.prompt.prompt = prompt.into();
                self.generate(false);
            }
            Action::CancelRunning => {
                if let Some(job) = self.state.candidates.running().map(|candidate| candidate.job) {
                    self.cancel(job);
                } else if let Some(job) = self.state.candidates.first_waiting() {
                    self.cancel(job);
                }
            }
            Action::Cancel(job) => self.cancel(job),
            Action::CancelAll => {
                for job in self.state.candidates.unfinished() {
                    self.cancel(job);
                }
            }
            Action::LookAt(target) => self.look_at(target),
            Action::StepCandidate { by } => {
                if let Some(target) = self.state.neighbour(by) {
                    self.look_at(target);
                }
            }
            Action::Accept => self.accept(),
            Action::SetAside => match self.state.canvas.looking_at.clone() {
                LookingAt::Candidate(job) if self.state.candidates.get(job).is_some_and(|c| c.made().is_some()) => {
                    engine_events::take_off(&mut self.state, job);
                }
                _ => self.look_at(LookingAt::Canvas),
            },
            Action::NewCanvas => {
                if self.state.canvas.has_picture() {
                    self.state.canvas.replace_picture(None);
                } else {
                    self.look_at(LookingAt::Canvas);
                }
                self.state.prompt.wants_focus = true;
            }
            Action::Undo => self.state.canvas.undo(),
            Action::Redo => self.state.canvas.redo(),
            Action::Canvas(action) => {
                if action == CanvasAction::BlankCanvas {
                    // One is about to draw: the tools' keys must not land in the prompt.
                    ctx.memory_mut(egui::Memory::stop_text_input);
                }
                canvas::apply::apply(&mut self.state, action);
                canvas::select::ask(&mut self.state, &self.selector);
            }
            Action::Zoom(zoom) => zoom_view(&mut self.state, zoom),
            other => self.apply_to_files_and_window(ctx, other),
        }
    }

    fn apply_to_files_and_window(&mut self, ctx: &egui::Context, action: Action) {
        match action {
            Action::FetchSelector => {
                self.state.canvas.selecting.fetched = self.selector.fetch().then_some(0.0);
                self.state.toasts.note("MobileSAM is being fetched; the strip tells how far it is.");
            }
            Action::OpenSelectorFolder => {
                let folder = mobile_sam::folder(&self.services.paths);
                // Where nothing was fetched yet there is none to show.
                let _ = std::fs::create_dir_all(&folder);
                self.store.send(StoreCommand::Reveal(folder));
            }
            Action::OpenPictureDialog => self.dialog(DialogRequest::OpenPicture),
            Action::OpenMaskDialog => self.dialog(DialogRequest::OpenMask),
            Action::SaveMaskDialog => self.dialog(DialogRequest::SaveMask),
            Action::LoadMask(file) => self.store.send(StoreCommand::LoadMask(file)),
            Action::SaveMask(to) => {
                let mask = Arc::new(self.state.canvas.document.mask().plane().clone());
                self.store.send(StoreCommand::SaveMask { to: with_png(to), mask });
            }
            Action::Paste(picture) => {
                self.state.canvas.replace_picture(Some((picture, Origin::default())));
            }
            Action::AddModelDialog => self.dialog(DialogRequest::AddModel),
            Action::AddModelFileDialog => self.dialog(DialogRequest::AddModelFile),
            Action::SaveAsDialog => {
                if self.state.is_unsaved() {
                    self.dialog(DialogRequest::SaveCanvas);
                } else if let Some(from) = self.state.shown_file() {
                    self.dialog(DialogRequest::SaveAs { from });
                }
            }
            Action::SaveCanvas(to) => {
                self.remember_folder(to.parent());
                if let Some(picture) = self.state.canvas.document.settled_picture() {
                    self.store.send(StoreCommand::SavePicture { to: with_png(to), picture });
                }
            }
            Action::SaveFileAsDialog(from) => self.dialog(DialogRequest::SaveAs { from }),
            Action::CopyFile { from, to } => {
                self.remember_folder(to.parent());
                self.store.send(StoreCommand::SaveAs { from, to });
            }
            Action::OpenPicture(file) => self.open_picture(file),
            Action::AddModel(folder) => self.store.send(StoreCommand::InspectModel(folder)),
            Action::Dropped(path) if is_picture_name(&path) => self.open_picture(path),
            Action::Dropped(path) => self.store.send(StoreCommand::InspectModel(path)),
            Action::ChooseModel(model) => self.state.choose_model(model),
            Action::ListModels => self.list_models(),
            Action::Library(action) => self.apply_to_library(action),
            Action::GridFound(model, grid) => {
                for known in self.state.grids.iter_mut().filter(|(known, _)| *known == model) {
                    known.1 = grid;
                }
            }
            Action::ForgetModel(folder) => self.forget_model(&folder),
            Action::UseSettings(file) => self.store.send(StoreCommand::ReadRequest(file)),
            Action::Reveal(file) => self.store.send(StoreCommand::Reveal(file)),
            Action::OpenPicturesFolder => {
                let folder = self.services.paths.pictures_folder.clone();
                self.store.send(StoreCommand::Reveal(folder));
            }
            Action::ShowKeysFile => {
                let path = keys::file_beside(&self.services.paths.settings_file);
                self.store.send(StoreCommand::ShowKeysFile { path, usual: keymap::defaults() });
            }
            Action::Trash(file) => self.store.send(StoreCommand::DeletePictures(vec![file])),
            Action::SetTheme(theme) => {
                self.state.theme = theme;
                ctx.set_theme(theme);
            }
            Action::Show(sheet) => self.state.sheet = Some(sheet),
            Action::CloseSheet => self.state.sheet = None,
            Action::CloseToast(id) => self.state.toasts.close(id),
            Action::Quit => {
                self.save_now();
                self.engine.cancel_all();
                ctx.send_viewport_cmd(egui::ViewportCommand::Close);
            }
            other => self.apply_to_panels(ctx, &other),
        }
    }

    fn apply_to_panels(&mut self, ctx: &egui::Context, action: &Action) {
        let form = layout::Layout::for_window(ctx.content_rect().size(), self.state.panels);
        let panels = &mut self.state.panels;
        match action {
            Action::TogglePromptPanel if form.prompt == layout::PanelForm::Rail => {
                panels.prompt.over_canvas = !panels.prompt.over_canvas;
            }
            Action::TogglePromptPanel => panels.prompt.open = !panels.prompt.open,
            Action::ToggleGallery if form.gallery == layout::PanelForm::Rail => {
                panels.gallery.over_canvas = !panels.gallery.over_canvas;
            }
            Action::ToggleGallery => panels.gallery.open = !panels.gallery.open,
            Action::TogglePanels => {
                let open = !(panels.prompt.open || panels.gallery.open);
                (panels.prompt.open, panels.gallery.open) = (open, open);
                (panels.prompt.over_canvas, panels.gallery.over_canvas) = (false, false);
            }
            _ => {}
        }
    }

    fn generate(&mut self, in_front: bool) {
        if !self.state.is_ready() {
            self.state.prompt.wants_focus = true;
            return;
        }
        let first_seed = self.state.prompt.fixed_seed().unwrap_or_else(fresh_seed);
        let was_idle = !self.state.candidates.is_busy();
        let mut first = self.state.next_request(first_seed);
        // LoRAs and embeddings that the words name.
        if let Err(problem) = models::prompt_references::resolve(&mut first, &self.services.paths) {
            self.state.toasts.error(sentence(&problem.to_string()), None);
            return;
        }
        for index in 0..self.state.prompt.picture_count {
            let request = first.of_batch(index);
            let sent = if in_front {
                self.engine.submit_in_front(request.clone(), Destination::Gallery)
            } else {
                self.engine.submit(request.clone(), Destination::Gallery)
            };
            match sent {
                Ok(job) => {
                    let frame = self.state.next_frame();
                    let foretold_seconds = self.state.memory.estimate.as_ref().map(|found| found.seconds_per_call);
                    let candidate = Candidate { job, request, frame, foretold_seconds, stage: Stage::Waiting };
                    self.state.candidates.add(candidate, in_front.then_some(index as usize));
                }
                Err(error) => {
                    self.state.toasts.error(sentence(&error.to_string()), None);
                    break;
                }
            }
        }
        self.state.canvas.follows_run |= was_idle;
        self.state.library.note_mut(&first.model).use_now();
        self.saver.current.remember_prompt(&self.state.prompt.prompt);
        self.saver.touch();
    }

    /// Answers at once: the picture leaves the strip now, and whatever the engine still says of it is passed over.
    fn cancel(&mut self, job: JobId) {
        self.engine.cancel(job);
        engine_events::take_off(&mut self.state, job);
    }

    fn look_at(&mut self, target: LookingAt) {
        if let LookingAt::Gallery(shown) = &target
            && shown.picture.is_none()
        {
            self.store.send(StoreCommand::LoadPicture(shown.file.clone()));
        }
        let running = self.state.candidates.running().map(|candidate| candidate.job);
        let canvas = &mut self.state.canvas;
        canvas.follows_run = matches!(target, LookingAt::Candidate(job) if Some(job) == running);
        if canvas.looking_at != target {
            canvas.looking_at = target;
        }
        self.state.panels.gallery.over_canvas = false;
    }

    fn accept(&mut self) {
        let shown = match &self.state.canvas.looking_at {
            LookingAt::Canvas => None,
            LookingAt::Candidate(job) => {
                let made = self.state.candidates.get(*job).and_then(Candidate::made);
                made.map(|made| (made.picture.clone(), made.file.clone()))
            }
            LookingAt::Gallery(GalleryView { file, picture }) => picture.clone().map(|picture| (picture, file.clone())),
        };
        if let Some((picture, file)) = shown {
            let origin = Origin { file: Some(file), made_here: true };
            self.state.canvas.replace_picture(Some((picture, origin)));
        }
    }

    fn open_picture(&mut self, file: PathBuf) {
        self.remember_folder(file.parent());
        self.state.canvas.opening.push(file.clone());
        self.store.send(StoreCommand::LoadPicture(file));
    }

    fn forget_model(&mut self, folder: &Path) {
        let is_it = |model: &ModelRef| matches!(model, ModelRef::Folder(path) | ModelRef::File(path) if path == folder);
        self.saver.current.known_models.retain(|known| known != folder);
        self.saver.touch();
        if is_it(&self.state.prompt.model) {
            self.state.choose_model(ModelRef::BuiltIn);
        }
        self.state.models.retain(|entry| !is_it(&entry.reference));
    }

    fn remember_folder(&mut self, folder: Option<&Path>) {
        self.saver.current.dialog_folder = folder.map(Path::to_path_buf);
        self.saver.touch();
    }

    fn dialog(&mut self, request: DialogRequest) {
        self.dialog_requests.push(request);
    }
}

impl AppState {
    /// Everything that the panel and the canvas say, as one request.
    #[must_use]
    pub fn next_request(&self, seed: u64) -> Request {
        let prompt = &self.prompt;
        let size_px = self.asked_size_px();
        let strength = if self.mode() == Mode::Fill { self.inpaint.strength } else { prompt.strength };
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
            init: self.canvas.document.whole_picture().map(|picture| InitPicture { picture, strength }),
            mask: self.next_mask(),
            resize: if self.mode() == Mode::Edit { prompt.resize } else { ResizeMode::default() },
            inpaint: self.inpaint.settings.clone(),
            compute: self.memory.compute,
            vae: self.library.note(&prompt.model).vae,
            ..Request::default()
        };
        prompt.fine.fill(&mut request);
        request
    }

    /// The canvas's mask as it is now; what is painted later belongs to the next request.
    fn next_mask(&self) -> Option<InpaintMask> {
        let mask = self.canvas.document.mask();
        (self.mode() == Mode::Fill).then(|| InpaintMask { plane: Arc::new(mask.plane().clone()) })
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
    fn neighbour(&self, by: isize) -> Option<LookingAt> {
        let step = |index: usize| index.checked_add_signed(by);
        if let LookingAt::Gallery(shown) = &self.canvas.looking_at {
            let index = self.gallery.pictures().position(|picture| picture.path == shown.file)?;
            let next = self.gallery.pictures().nth(step(index)?)?;
            return Some(LookingAt::Gallery(GalleryView { file: next.path.clone(), picture: None }));
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

fn zoom_view(state: &mut AppState, zoom: Zoom) {
    const STEP: f32 = 1.25;
    let view = &mut state.canvas.view;
    let shown = view.shown_zoom.unwrap_or(1.0);
    let to = match zoom {
        Zoom::Fit => None,
        Zoom::In => Some(shown * STEP),
        Zoom::Out => Some(shown / STEP),
        Zoom::To(zoom) => Some(zoom),
    };
    // What stands in the middle of the room stays there.
    view.pan = to.map_or(egui::Vec2::ZERO, |zoom| view.pan * (zoom / shown));
    view.zoom = to.map(|zoom| zoom.clamp(MIN_ZOOM, MAX_ZOOM));
}

fn is_picture_name(path: &Path) -> bool {
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
    extension.is_some_and(|extension| picture_file::READ_EXTENSIONS.contains(&extension.as_str()))
}

/// A name without an ending gets the one that a mask has.
fn with_png(path: PathBuf) -> PathBuf {
    if path.extension().is_some() { path } else { path.with_extension("png") }
}

fn sentence(text: &str) -> String {
    format!("{text}.")
}
