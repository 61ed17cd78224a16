//! The user's files as they lie in the models folder: models, LoRAs, VAEs, embeddings.

use std::path::{Path, PathBuf};

use crate::store::models::scan::{CHECKPOINT_ENDINGS, files_in};
use crate::store::paths::Paths;

/// How deep the models folder is looked through.
const MAX_DEPTH: usize = 4;

/// Folders inside the models folder that hold something else than models, and what.
const BESIDE: [(&str, &str); 5] = [
    ("loras", "LoRA"),
    ("Lora", "LoRA"),
    ("embeddings", "embedding"),
    ("vae", "VAE"),
    ("selection", "for selecting by a click"),
];

/// Files that go with models, by what they are.
#[must_use]
pub fn beside_models(paths: &Paths) -> Vec<(&'static str, Vec<PathBuf>)> {
    let files = |(folder, title): (&str, &'static str)| {
        let mut found = Vec::new();
        files_in(&paths.models_folder.join(folder), &CHECKPOINT_ENDINGS, MAX_DEPTH, &mut found);
        (title, found)
    };
    let all = BESIDE.map(files);
    all.into_iter().filter(|(_, found)| !found.is_empty()).collect()
}

/// VAE files in the models folder.
pub(crate) fn vaes(paths: &Paths) -> Vec<PathBuf> {
    let mut found = Vec::new();
    files_in(&paths.models_folder.join("vae"), &CHECKPOINT_ENDINGS, MAX_DEPTH, &mut found);
    found
}

/// Checkpoint files in the models folder, by name; what goes with models is left out.
pub(crate) fn checkpoints(paths: &Paths) -> Vec<PathBuf> {
    let mut found = Vec::new();
    files_in(&paths.models_folder, &CHECKPOINT_ENDINGS, MAX_DEPTH, &mut found);
    found.retain(|file| !is_beside(file, paths) && !is_inside_a_model(file, paths));
    found
}

/// What is called `name` in the models folder: a model's folder, or a file, with or without its ending.
#[must_use]
pub fn find(name: &str, paths: &Paths) -> Option<PathBuf> {
    // A name, never a way out of the folder.
    if name.is_empty() || Path::new(name).components().any(|part| !matches!(part, std::path::Component::Normal(_))) {
        return None;
    }
    let given = paths.models_folder.join(name);
    if given.join("model_index.json").is_file() || given.is_file() {
        return Some(given);
    }
    let mut files = Vec::new();
    files_in(&paths.models_folder, &CHECKPOINT_ENDINGS, MAX_DEPTH, &mut files);
    files.retain(|file| !is_inside_a_model(file, paths));
    files
        .into_iter()
        .find(|file| file.file_stem().is_some_and(|stem| stem.to_string_lossy().eq_ignore_ascii_case(name)))
}

fn is_beside(file: &Path, paths: &Paths) -> bool {
    BESIDE.iter().any(|(folder, _)| file.starts_with(paths.models_folder.join(folder)))
}

/// The weights of a diffusers folder are no models of their own.
fn is_inside_a_model(file: &Path, paths: &Paths) -> bool {
    let folders = file.ancestors().skip(2).take_while(|folder| folder.starts_with(&paths.models_folder));
    folders.into_iter().any(|folder| folder.join("model_index.json").is_file())
}
