//! The user's files as they lie in the models folder: models, LoRAs, VAEs, embeddings.

use std::path::{Path, PathBuf};

use crate::store::hub_cache::CachedRepository;
use crate::store::models::scan::{CHECKPOINT_ENDINGS, files_in, is_called, models_under, name_of};
use crate::store::paths::Paths;

/// Folders inside the models folder that hold something else than models, and what.
const BESIDE: [(&str, &str); 10] = [
    ("loras", "LoRA"),
    ("Lora", "LoRA"),
    ("embeddings", "embedding"),
    ("vae", "VAE"),
    ("upscalers", "upscaler"),
    ("selection", "for selecting by a click"),
    ("control", "control network"),
    ("controlnet", "control network"),
    (IP_ADAPTERS, IP_ADAPTER),
    ("ipadapter", IP_ADAPTER),
];

/// Where IP-Adapters are put.
pub(crate) const IP_ADAPTERS: &str = "ip-adapters";
const IP_ADAPTER: &str = "IP-Adapter";
/// Beside them: what looks at pictures for them, which is no adapter.
const ENCODER_FOLDER: &str = "image_encoder";

/// Files that go with models, by what they are.
#[must_use]
pub(crate) fn beside_models(paths: &Paths) -> Vec<(&'static str, Vec<PathBuf>)> {
    let files = |(folder, title): (&str, &'static str)| {
        (title, files_in(&paths.models_folder.join(folder), &CHECKPOINT_ENDINGS))
    };
    let all = BESIDE.map(files);
    all.into_iter().filter(|(_, found)| !found.is_empty()).collect()
}

/// How large one of them is, also of those that come with the program.
#[cfg(feature = "serve")]
#[must_use]
pub(crate) fn bytes_of(file: &Path) -> u64 {
    crate::checkpoint::weights_bytes(file)
}

/// VAE files in the models folder.
pub(crate) fn vaes(paths: &Paths) -> Vec<PathBuf> {
    files_in(&paths.models_folder.join("vae"), &CHECKPOINT_ENDINGS)
}

/// Where control networks are put.
#[must_use]
pub(crate) fn control_folder(paths: &Paths) -> PathBuf {
    paths.models_folder.join("control")
}

/// Control networks in the models folder: files, and folders in diffusers' layout, by name.
#[must_use]
pub(crate) fn control_networks(paths: &Paths) -> Vec<PathBuf> {
    let folders = BESIDE.iter().filter(|(_, title)| *title == "control network");
    let mut found = Vec::new();
    for (folder, _) in folders {
        for file in files_in(&paths.models_folder.join(folder), &CHECKPOINT_ENDINGS) {
            // The weights of a folder are the folder.
            let around = file.parent().filter(|around| around.join("config.json").is_file());
            let network = around.map_or_else(|| file.clone(), Path::to_path_buf);
            if !found.contains(&network) {
                found.push(network);
            }
        }
    }
    found
}

/// Files in the folders of IP-Adapters, by name.
#[must_use]
pub(crate) fn image_adapters(paths: &Paths) -> Vec<PathBuf> {
    let folders = BESIDE.iter().filter(|(_, title)| *title == IP_ADAPTER);
    let files = folders.flat_map(|(folder, _)| files_in(&paths.models_folder.join(folder), &CHECKPOINT_ENDINGS));
    files.filter(|file| file.parent().is_none_or(|around| !around.ends_with(ENCODER_FOLDER))).collect()
}

/// An IP-Adapter of that name there.
#[must_use]
pub(crate) fn find_image_adapter(name: &str, paths: &Paths) -> Option<PathBuf> {
    image_adapters(paths).into_iter().find(|file| is_called(file, name))
}

/// A control network of that name in the models folder, or OWNER/NAME in the Hugging Face cache.
#[must_use]
pub(crate) fn find_control(name: &str, paths: &Paths) -> Option<PathBuf> {
    let known = control_networks(paths).into_iter().find(|network| is_called(network, name));
    known.or_else(|| {
        let snapshot = CachedRepository::new(&paths.hub_cache, name).current_snapshot()?;
        snapshot.join("config.json").is_file().then_some(snapshot)
    })
}

/// Checkpoint files in the models folder, by name; what goes with models is left out.
pub(crate) fn checkpoints(paths: &Paths) -> Vec<PathBuf> {
    let mut found = files_in(&paths.models_folder, &CHECKPOINT_ENDINGS);
    found.retain(|file| !is_beside(file, paths) && !is_inside_a_model(file, paths));
    found
}

/// What is called `name` in the models folder or the Hugging Face cache: a model's folder, or a file, with or without its
/// ending.
#[must_use]
pub(crate) fn find(name: &str, paths: &Paths) -> Option<PathBuf> {
    // A name, never a way out of the folder.
    if name.is_empty() || Path::new(name).components().any(|part| !matches!(part, std::path::Component::Normal(_))) {
        return None;
    }
    let given = paths.models_folder.join(name);
    if given.join("model_index.json").is_file() || given.is_file() {
        return Some(given);
    }
    let files = files_in(&paths.models_folder, &CHECKPOINT_ENDINGS);
    let found = files.into_iter().find(|file| is_called(file, name) && !is_inside_a_model(file, paths));
    found.or_else(|| find_cached(name, paths))
}

/// The same in the cache of the Hugging Face libraries, where a model is also known as OWNER/NAME.
fn find_cached(name: &str, paths: &Paths) -> Option<PathBuf> {
    let repository = CachedRepository::new(&paths.hub_cache, name);
    models_under(&paths.hub_cache).into_iter().find(|path| {
        name_of(path).eq_ignore_ascii_case(name)
            || is_called(path, name)
            || CachedRepository::around(path).is_some_and(|around| around.folder() == repository.folder())
    })
}

fn is_beside(file: &Path, paths: &Paths) -> bool {
    BESIDE.iter().any(|(folder, _)| file.starts_with(paths.models_folder.join(folder)))
}

/// The weights of a diffusers folder are no models of their own.
fn is_inside_a_model(file: &Path, paths: &Paths) -> bool {
    let folders = file.ancestors().skip(2).take_while(|folder| folder.starts_with(&paths.models_folder));
    folders.into_iter().any(|folder| folder.join("model_index.json").is_file())
}
