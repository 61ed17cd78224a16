//! All models that can be chosen: the built-in ones, the models folder's, what lies in folders that the user
//! opened, and the Hugging Face libraries' cache.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::store::models::controls::ControlEntry;
use crate::store::models::entry::{ModelEntry, ModelError};
use crate::store::models::image_adapters::AdapterEntry;
use crate::store::models::{controls, extras, file, folder, image_adapters, scan, upscalers};
use crate::store::paths::Paths;

/// What one look at all folders has found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelList {
    /// The built-in ones first, then the models folder's by name, then those outside.
    pub entries: Vec<ModelEntry>,
    /// Those of the known folders that are looked through: they are no models by themselves.
    pub folders: Vec<PathBuf>,
    /// VAE files that may decode instead of a model's own.
    pub vaes: Vec<PathBuf>,
    /// Files that enlarge pictures.
    pub upscalers: Vec<PathBuf>,
    /// Networks that pictures steer through.
    pub controls: Vec<ControlEntry>,
    /// IP-Adapters, through which a prompt speaks of pictures.
    pub image_adapters: Vec<AdapterEntry>,
}

/// Entries that were read before, with their file's length and time then.
pub(crate) type Seen = HashMap<PathBuf, (u64, Option<SystemTime>, Option<ModelEntry>)>;

/// All models that can be chosen. A folder that is no model (any more) is left out; [`inspect`] says why.
#[must_use]
pub fn list(paths: &Paths) -> Vec<ModelEntry> {
    list_again(paths, &mut Seen::new(), &|| false).entries
}

/// The same, reading only what has changed, and what else lies in the folders. Once it is cancelled it ends early, with a
/// part of the list.
pub(crate) fn list_again(paths: &Paths, before: &mut Seen, is_cancelled: &dyn Fn() -> bool) -> ModelList {
    let mut candidates: Vec<PathBuf> = fs::read_dir(&paths.models_folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.join("model_index.json").is_file())
        .collect();
    candidates.extend(extras::checkpoints(paths));
    candidates.sort_by_key(|path| path.file_name().map(|name| name.to_string_lossy().to_lowercase()));
    let (mut folders, mut vaes) = (Vec::new(), extras::vaes(paths));
    for known in &paths.other_folders {
        if scan::is_root(known) {
            let inside = scan::models_under_unless(is_cancelled, known);
            // Where other programs keep theirs.
            vaes.extend(inside.iter().filter(|file| scan::lies_in(file, "vae")).cloned());
            candidates.extend(inside);
            folders.push(known.clone());
        } else {
            candidates.push(known.clone());
        }
    }
    // What the Hugging Face libraries fetched, this program among them.
    let cached = scan::models_under(&paths.hub_cache);
    vaes.extend(cached.iter().filter(|file| scan::lies_in(file, "vae")).cloned());
    candidates.extend(cached);
    let mut seen = BTreeSet::new();
    candidates.retain(|path| seen.insert(fs::canonicalize(path).unwrap_or_else(|_| path.clone())));
    before.retain(|path, _| candidates.contains(path));
    let found = candidates.iter().take_while(|_| !is_cancelled()).filter_map(|path| {
        let stat = fs::metadata(if path.is_dir() { path.join("model_index.json") } else { path.clone() }).ok();
        let (length, time) = stat.map_or((0, None), |stat| (stat.len(), stat.modified().ok()));
        if let Some((old_length, old_time, entry)) = before.get(path)
            && (*old_length, *old_time) == (length, time)
        {
            return entry.clone();
        }
        let entry = inspect(path).inspect_err(|error| tracing::info!("left out of the list of models: {error}")).ok();
        before.insert(path.clone(), (length, time, entry.clone()));
        entry
    });
    let entries = [ModelEntry::built_in(), ModelEntry::built_in_four_steps()].into_iter().chain(found).collect();
    let (controls, image_adapters) = (controls::list(paths), image_adapters::list(paths));
    ModelList { entries, folders, vaes, upscalers: upscalers::list(paths), controls, image_adapters }
}

/// Reads what a folder in diffusers' layout, or a checkpoint file, says of itself.
///
/// # Errors
/// When it is no such folder, holds another kind of pipeline, or one of its files is missing or damaged.
pub fn inspect(path: &Path) -> Result<ModelEntry, ModelError> {
    if path.is_file() { file::inspect(path) } else { folder::inspect(path) }
}

#[cfg(test)]
#[path = "list_tests.rs"]
mod tests;
