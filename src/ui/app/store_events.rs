//! What the store reports, carried into the window's state.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::canvas::Origin;
use crate::canvas::tools::Tool;
use crate::job::{Intent, ModelRef, Notice};
use crate::prompt::lora_tags;
use crate::raster::Picture;
use crate::store::models::entry::ModelEntry;
use crate::store::models::list::ModelList;
use crate::store::pictures::programs::{PictureSettings, Program};
use crate::store::settings::Settings;
use crate::store::worker::{GalleryCommand, Painted, StoreCommand, StoreEvent};
use crate::ui::action::{LookingAt, Sheet};
use crate::ui::app::gallery_events;
use crate::ui::app::studio::Studio;
use crate::ui::gallery::state::Thumbnail;
use crate::ui::machine::MachineStage;
use crate::ui::prompt::state::FineSampling;
use crate::ui::state::AppState;
use crate::ui::words;

impl Studio {
    #[allow(clippy::too_many_lines)] // An arm for each event, and nothing else.
    pub(super) fn take_from_store(&mut self, event: StoreEvent) {
        let (state, settings) = (&mut self.state, &mut self.saver.current);
        match event {
            StoreEvent::Indexed => {
                state.gallery.search.ask_again();
                self.ask_family();
            }
            StoreEvent::OfGallery(event) => self.take_from_gallery(event),
            StoreEvent::Found { text, pictures } => state.gallery.search.answer(&text, pictures),
            StoreEvent::Gallery(days) => {
                state.gallery.take_listing(days);
            }
            StoreEvent::Described(pictures) => {
                for (file, request) in pictures {
                    state.gallery.words.learn(file, request.as_deref());
                }
            }
            StoreEvent::Thumbnail { path, picture } => {
                let broken = |error: crate::job::JobError| Thumbnail::Broken(error.to_string());
                state.gallery.thumbnails.answer(path, picture.map_or_else(broken, Thumbnail::Ready));
            }
            StoreEvent::ThumbnailsSkipped(files) => state.gallery.thumbnails.skipped(&files),
            StoreEvent::Picture { path, picture: Ok(picture), settings, notices } => {
                // In the gallery a picture is only passed by.
                if state.canvas.opening.contains(&path) {
                    note_all(state, &notices);
                }
                let request = settings.as_ref().map(|settings| &settings.request);
                if state.compare.take(&path, &picture, request) {
                    return;
                }
                let program = settings.as_ref().map(|settings| settings.program);
                if matches!(&state.canvas.looking_at, LookingAt::Gallery(shown) if shown.file == path) {
                    state.gallery.view.settings = Some((path.clone(), settings));
                }
                if self.layer_arrived(&path, &picture) {
                    return;
                }
                picture_arrived(&mut self.state, path, picture, program);
            }
            StoreEvent::Picture { path, picture: Err(error), .. } => {
                state.canvas.opening.retain(|file| *file != path);
                state.layers.take_off(&path);
                state.compare.leave_out(&path);
                if matches!(&state.canvas.looking_at, LookingAt::Gallery(shown) if shown.file == path) {
                    if state.gallery.view.is_open {
                        // One goes on to the next with the same keys.
                        state.gallery.view.settings = Some((path.clone(), None));
                    } else {
                        state.canvas.looking_at = LookingAt::Canvas;
                    }
                }
                state.toasts.error(words::of_error(&error), Some(path.display().to_string()));
            }
            StoreEvent::Result { path, found } => {
                state.candidates.restore(path, found.map(|(picture, request)| (picture, *request)));
            }
            StoreEvent::Deleted(files) => {
                state.gallery.forget(&files);
                if state.gallery.labels.has_any(&files) {
                    self.store.send(StoreCommand::OfGallery(GalleryCommand::ForgetLabels(files.clone())));
                }
                if !state.gallery.leaving.answered(&files) {
                    self.store.send(StoreCommand::ScanGallery);
                }
            }
            StoreEvent::Kept { job, file } => self.kept(job, file),
            StoreEvent::SavedAs(file) => state.toasts.note(format!("Saved as {}.", name_of(&file))),
            StoreEvent::ProjectSaved { path, project } => self.project_saved(path, *project),
            StoreEvent::Project { path, project } => self.project_arrived(path, project.map(|project| *project)),
            StoreEvent::Models(list) => models_arrived(state, list),
            StoreEvent::Words(files) => self.words_arrived(files),
            StoreEvent::TriggerWords { lora, words } => state.loras.learn(lora, words),
            StoreEvent::Inspected(inspection) => {
                state.library.inspection = Some(*inspection);
                state.sheet = Some(Sheet::Inspection);
            }
            StoreEvent::Model(entry) => model_added(state, settings, *entry),
            StoreEvent::FolderAdded { folder, models } => {
                let files = if models == 1 { "file or folder" } else { "files and folders" };
                state
                    .toasts
                    .note(format!("{} is looked through from now on: {models} {files} in it.", name_of(&folder)));
                if !settings.known_models.contains(&folder) {
                    settings.known_models.push(folder);
                }
            }
            StoreEvent::Request { path, settings, painted } => self.take_settings(path, settings, painted),
            StoreEvent::Mask { mask: Ok(mask), notices, .. } => {
                if state.canvas.load_mask(mask) {
                    note_all(state, &notices);
                } else {
                    state.toasts.note("A mask needs a picture to lie on: open one first.");
                }
            }
            StoreEvent::Mask { path, mask: Err(error), .. } => {
                state.toasts.error(words::of_error(&error), Some(path.display().to_string()));
            }
            StoreEvent::Canvas(document) => {
                state.canvas.document = *document;
                state.canvas.is_restored = true;
                if !state.canvas.has_picture() {
                    // Nothing there that another tool could work on.
                    state.canvas.tool = Tool::Hand;
                }
                if state.canvas.document.mask().is_empty() && state.inpaint.intent() == Some(Intent::Expand) {
                    state.inpaint.choose(Intent::Fill);
                }
                if state.canvas.has_picture() || !self.services.open.is_empty() {
                    state.prompt.start_on_picture();
                }
                self.project_restored();
            }
            StoreEvent::ReferencesResolved { id, requests } => self.submit(id, requests),
            StoreEvent::Unfinished(left) => self.downloads.take_in(left),
            StoreEvent::DownloadDiscarded(name) => self.downloads.forget(&name),
            StoreEvent::Problem(error) => state.toasts.error(words::of_error(&error), None),
        }
    }

    /// Writes a picture's settings into the panel, or the part of them that was asked for.
    fn take_settings(&mut self, path: PathBuf, settings: Option<Box<PictureSettings>>, painted: Option<Box<Painted>>) {
        let state = &mut self.state;
        let part = state.gallery.view.take_wanted(&path);
        let Some(settings) = settings else {
            state.toasts.note(format!("{} does not say how it was made.", name_of(&path)));
            return;
        };
        if part.is_some_and(|part| gallery_events::use_part(state, part, &settings, &path)) {
            return;
        }
        use_settings(state, &settings);
        let from_words = painted.is_none();
        if let Some(painted) = painted {
            use_painting(state, path, *painted);
        }
        report_settings(state, &settings);
        if settings.is_exact {
            let request = &settings.request;
            let usual = self.state.prompt.size_px;
            let paper_px = request.width.zip(request.height).map_or(usual, |(width, height)| [width, height]);
            if request.controls.is_empty() && request.regions.is_empty() && request.references.is_empty() {
                self.switch_layers_off();
            } else {
                self.take_layers(request, from_words, paper_px);
            }
        }
    }
}

fn note_all(state: &mut AppState, notices: &[Notice]) {
    for notice in notices {
        state.toasts.note(words::of_notice(notice));
    }
}

fn picture_arrived(state: &mut AppState, file: PathBuf, picture: Arc<Picture>, program: Option<Program>) {
    if let Some(index) = state.canvas.opening.iter().position(|opening| *opening == file) {
        state.canvas.opening.remove(index);
        if let Some(program) = program.filter(|program| *program != Program::Inkwick) {
            let (file, program) = (name_of(&file), program.name());
            let offer = "Edit > Use these settings brings them into the prompt panel";
            state.toasts.note(format!("{file} has its settings in it, from {program}: {offer}."));
        }
        let made_here = program.is_some();
        state.canvas.replace_picture(Some((picture, Origin { file: Some(file), made_here })));
    } else if let LookingAt::Gallery(shown) = &mut state.canvas.looking_at
        && shown.file == file
    {
        shown.picture = Some(picture);
    }
}

fn models_arrived(state: &mut AppState, list: ModelList) {
    let ModelList { entries, folders, vaes, upscalers, controls, image_adapters } = list;
    state.library.upscalers = upscalers;
    (state.layers.networks, state.layers.adapters) = (controls, image_adapters);
    (state.library.roots, state.library.vaes) = (folders, vaes);
    state.models = entries;
    let more = state.library.other_models.iter();
    let is_new = |entry: &&ModelEntry| state.models.iter().all(|known| known.name != entry.name);
    let more: Vec<ModelEntry> = more.filter(is_new).cloned().collect();
    state.models.extend(more);
    // Of a machine that has not answered yet nobody knows what it has.
    let is_waited_for = state.settings.machine.stage != MachineStage::Here && state.library.other_models.is_empty();
    let missing = state.models.iter().all(|entry| entry.reference != state.prompt.model);
    if missing
        && !is_waited_for
        && let ModelRef::Folder(folder) | ModelRef::File(folder) = &state.prompt.model
    {
        let details = folder.display().to_string();
        let sentence = format!("The model {} is gone; the built-in one is chosen.", name_of(folder));
        state.toasts.error(sentence, Some(details));
        state.choose_model(ModelRef::BuiltIn);
    }
}

fn model_added(state: &mut AppState, settings: &mut Settings, entry: ModelEntry) {
    if let ModelRef::Folder(folder) | ModelRef::File(folder) = &entry.reference
        && !settings.known_models.contains(folder)
    {
        settings.known_models.push(folder.clone());
    }
    state.toasts.note(format!("{} is in the list of models and chosen.", entry.name));
    let reference = entry.reference.clone();
    match state.models.iter_mut().find(|known| known.reference == reference) {
        Some(known) => *known = entry,
        None => state.models.push(entry),
    }
    state.choose_model(reference);
}

/// The program whose picture it is, and what of its settings is not had here.
fn report_settings(state: &mut AppState, settings: &PictureSettings) {
    let of_whom = match settings.program {
        Program::Inkwick => "The picture's settings are in the prompt panel.".to_owned(),
        program => format!("The picture's settings, from {}, are in the prompt panel.", program.name()),
    };
    let mut notices: Vec<String> = settings.notices.iter().map(words::of_notice).collect();
    if let Some(branch) = settings.request.branch.as_ref().filter(|branch| !branch.is_decoding()) {
        let of = format!("step {} of another picture", branch.step);
        notices.push(format!("It went on from {of}: by these settings alone it comes out otherwise."));
    }
    match notices.as_slice() {
        [] => state.toasts.note(of_whom),
        [one] => {
            state.toasts.note(of_whom);
            state.toasts.note(one.clone());
        }
        more => state
            .toasts
            .note_in_detail(format!("{of_whom} {} things of it could not be taken over.", more.len()), more.join("\n")),
    }
}

/// Writes a picture's settings into the panel. Its model is chosen when it is in the list.
pub(super) fn use_settings(state: &mut AppState, settings: &PictureSettings) {
    let request = &settings.request;
    let names_model = settings.is_exact || settings.model_is_here;
    if names_model && state.models.iter().any(|entry| entry.reference == request.model) {
        state.choose_model(request.model.clone());
    }
    let has = |field| settings.is_exact || settings.fields.contains(&field);
    let prompt = &mut state.prompt;
    prompt.prompt.clone_from(&request.prompt);
    prompt.negative = request.negative.clone().unwrap_or_default();
    prompt.negative_open |= !prompt.negative.is_empty();
    prompt.scheduler = request.scheduler;
    prompt.sigmas = request.sigmas;
    prompt.fine = FineSampling { is_open: prompt.fine.is_open, ..FineSampling::of(request) };
    if has("steps") {
        prompt.steps = request.steps;
    }
    prompt.guidance = request.guidance;
    if settings.is_exact {
        // What the prompt's tags name stands behind the rest, and in the prompt.
        let of_tags = lora_tags(&request.settled_prompt()).len();
        state.loras.take(&request.loras[..request.loras.len().saturating_sub(of_tags)]);
    }
    prompt.resize = request.resize;
    prompt.seed_text = if has("seed") { request.seed.to_string() } else { String::new() };
    state.inpaint.settings.clone_from(&request.inpaint);
    if let (Some(width), Some(height)) = (request.width, request.height) {
        prompt.size_px = [width, height];
    }
    if let Some(strength) = settings.strength.filter(|_| !settings.is_exact) {
        prompt.strength = strength;
    }
}

/// Brings back what a picture was painted with. The result itself goes under the mask where the canvas holds nothing of
/// that size: the one that it was made from may be gone.
fn use_painting(state: &mut AppState, file: PathBuf, painted: Painted) {
    let Some((mask, picture)) = painted.mask else {
        state.prompt.strength = painted.strength.unwrap_or(state.prompt.strength);
        return;
    };
    state.inpaint.strength = painted.strength.unwrap_or(state.inpaint.strength);
    if state.canvas.document.size_px() != Some([mask.width(), mask.height()]) {
        state.canvas.replace_picture(Some((picture, Origin { file: Some(file), made_here: true })));
    }
    state.canvas.load_mask(mask);
}

fn name_of(file: &Path) -> String {
    file.file_name().map_or_else(|| file.display().to_string(), |name| name.to_string_lossy().into_owned())
}
