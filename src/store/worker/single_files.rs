//! What is read out of a single file, or written to one.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::job::{JobError, Request};
use crate::raster::Picture;
use crate::store::models;
use crate::store::paths::Paths;
use crate::store::pictures::metadata::settings_in;
use crate::store::pictures::picture_file;
use crate::store::pictures::picture_file::Painting;
use crate::store::pictures::programs::PictureSettings;
use crate::store::project;
use crate::store::project::Project;
use crate::store::reveal::reveal;
use crate::store::worker::error::TaskError;
use crate::store::worker::message::{Painted, StoreEvent};

pub(super) fn load_picture(path: PathBuf) -> StoreEvent {
    let mut notices = Vec::new();
    let picture = picture_file::read_noting(&path, &mut notices).map(Arc::new).map_err(JobError::from);
    let settings = settings_in::read(&path).ok().flatten().map(Box::new);
    StoreEvent::Picture { picture, settings, path, notices }
}

pub(super) fn request_in(path: &Path) -> Option<Box<Request>> {
    settings_in::read(path).ok().flatten().map(|settings| Box::new(settings.request))
}

pub(super) fn open_project(path: PathBuf) -> StoreEvent {
    StoreEvent::Project { project: project::read(&path).map(Box::new).map_err(JobError::from), path }
}

pub(super) fn save_project(to: PathBuf, project: Box<Project>) -> Result<StoreEvent, JobError> {
    project::write(&to, &project)?;
    Ok(StoreEvent::ProjectSaved { path: to, project })
}

pub(super) fn save_picture(to: PathBuf, picture: &Picture) -> Result<StoreEvent, JobError> {
    picture_file::write(&to, picture, None)?;
    Ok(StoreEvent::SavedAs(to))
}

/// How a picture was made, with its files looked for.
pub(super) fn settings_in_file(path: &Path, paths: &Paths) -> Option<Box<PictureSettings>> {
    let mut settings = settings_in::read(path).ok().flatten()?;
    models::named_files::find(&mut settings, paths);
    Some(Box::new(settings))
}

/// With what a picture was painted; nothing where its file does not have it.
pub(super) fn painted_in(path: &Path) -> Option<Box<Painted>> {
    let Painting { strength, mask } = picture_file::read_painting(path);
    let mask = mask.and_then(|mask| Some((mask, Arc::new(picture_file::read(path).ok()?))));
    (strength.is_some() || mask.is_some()).then(|| Box::new(Painted { strength, mask }))
}

pub(super) fn reveal_folder(path: PathBuf) -> Result<(), JobError> {
    let shown = fs::create_dir_all(&path).and_then(|()| reveal(&path));
    Ok(shown.map_err(|source| TaskError::Reveal { source, path })?)
}
