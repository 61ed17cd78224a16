//! What each of the store's commands does, on the thread that [`Lane`](super::lane::Lane) names.
//!
//! Every command that asks for something is answered, if only by a sentence that says why not.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::canvas::{Document, Record};
use crate::job::JobError;
use crate::raster::Picture;
use crate::store::canvas::journal::{Journal, JournalError};
use crate::store::models::entry::ModelError;
use crate::store::models::inspection::Inspection;
use crate::store::paths::Paths;
use crate::store::pictures::gallery::Gallery;
use crate::store::pictures::picture_file::Painting;
use crate::store::pictures::programs::Told;
use crate::store::pictures::thumbnails::Thumbnails;
use crate::store::pictures::{mask_file, picture_file, told};
use crate::store::reveal::reveal;
use crate::store::worker::error::TaskError;
use crate::store::worker::message::{Painted, StoreCommand, StoreEvent};
use crate::store::worker::pending::Task;
use crate::store::{keys, models, unfinished};

/// The longer side of every thumbnail: sharp on a doubled screen in a panel of two columns.
const THUMBNAIL_SIDE_PX: u32 = 256;

/// What one thread works with. Each has one of its own and uses what its commands need of it.
pub(crate) struct Tasks {
    paths: Paths,
    gallery: Gallery,
    thumbnails: Thumbnails,
    /// Not before it was asked for, and not after it has failed.
    journal: Option<Journal>,
    seen_models: models::list::Seen,
    /// The handle is gone: nobody waits for a scan any more.
    closing: Arc<AtomicBool>,
}

impl Tasks {
    pub(crate) fn new(paths: Paths, closing: Arc<AtomicBool>) -> Self {
        Self {
            gallery: Gallery::new(&paths),
            thumbnails: Thumbnails::new(&paths),
            journal: None,
            seen_models: models::list::Seen::new(),
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

    fn answer(
        &mut self,
        command: StoreCommand,
        post: &mut dyn FnMut(StoreEvent),
    ) -> Result<Option<StoreEvent>, JobError> {
        let answer = match command {
            StoreCommand::ScanGallery => StoreEvent::Gallery(self.gallery.scan()?),
            StoreCommand::LoadPicture(path) => load_picture(path),
            StoreCommand::DeletePictures(paths) => self.delete(paths, post),
            StoreCommand::SaveAs { from, to } => {
                self.gallery.copy_to(&from, &to)?;
                StoreEvent::SavedAs(to)
            }
            StoreCommand::Reveal(path) => {
                reveal(&path).map_err(|source| TaskError::Reveal { source, path })?;
                return Ok(None);
            }
            StoreCommand::RevealFolder(path) => {
                let shown = fs::create_dir_all(&path).and_then(|()| reveal(&path));
                shown.map_err(|source| TaskError::Reveal { source, path })?;
                return Ok(None);
            }
            StoreCommand::ListModels { known } => {
                let paths = Paths { other_folders: known, ..self.paths.clone() };
                let is_cancelled = || self.closing.load(Ordering::Relaxed);
                StoreEvent::Models(models::list::list_again(&paths, &mut self.seen_models, &is_cancelled))
            }
            StoreCommand::InspectModel(path) => self.inspect(&path)?,
            StoreCommand::InspectFile(path) => inspected(&path, None)?,
            StoreCommand::ResolveReferences { id, mut request, folders } => {
                let paths = Paths { other_folders: folders, ..self.paths.clone() };
                let resolved =
                    models::prompt_references::resolve(&mut request, &paths).map(|notices| (request, notices));
                StoreEvent::ReferencesResolved { id, request: resolved }
            }
            StoreCommand::ReadRequest { path, folders } => {
                let paths = Paths { other_folders: folders, ..self.paths.clone() };
                StoreEvent::Request { told: told_in(&path, &paths), painted: painted_in(&path), path }
            }
            StoreCommand::ShowKeysFile { path, usual } => {
                keys::create(&path, &usual).map_err(|source| TaskError::KeysFile { source, path: path.clone() })?;
                reveal(&path).map_err(|source| TaskError::Reveal { source, path })?;
                return Ok(None);
            }
            StoreCommand::LoadMask(path) => {
                StoreEvent::Mask { mask: mask_file::read(&path).map_err(JobError::from), path }
            }
            StoreCommand::SavePicture { to, picture } => save_picture(to, &picture)?,
            StoreCommand::SaveCanvas { to, picture } => save_picture(to, &picture.whole())?,
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
                let Some((home, sentence)) = models::file::home_of(kind, &path, &self.paths) else {
                    let sentence = "Inkwick has no use for it by itself: it draws with whole checkpoints.";
                    return inspected(&path, Some(sentence.to_owned()));
                };
                models::file::file_away(&path, &home).map_err(|source| TaskError::FileAway { source, path: home })?;
                inspected(&path, Some(sentence))
            }
            Err(error @ ModelError::NoIndex { .. }) => match self.models_under(path) {
                0 => Err(error.into()),
                models => Ok(StoreEvent::FolderAdded { folder: path.to_path_buf(), models }),
            },
            inspected => Ok(StoreEvent::Model(Box::new(inspected?))),
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
    let inspection = Inspection::of(path, sentence).map_err(|error| JobError::caused(error.kind(), error))?;
    Ok(StoreEvent::Inspected(Box::new(inspection)))
}

fn load_picture(path: PathBuf) -> StoreEvent {
    let picture = picture_file::read(&path).map(Arc::new).map_err(JobError::from);
    let told = told::read(&path).ok().flatten().map(Box::new);
    StoreEvent::Picture { picture, told, path }
}

fn save_picture(to: PathBuf, picture: &Picture) -> Result<StoreEvent, JobError> {
    picture_file::write(&to, picture, None)?;
    Ok(StoreEvent::SavedAs(to))
}

/// How a picture was made, with its files looked for.
fn told_in(path: &Path, paths: &Paths) -> Option<Box<Told>> {
    let mut told = told::read(path).ok().flatten()?;
    models::told_files::find(&mut told, paths);
    Some(Box::new(told))
}

/// With what a picture was painted; nothing where its file does not have it.
fn painted_in(path: &Path) -> Option<Box<Painted>> {
    let Painting { strength, mask } = picture_file::read_painting(path);
    let mask = mask.and_then(|mask| Some((mask, Arc::new(picture_file::read(path).ok()?))));
    (strength.is_some() || mask.is_some()).then(|| Box::new(Painted { strength, mask }))
}
