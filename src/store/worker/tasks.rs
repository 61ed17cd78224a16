//! What each of the store's commands does, on the thread that [`Lane`](super::lane::Lane) names.
//!
//! Every command that asks for something is answered, if only by a sentence that says why not.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::canvas::{Document, Record};
use crate::checkpoint::{FileKind, inspect_file};
use crate::job::{JobError, Notice, Request};
use crate::store::canvas::journal::{Journal, JournalError};
use crate::store::models::entry::ModelError;
use crate::store::models::file::Shelf;
use crate::store::models::inspection::Inspection;
use crate::store::models::prompt_references::ReferenceError;
use crate::store::paths::Paths;
use crate::store::pictures::gallery::Gallery;
use crate::store::pictures::index::Index;
use crate::store::pictures::labels::Labels;
use crate::store::pictures::mask_file::MaskChannel;
use crate::store::pictures::metadata::settings_in;
use crate::store::pictures::thumbnails::Thumbnails;
use crate::store::pictures::{mask_file, picture_file};
use crate::store::reveal::reveal;
use crate::store::words::{TagFiles, Words, lora_file, styles};
use crate::store::worker::error::TaskError;
use crate::store::worker::message::{StoreCommand, StoreEvent};
use crate::store::worker::pending::Task;
use crate::store::worker::single_files::{
    load_picture, open_project, painted_in, request_in, reveal_folder, save_picture, save_project, settings_in_file,
};
use crate::store::{keys, models, unfinished};

/// The longer side of every thumbnail: sharp on a doubled screen in a panel of two columns.
const THUMBNAIL_SIDE_PX: u32 = 256;

/// What one thread works with. Each has one of its own and uses what its commands need of it.
pub(crate) struct Tasks {
    pub(super) paths: Paths,
    pub(super) gallery: Gallery,
    thumbnails: Thumbnails,
    /// Not before it was asked for, and not after it has failed.
    journal: Option<Journal>,
    seen_models: models::list::Seen,
    /// The list of tags that was read last.
    tags: TagFiles,
    /// Opened when it is first needed.
    index: Option<Index>,
    /// As they were read or changed last.
    pub(super) labels: Option<Arc<Labels>>,
    /// The handle is gone: nobody waits for a scan any more.
    pub(super) closing: Arc<AtomicBool>,
}

impl Tasks {
    pub(crate) fn new(paths: Paths, closing: Arc<AtomicBool>) -> Self {
        Self {
            gallery: Gallery::new(&paths),
            thumbnails: Thumbnails::new(&paths),
            journal: None,
            seen_models: models::list::Seen::new(),
            tags: TagFiles::default(),
            index: None,
            labels: None,
            closing,
            paths,
        }
    }

    pub(crate) fn run(&mut self, task: Task, post: &mut dyn FnMut(StoreEvent)) {
        let answer = match task {
            Task::SaveSettings(settings) => {
                settings.save(&self.paths.settings_file).map(|()| None).map_err(JobError::from)
            }
            Task::SkipThumbnails(paths) => Ok(Some(StoreEvent::ThumbnailsSkipped(paths))),
            Task::Thumbnail(path) => Ok(Some(self.thumbnail(path))),
            Task::Command(command) => self.answer(command, post),
        };
        if let Some(event) = answer.unwrap_or_else(|error| Some(StoreEvent::Problem(error))) {
            post(event);
        }
    }

    #[allow(clippy::too_many_lines)] // An arm for each command, and nothing else.
    fn answer(
        &mut self,
        command: StoreCommand,
        post: &mut dyn FnMut(StoreEvent),
    ) -> Result<Option<StoreEvent>, JobError> {
        let answer = match command {
            StoreCommand::ScanGallery => StoreEvent::Gallery(self.gallery.scan()?),
            StoreCommand::IndexGallery => {
                self.refresh_index(post)?;
                return Ok(None);
            }
            StoreCommand::SearchGallery(text) => {
                let labels = self.known_labels();
                let pictures = self.with_index(|index| index.search(&text, &labels))?;
                StoreEvent::Found { text, pictures }
            }
            StoreCommand::OfGallery(command) => {
                return Ok(self.answer_of_gallery(command, post)?.map(StoreEvent::OfGallery));
            }
            StoreCommand::LoadPicture(path) => load_picture(path),
            StoreCommand::LoadResults(paths) => {
                self.load_results(paths, post);
                return Ok(None);
            }
            StoreCommand::DeletePictures(paths) => self.delete(paths, post),
            StoreCommand::SaveAs { from, to, with_settings } => {
                if with_settings {
                    self.gallery.copy_to(&from, &to)?;
                } else {
                    self.gallery.copy_bare(&from, &to)?;
                }
                StoreEvent::SavedAs(to)
            }
            StoreCommand::Reveal(path) => {
                reveal(&path).map_err(|source| TaskError::Reveal { source, path })?;
                return Ok(None);
            }
            StoreCommand::RevealFolder(path) => return reveal_folder(path).map(|()| None),
            StoreCommand::ListModels { known } => {
                let paths = Paths { other_folders: known, ..self.paths.clone() };
                let is_cancelled = || self.closing.load(Ordering::Relaxed);
                StoreEvent::Models(models::list::list_again(&paths, &mut self.seen_models, &is_cancelled))
            }
            StoreCommand::ReadWords { folders, tags } => {
                let paths = Paths { other_folders: folders, ..self.paths.clone() };
                StoreEvent::Words(Arc::new(Words::read(&paths, tags.as_deref(), &mut self.tags)))
            }
            StoreCommand::KeepStyle(style) => {
                return Ok(styles::keep(&self.paths.styles_file(), &style).map(|()| None)?);
            }
            StoreCommand::ForgetStyle(name) => {
                styles::forget(&self.paths.styles_file(), &name)?;
                return Ok(None);
            }
            StoreCommand::ReadTriggerWords(lora) => {
                StoreEvent::TriggerWords { words: lora_file::trigger_words(&lora), lora }
            }
            StoreCommand::InspectModel(path) => self.inspect(&path)?,
            StoreCommand::FileModel { path, shelf } => self.file(&path, shelf)?,
            StoreCommand::InspectFile(path) => inspected(&path, None)?,
            StoreCommand::ResolveReferences { id, request, picture_count, folders } => {
                let paths = Paths { other_folders: folders, ..self.paths.clone() };
                StoreEvent::ReferencesResolved { id, requests: resolved(&request, picture_count, &paths) }
            }
            StoreCommand::DescribePictures(paths) => {
                self.describe(&paths, post);
                return Ok(None);
            }
            StoreCommand::ReadRequest { path, folders } => {
                let paths = Paths { other_folders: folders, ..self.paths.clone() };
                StoreEvent::Request { settings: settings_in_file(&path, &paths), painted: painted_in(&path), path }
            }
            StoreCommand::SaveKeys { path, keys } => {
                keys::save(&path, &keys).map_err(|source| TaskError::KeysFile { source, path })?;
                return Ok(None);
            }
            StoreCommand::UsePicturesFolder(folder) => {
                self.gallery = Gallery::of(folder.clone()).watching(self.gallery.watched());
                self.paths.pictures_folder = folder;
                return Ok(None);
            }
            StoreCommand::LoadMask(path) => {
                let mut notices = Vec::new();
                let mask = mask_file::read_channel(&path, MaskChannel::Auto, &mut notices).map_err(JobError::from);
                StoreEvent::Mask { path, mask, notices }
            }
            StoreCommand::KeepPicture { job, picture, request, saving } => {
                let file = self.gallery.save_by(&saving, &picture, &request, None).map_err(JobError::from);
                StoreEvent::Kept { job, file }
            }
            StoreCommand::SavePicture { to, picture } => save_picture(to, &picture)?,
            StoreCommand::SaveCanvas { to, picture } => save_picture(to, &picture.whole())?,
            StoreCommand::SaveProject { to, project } => save_project(to, project)?,
            StoreCommand::OpenProject(path) => open_project(path),
            StoreCommand::SaveMask { to, mask } => {
                mask_file::write(&to, &mask)?;
                StoreEvent::SavedAs(to)
            }
            StoreCommand::OpenCanvas => self.open_canvas(post),
            StoreCommand::KeepSteps(steps) => {
                self.keep_steps(&steps)?;
                return Ok(None);
            }
            StoreCommand::FindUnfinished => StoreEvent::Unfinished(unfinished::list(&self.paths)),
            StoreCommand::DiscardDownload(name) => {
                // What is left is found again at the next start.
                let _ = unfinished::discard(&name, &self.paths);
                StoreEvent::DownloadDiscarded(name)
            }
            // These two wait in places of their own and come as tasks.
            StoreCommand::SaveSettings(_) | StoreCommand::LoadThumbnail(_) => return Ok(None),
        };
        Ok(Some(answer))
    }

    fn open_canvas(&mut self, post: &mut dyn FnMut(StoreEvent)) -> StoreEvent {
        let document = match Journal::open(&self.paths.canvas_folder) {
            Ok((journal, document)) => {
                self.journal = Some(journal);
                document
            }
            Err(error) => {
                post(StoreEvent::Problem(error.into()));
                Document::default()
            }
        };
        StoreEvent::Canvas(Box::new(document))
    }

    /// The window hears of it from time to time, so that what is found grows while it is read.
    fn refresh_index(&mut self, post: &mut dyn FnMut(StoreEvent)) -> Result<(), JobError> {
        const REPORTED_EVERY: usize = 4096;
        let days = self.gallery.scan()?;
        let closing = Arc::clone(&self.closing);
        let mut go_on = |done: usize| {
            if done > 0 && done.is_multiple_of(REPORTED_EVERY) {
                post(StoreEvent::Indexed);
            }
            !closing.load(Ordering::Relaxed)
        };
        let read = |path: &Path| settings_in::read(path).ok().flatten();
        if self.with_index(|index| index.refresh(&days, &read, &mut go_on))? {
            post(StoreEvent::Indexed);
        }
        Ok(())
    }

    /// Works with the index; one that shows itself as damaged is begun anew, and asked again.
    pub(super) fn with_index<T>(
        &mut self,
        mut work: impl FnMut(&mut Index) -> rusqlite::Result<T>,
    ) -> Result<T, TaskError> {
        let index = match &mut self.index {
            Some(index) => index,
            none => none.insert(Index::open(&self.paths.gallery_index_file()).map_err(TaskError::Index)?),
        };
        match work(index) {
            Err(error) if index.mend(&error) => work(index).map_err(TaskError::Index),
            outcome => outcome.map_err(TaskError::Index),
        }
    }

    /// A journal that cannot be written any more is reported once.
    fn keep_steps(&mut self, steps: &[Record]) -> Result<(), JournalError> {
        let Some(mut journal) = self.journal.take() else { return Ok(()) };
        journal.append(steps)?;
        self.journal = Some(journal);
        Ok(())
    }

    /// A model is listed, what goes with models is filed where it belongs.
    fn inspect(&self, path: &Path) -> Result<StoreEvent, JobError> {
        match models::list::inspect(path) {
            Err(ModelError::OtherFile { kind, path }) => {
                let report = inspect_file(&path).map_err(|error| JobError::caused(error.kind(), error))?;
                if let Some(shelf) = Shelf::of_file(&report) {
                    return self.file(&path, shelf);
                }
                let is_unknown = matches!(kind, FileKind::Unknown | FileKind::Embedding);
                let sentence = if is_unknown {
                    "It was not recognised, so it is not filed: if you know what it is, say so below."
                } else {
                    "Inkwick has no use for it by itself: it draws with whole checkpoints."
                };
                let mut inspection = inspection_of(&path, Some(sentence.to_owned()))?;
                inspection.may_be_filed = is_unknown;
                Ok(StoreEvent::Inspected(Box::new(inspection)))
            }
            Err(error @ ModelError::NoIndex { .. }) => match self.models_under(path) {
                0 => Err(error.into()),
                models => Ok(StoreEvent::FolderAdded { folder: path.to_path_buf(), models }),
            },
            inspected => Ok(StoreEvent::Model(Box::new(inspected?))),
        }
    }

    fn file(&self, path: &Path, shelf: Shelf) -> Result<StoreEvent, JobError> {
        let Some((home, sentence)) = shelf.place(path, &self.paths) else { return inspected(path, None) };
        models::file::file_away(path, &home).map_err(|source| TaskError::FileAway { source, path: home })?;
        inspected(path, Some(sentence))
    }

    /// A few at a time, so that a window that is closed waits for no more than these.
    fn describe(&self, paths: &[PathBuf], post: &mut dyn FnMut(StoreEvent)) {
        const AT_ONCE: usize = 64;
        for some in paths.chunks(AT_ONCE) {
            if self.closing.load(Ordering::Relaxed) {
                return;
            }
            post(StoreEvent::Described(some.iter().map(|path| (path.clone(), request_in(path))).collect()));
        }
    }

    /// One that is gone or cannot be read any more is missing without a word: it was never lost by Inkwick.
    fn load_results(&self, paths: Vec<PathBuf>, post: &mut dyn FnMut(StoreEvent)) {
        for path in paths {
            if self.closing.load(Ordering::Relaxed) {
                return;
            }
            let picture = picture_file::read(&path).ok();
            let found = picture.map(|picture| (Arc::new(picture), request_in(&path).unwrap_or_default()));
            post(StoreEvent::Result { path, found });
        }
    }

    fn models_under(&self, folder: &Path) -> usize {
        models::scan::models_under_unless(&|| self.closing.load(Ordering::Relaxed), folder).len()
    }

    fn thumbnail(&self, path: PathBuf) -> StoreEvent {
        let picture = self.thumbnails.thumbnail(&path, THUMBNAIL_SIDE_PX);
        StoreEvent::Thumbnail { path, picture: picture.map(Arc::new).map_err(JobError::from) }
    }

    fn delete(&self, paths: Vec<PathBuf>, post: &mut dyn FnMut(StoreEvent)) -> StoreEvent {
        let mut deleted = Vec::with_capacity(paths.len());
        for path in paths {
            let cached = self.thumbnails.cached(&path, THUMBNAIL_SIDE_PX);
            match self.gallery.delete_to_trash(&path) {
                Ok(()) => {
                    if let Ok(cached) = cached {
                        crate::store::atomic::remove_quietly(&cached);
                    }
                    deleted.push(path);
                }
                Err(error) => post(StoreEvent::Problem(error.into())),
            }
        }
        StoreEvent::Deleted(deleted)
    }
}

fn inspected(path: &Path, sentence: Option<String>) -> Result<StoreEvent, JobError> {
    Ok(StoreEvent::Inspected(Box::new(inspection_of(path, sentence)?)))
}

fn inspection_of(path: &Path, sentence: Option<String>) -> Result<Inspection, JobError> {
    Inspection::of(path, sentence).map_err(|error| JobError::caused(error.kind(), error))
}

/// The pictures of a batch with what their prompts name; a notice about several of them comes once.
fn resolved(asked: &Request, picture_count: u32, paths: &Paths) -> Result<(Vec<Request>, Vec<Notice>), ReferenceError> {
    let mut first = asked.clone();
    let mut notices = models::prompt_references::resolve(&mut first, paths)?;
    let mut requests = Vec::new();
    for index in 0..picture_count {
        let (request, more) = models::prompt_references::of_batch(asked, &first, index, paths)?;
        requests.push(request);
        notices.extend(more);
    }
    let mut seen = HashSet::new();
    notices.retain(|notice| seen.insert(notice.message.clone()));
    Ok((requests, notices))
}
