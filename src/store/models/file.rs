//! A checkpoint file as an entry of the list of models; other files are filed where they belong.

use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::checkpoint::{FileKind, ModelFiles, inspect_file, profile_of};
use crate::job::{ModelDefaults, ModelRef};
use crate::store::models::entry::{ModelEntry, ModelError};
use crate::store::models::facts::ModelFacts;
use crate::store::paths::Paths;

/// Reads what a file says of itself.
///
/// # Errors
/// When it is damaged, or something else than a checkpoint; what it is is said.
pub(crate) fn inspect(path: &Path) -> Result<ModelEntry, ModelError> {
    let report = inspect_file(path)?;
    // A side file of a UNet alone may name where the rest is.
    let may_draw = matches!(report.kind, FileKind::Checkpoint | FileKind::CheckpointWithoutVae | FileKind::Unet);
    let files = if may_draw { Some(ModelFiles::open_file(path)?) } else { None };
    let Some(files) = files.filter(|files| matches!(files, ModelFiles::File(file) if file.can_draw())) else {
        return Err(ModelError::OtherFile { kind: report.kind, path: path.to_path_buf() });
    };
    let profile = profile_of(&files)?;
    let vae = if files.has("vae/config.json") { "" } else { ", without a VAE" };
    let defaults = profile.defaults();
    let ModelDefaults { width, height, .. } = defaults;
    let family = profile.title();
    Ok(ModelEntry {
        reference: ModelRef::File(path.to_path_buf()),
        name: path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned(),
        kind: format!("{family}, made for {width}×{height} pixels, {}{vae}.", report.precision),
        defaults,
        examples: Vec::new(),
        draws_emoji: false,
        facts: ModelFacts::of_file(path, family, &report),
    })
}

/// Where a file that is no model belongs, and what to do with it then. `None` for what Inkwick has no use for.
#[must_use]
pub(crate) fn home_of(kind: FileKind, path: &Path, paths: &Paths) -> Option<(PathBuf, String)> {
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let (folder, use_it) = match kind {
        FileKind::Lora => ("loras", format!("write <lora:{name}:0.8> into the prompt to use it")),
        FileKind::Embedding => ("embeddings", format!("write {name} into the prompt to use it")),
        FileKind::Vae => ("vae", "choose it in a model's details to use it".to_owned()),
        _ => return None,
    };
    let home = paths.models_folder.join(folder).join(path.file_name()?);
    Some((home, format!("{name} is a {} and is filed as one: {use_it}.", kind.label())))
}

/// Makes the file known at its home without moving it: a second name where the disk can, else a copy.
///
/// # Errors
/// When the folder cannot be made or the disk is full.
pub(crate) fn file_away(path: &Path, home: &Path) -> io::Result<()> {
    if home.exists() {
        return Ok(());
    }
    if let Some(folder) = home.parent() {
        fs::create_dir_all(folder)?;
    }
    if fs::hard_link(path, home).is_ok() {
        return Ok(());
    }
    // Beside first, so that a copy that breaks off is no file of that name.
    let beside = home.with_extension("part");
    fs::copy(path, &beside).and_then(|_| fs::rename(&beside, home)).inspect_err(|_| drop(fs::remove_file(&beside)))
}
