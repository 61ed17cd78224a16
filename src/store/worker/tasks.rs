//! What each of the store's commands does, on the thread that [`Lane`](super::lane::Lane) names.
//!
//! Every command that asks for something is answered, if only by a sentence that says why not.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::canvas::{Document, Record};
use crate::job::Request;
use crate::raster::Picture;
use crate::store::canvas::journal::{Journal, JournalError};
use crate::store::models::inspection::Inspection;
use crate::store::paths::Paths;
use crate::store::pictures::gallery::Gallery;
use crate::store::pictures::picture_file::Painting;
use crate::store::pictures::thumbnails::Thumbnails;
use crate::store::pictures::{mask_file, picture_file};
use crate::store::reveal::reveal;
use crate::store::worker::message::{Painted, StoreCommand, StoreEvent};
use crate::store::worker::pending::Task;
use crate::store::{download, keys, models};

/// The longer side of every thumbnail: sharp on a doubled screen in a panel of two columns.
const THUMBNAIL_SIDE_PX: u32 = 256;

/// What one thread works with. Each has one of its own and uses what its commands need of it.
pub struct Tasks {
    paths: Paths,
    gallery: Gallery,
    thumbnails: Thumbnails,
    /// Not before it was asked for, and not after it has failed.
    journal: Option<Journal>,
    seen_models: models::list::Seen,
}

impl Tasks {
    pub fn new(paths: Paths) -> Self {
        Self {
            gallery: Gallery::new(&paths),
            thumbnails: Thumbnails::new(&paths),
            journal: None,
            seen_models: models::list::Seen::new(),
            paths,
        }
    }

    pub fn run(&mut self, task: Task, post: &mut dyn FnMut(StoreEvent)) {
        let answer = match task {
            Task::SaveSettings(settings) => {
                settings.save(&self.paths.settings_file).err().map(|error| StoreEvent::Problem(error.to_string()))
            }
            Task::SkipThumbnails(paths) => Some(StoreEvent::ThumbnailsSkipped(paths)),
            Task::Thumbnail(path) => Some(self.thumbnail(path)),
            Task::Command(command) => self.answer(command, post),
        };
        if let Some(event) = answer {
            post(event);
        }
    }

    fn answer(&mut self, command: StoreCommand, post: &mut dyn FnMut(StoreEvent)) -> Option<StoreEvent> {
        let answer = match command {
            StoreCommand::ScanGallery => or_problem(self.gallery.scan().map(StoreEvent::Gallery)),
            StoreCommand::LoadPicture(path) => load_picture(path),
            StoreCommand::DeletePictures(paths) => self.delete(paths, post),
            StoreCommand::SaveAs { from, to } => {
                or_problem(self.gallery.copy_to(&from, &to).map(|()| StoreEvent::SavedAs(to)))
            }
            StoreCommand::Reveal(path) => return reveal(&path).err().map(|error| cannot_reveal(&path, &error)),
            StoreCommand::RevealFolder(folder) => {
                let shown = std::fs::create_dir_all(&folder).and_then(|()| reveal(&folder));
                return shown.err().map(|error| cannot_reveal(&folder, &error));
            }
            StoreCommand::ListModels { known } => {
                let paths = Paths { other_folders: known, ..self.paths.clone() };
                StoreEvent::Models(models::list::list_again(&paths, &mut self.seen_models))
            }
            StoreCommand::InspectModel(path) => self.inspect(&path),
            StoreCommand::InspectFile(path) => inspected(&path, None),
            StoreCommand::ResolveReferences { id, mut request, folders } => {
                let paths = Paths { other_folders: folders, ..self.paths.clone() };
                let resolved = models::prompt_references::resolve(&mut request, &paths).map(|()| request);
                StoreEvent::ReferencesResolved { id, request: resolved }
            }
            StoreCommand::ReadRequest(path) => {
                StoreEvent::Request { request: request_in(&path), painted: painted_in(&path), path }
            }
            StoreCommand::ShowKeysFile { path, usual } => match keys::create(&path, &usual) {
                Ok(()) => return reveal(&path).err().map(|error| cannot_reveal(&path, &error)),
                Err(error) => StoreEvent::Problem(format!(
                    "the keys' file could not be written ({error}); check the folder's rights: {}",
                    path.display()
                )),
            },
            StoreCommand::LoadMask(path) => {
                StoreEvent::Mask { mask: mask_file::read(&path).map_err(|error| error.to_string()), path }
            }
            StoreCommand::ReadPasted(pasted) => return pasted.convert().map(Arc::new).map(StoreEvent::Pasted),
            StoreCommand::SavePicture { to, picture } => save_picture(to, &picture),
            StoreCommand::SaveCanvas { to, picture } => save_picture(to, &picture.whole()),
            StoreCommand::SaveMask { to, mask } => {
                or_problem(mask_file::write(&to, &mask).map(|()| StoreEvent::SavedAs(to)))
            }
            StoreCommand::OpenCanvas => self.open_canvas(post),
            StoreCommand::KeepSteps(steps) => return self.keep_steps(&steps).err().map(|error| problem(&error)),
            StoreCommand::FindUnfinished => StoreEvent::Unfinished(download::unfinished(&self.paths)),
            StoreCommand::DiscardDownload(name) => {
                // What is left is found again at the next start.
                let _ = download::discard(&name, &self.paths);
                StoreEvent::DownloadDiscarded(name)
            }
            // These two wait in places of their own and come as tasks.
            StoreCommand::SaveSettings(_) | StoreCommand::LoadThumbnail(_) => return None,
        };
        Some(answer)
    }

    fn open_canvas(&mut self, post: &mut dyn FnMut(StoreEvent)) -> StoreEvent {
        let document = match Journal::open(&self.paths.canvas_folder) {
            Ok((journal, document)) => {
                self.journal = Some(journal);
                document
            }
            Err(error) => {
                post(problem(&error));
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
    fn inspect(&self, path: &Path) -> StoreEvent {
        match models::list::inspect(path) {
            Err(models::entry::ModelError::OtherFile { kind, path }) => {
                let Some((home, sentence)) = models::file::home_of(kind, &path, &self.paths) else {
                    let sentence = "Inkwick has no use for it by itself: it draws with whole checkpoints.";
                    return inspected(&path, Some(sentence.to_owned()));
                };
                match models::file::file_away(&path, &home) {
                    Ok(()) => inspected(&path, Some(sentence)),
                    Err(error) => StoreEvent::Problem(format!(
                        "the file could not be put where it belongs ({error}); copy it yourself to {}",
                        home.display()
                    )),
                }
            }
            Err(error @ models::entry::ModelError::NoIndex { .. }) => match models::scan::models_under(path).len() {
                0 => problem(&error),
                models => StoreEvent::FolderAdded { folder: path.to_path_buf(), models },
            },
            inspected => or_problem(inspected.map(|entry| StoreEvent::Model(Box::new(entry)))),
        }
    }

    fn thumbnail(&self, path: PathBuf) -> StoreEvent {
        let picture = self.thumbnails.thumbnail(&path, THUMBNAIL_SIDE_PX);
        StoreEvent::Thumbnail { path, picture: picture.map(Arc::new).map_err(|error| error.to_string()) }
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
                Err(error) => post(StoreEvent::Problem(error.to_string())),
            }
        }
        StoreEvent::Deleted(deleted)
    }
}

fn inspected(path: &Path, sentence: Option<String>) -> StoreEvent {
    or_problem(Inspection::of(path, sentence).map(|inspection| StoreEvent::Inspected(Box::new(inspection))))
}

fn load_picture(path: PathBuf) -> StoreEvent {
    let picture = picture_file::read(&path).map(Arc::new).map_err(|error| error.to_string());
    StoreEvent::Picture { picture, request: request_in(&path), path }
}

fn save_picture(to: PathBuf, picture: &Picture) -> StoreEvent {
    or_problem(picture_file::write(&to, picture, None).map(|()| StoreEvent::SavedAs(to)))
}

fn request_in(path: &Path) -> Option<Box<Request>> {
    picture_file::read_request(path).ok().flatten().map(Box::new)
}

/// With what a picture was painted; nothing where its file does not say so.
fn painted_in(path: &Path) -> Option<Box<Painted>> {
    let Painting { strength, mask } = picture_file::read_painting(path);
    let mask = mask.and_then(|mask| Some((mask, Arc::new(picture_file::read(path).ok()?))));
    (strength.is_some() || mask.is_some()).then(|| Box::new(Painted { strength, mask }))
}

fn or_problem(answer: Result<StoreEvent, impl std::error::Error>) -> StoreEvent {
    answer.unwrap_or_else(|error| problem(&error))
}

fn problem(error: &impl std::error::Error) -> StoreEvent {
    StoreEvent::Problem(error.to_string())
}

fn cannot_reveal(path: &Path, error: &std::io::Error) -> StoreEvent {
    StoreEvent::Problem(format!(
        "the file manager could not be started ({error}); open it yourself at {}",
        path.display()
    ))
}
