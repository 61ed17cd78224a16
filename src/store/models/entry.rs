//! The models that can be chosen: the one that comes along, the models folder, and folders that the user opened.
//!
//! Reads only the small JSON files of a diffusers folder and the headers of files, never the weights.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use std::{fs, io};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::checkpoint::FileKind;
use crate::job::{ModelRef, Request};
use crate::sampling::{SchedulerConfig, SchedulerName};
use crate::store::models;
use crate::store::models::facts::ModelFacts;
use crate::store::paths::Paths;

/// What a picture takes when nothing else is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelDefaults {
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    pub guidance: f64,
    pub steps: u32,
    /// The model's own, or `None` when Inkwick does not know it.
    pub scheduler: Option<SchedulerName>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ModelEntry {
    pub reference: ModelRef,
    pub name: String,
    /// One sentence: what it is and what it draws.
    pub kind: String,
    pub defaults: ModelDefaults,
    /// Prompts to try first; empty when nothing is known.
    pub examples: Vec<&'static str>,
    /// It draws emoji and scenes of them, no photographs.
    pub draws_emoji: bool,
    pub facts: ModelFacts,
}

/// How files that may be a whole model end.
pub const CHECKPOINT_ENDINGS: [&str; 5] = ["safetensors", "ckpt", "pt", "pth", "gguf"];

/// Words that the built-in model draws well, from its card.
pub const BUILT_IN_EXAMPLES: [&str; 8] = [
    "a red apple",
    "a rocket in space",
    "a fox wearing a crown in a forest",
    "a penguin in the snow",
    "a castle at night",
    "a cat and a pizza",
    "a blue bear",
    "a bicycle at sunset",
];

impl ModelEntry {
    /// The small model that comes with the program.
    #[must_use]
    pub fn built_in() -> Self {
        Self {
            reference: ModelRef::BuiltIn,
            name: "Built-in".into(),
            kind: "A small model that comes with Inkwick and draws emoji and scenes of them.".into(),
            defaults: ModelDefaults {
                width: 256,
                height: 256,
                guidance: 4.0,
                steps: 20,
                scheduler: Some(SchedulerName::Ddim),
            },
            examples: BUILT_IN_EXAMPLES.to_vec(),
            draws_emoji: true,
            facts: ModelFacts {
                family: "Stable Diffusion, small".into(),
                bytes: crate::checkpoint::builtin_model().map_or(0, |files| files.bytes()),
                precision: "F16".into(),
                licence: "MIT".into(),
                thumbnail: None,
            },
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    #[error("a model folder in diffusers' layout was wanted, but it has no model_index.json; choose the folder that holds that file: {}", path.display())]
    NoIndex { path: PathBuf },
    #[error("a Stable Diffusion model was wanted, found {class}, which Inkwick cannot draw with: {}", path.display())]
    OtherPipeline { class: String, path: PathBuf },
    #[error(transparent)]
    File(#[from] crate::checkpoint::CheckpointError),
    #[error("a Stable Diffusion checkpoint was wanted, and this file is something else ({}); inkwick models inspect tells more: {}", kind.label(), path.display())]
    OtherFile { kind: FileKind, path: PathBuf },
    #[error("the model's file could not be read ({source}); download the model again: {}", path.display())]
    Read { source: io::Error, path: PathBuf },
    #[error("the model's file is no proper JSON ({source}); download the model again: {}", path.display())]
    Json { source: serde_json::Error, path: PathBuf },
    #[error("{reason}; download the model again: {}", path.display())]
    Scheduler { reason: String, path: PathBuf },
    #[error("the model's sample_size and VAE give a picture of {width}×{height}, which is out of range; look at {}", path.display())]
    Size { width: u64, height: u64, path: PathBuf },
}

#[derive(Deserialize)]
struct ClassName {
    #[serde(rename = "_class_name")]
    class_name: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum SampleSize {
    Square(u64),
    /// Height, then width.
    Sides([u64; 2]),
}

#[derive(Deserialize)]
struct UnetConfig {
    sample_size: Option<SampleSize>,
    cross_attention_dim: Option<serde_json::Value>,
    in_channels: Option<u64>,
    time_cond_proj_dim: Option<u64>,
}

#[derive(Deserialize)]
struct VaeConfig {
    block_out_channels: Option<Vec<u64>>,
}

/// What diffusers takes where `unet/config.json` has no `sample_size`.
const DEFAULT_SAMPLE_SIZE: u64 = 64;
/// What diffusers takes where the VAE's blocks are not listed.
const DEFAULT_VAE_FACTOR: u64 = 8;

/// Entries that were read before, with their file's length and time then.
pub type Seen = HashMap<PathBuf, (u64, Option<SystemTime>, Option<ModelEntry>)>;

/// All models that can be chosen: the built-in one, the models folder's by name, then the known ones and what lies in
/// known folders. A folder that is no model (any more) is left out; [`inspect`] says why.
#[must_use]
pub fn list(paths: &Paths, known: &[PathBuf]) -> Vec<ModelEntry> {
    list_again(paths, known, &mut Seen::new())
}

/// The same, reading only what has changed.
#[must_use]
pub fn list_again(paths: &Paths, known: &[PathBuf], before: &mut Seen) -> Vec<ModelEntry> {
    let mut folders: Vec<PathBuf> = fs::read_dir(&paths.models_folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.join("model_index.json").is_file())
        .collect();
    folders.extend(models::extras::checkpoints(paths));
    folders.sort_by_key(|path| path.file_name().map(|name| name.to_string_lossy().to_lowercase()));
    for known in known {
        if models::roots::is_root(known) {
            folders.extend(models::roots::models_under(known));
        } else {
            folders.push(known.clone());
        }
    }
    let mut seen = BTreeSet::new();
    folders.retain(|path| seen.insert(fs::canonicalize(path).unwrap_or_else(|_| path.clone())));
    before.retain(|path, _| folders.contains(path));
    let found = folders.iter().filter_map(|path| {
        let told = fs::metadata(if path.is_dir() { path.join("model_index.json") } else { path.clone() }).ok();
        let (length, time) = told.map_or((0, None), |told| (told.len(), told.modified().ok()));
        if let Some((old_length, old_time, entry)) = before.get(path)
            && (*old_length, *old_time) == (length, time)
        {
            return entry.clone();
        }
        let entry = inspect(path).inspect_err(|error| tracing::info!("left out of the list of models: {error}")).ok();
        before.insert(path.clone(), (length, time, entry.clone()));
        entry
    });
    std::iter::once(ModelEntry::built_in()).chain(found).collect()
}

/// Reads what a folder in diffusers' layout, or a checkpoint file, says of itself.
///
/// # Errors
/// When it is no such folder, holds another kind of pipeline, or one of its files is missing or damaged.
pub fn inspect(folder: &Path) -> Result<ModelEntry, ModelError> {
    if folder.is_file() {
        return models::file::inspect(folder);
    }
    let index = folder.join("model_index.json");
    if !index.is_file() {
        return Err(ModelError::NoIndex { path: folder.to_path_buf() });
    }
    let ClassName { class_name } = read_json(&index)?;
    let is_known = class_name.starts_with("StableDiffusion") || class_name.starts_with("LatentConsistency");
    if !is_known || class_name.starts_with("StableDiffusion3") {
        return Err(ModelError::OtherPipeline { class: class_name, path: folder.to_path_buf() });
    }
    let unet: UnetConfig = read_json(&folder.join("unet").join("config.json"))?;
    let vae: VaeConfig = read_json(&folder.join("vae").join("config.json"))?;
    let scheduler = read_scheduler(&folder.join("scheduler").join("scheduler_config.json"))?;
    let (width, height) = native_size(&unet, &vae, folder)?;
    let few = few_steps(folder, &unet, &scheduler);
    Ok(ModelEntry {
        reference: ModelRef::Folder(folder.to_path_buf()),
        name: models::roots::name_of(folder),
        kind: format!("{}, made for {width}×{height} pixels.", family_of(&class_name, &unet)),
        defaults: ModelDefaults {
            width,
            height,
            guidance: few.map_or(Request::DEFAULT_GUIDANCE, |few| few.guidance),
            steps: few.map_or(Request::DEFAULT_STEPS, |few| few.steps),
            scheduler: scheduler.own_scheduler().ok(),
        },
        examples: Vec::new(),
        draws_emoji: false,
        facts: ModelFacts::of_folder(folder, family_of(&class_name, &unet)),
    })
}

/// What a model wants that was distilled to few steps.
#[derive(Clone, Copy)]
struct FewSteps {
    steps: u32,
    guidance: f64,
}

/// LCM models name their scheduler; whole ones embed their guidance. Turbo models are known by their name (also that of a download cache's folder above)
/// or by what their files alone have: noise prediction at half the family's size with trailing timesteps.
fn few_steps(folder: &Path, unet: &UnetConfig, scheduler: &SchedulerConfig) -> Option<FewSteps> {
    const CACHE_FOLDERS: usize = 3;
    let mut names = folder.iter().rev().take(CACHE_FOLDERS).map(|name| name.to_string_lossy().to_lowercase());
    let is_named_so = names.any(|name| name.contains("turbo") || name.contains("lightning"));
    let text_width = unet.cross_attention_dim.as_ref().and_then(serde_json::Value::as_u64);
    let is_turbo = scheduler.timestep_spacing.as_deref() == Some("trailing")
        && matches!(scheduler.prediction_type.as_deref(), None | Some("epsilon"))
        && matches!(text_width, Some(1024 | 2048))
        && matches!(unet.sample_size, Some(SampleSize::Square(64)));
    match scheduler.own_scheduler() {
        _ if unet.time_cond_proj_dim.is_some() => Some(FewSteps { steps: 4, guidance: Request::EMBEDDED_GUIDANCE }),
        Ok(SchedulerName::Lcm) => Some(FewSteps { steps: 4, guidance: 1.0 }),
        _ if is_named_so || is_turbo => Some(FewSteps { steps: 4, guidance: 0.0 }),
        _ => None,
    }
}

fn native_size(unet: &UnetConfig, vae: &VaeConfig, folder: &Path) -> Result<(u32, u32), ModelError> {
    let (latent_height, latent_width) = match unet.sample_size {
        None => (DEFAULT_SAMPLE_SIZE, DEFAULT_SAMPLE_SIZE),
        Some(SampleSize::Square(side)) => (side, side),
        Some(SampleSize::Sides([height, width])) => (height, width),
    };
    let halvings = vae.block_out_channels.as_ref().map(|blocks| blocks.len().saturating_sub(1) as u32);
    let factor = halvings.map_or(Some(DEFAULT_VAE_FACTOR), |halvings| 1_u64.checked_shl(halvings)).unwrap_or(u64::MAX);
    let (width, height) = (latent_width.saturating_mul(factor), latent_height.saturating_mul(factor));
    let side = |pixels: u64| {
        let allowed = Request::MIN_SIDE_PX..=Request::MAX_SIDE_PX;
        u32::try_from(pixels).ok().filter(|pixels| allowed.contains(pixels))
    };
    side(width).zip(side(height)).ok_or_else(|| ModelError::Size { width, height, path: folder.to_path_buf() })
}

fn family_of(class_name: &str, unet: &UnetConfig) -> String {
    let text_width = unet.cross_attention_dim.as_ref().and_then(serde_json::Value::as_u64);
    let family = match text_width {
        _ if class_name.contains("XL") => "Stable Diffusion XL",
        Some(768) => "Stable Diffusion 1",
        Some(1024) => "Stable Diffusion 2",
        _ => "Stable Diffusion",
    };
    match unet.in_channels {
        Some(9) => format!("{family} for inpainting"),
        Some(8) => format!("{family} that edits pictures by instruction"),
        _ => family.into(),
    }
}

fn read_scheduler(path: &Path) -> Result<SchedulerConfig, ModelError> {
    let text = fs::read_to_string(path).map_err(|source| ModelError::Read { source, path: path.to_path_buf() })?;
    SchedulerConfig::from_json(&text)
        .map_err(|error| ModelError::Scheduler { reason: error.to_string(), path: path.to_path_buf() })
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, ModelError> {
    let bytes = fs::read(path).map_err(|source| ModelError::Read { source, path: path.to_path_buf() })?;
    serde_json::from_slice(&bytes).map_err(|source| ModelError::Json { source, path: path.to_path_buf() })
}

#[cfg(test)]
#[path = "entry_tests.rs"]
mod tests;
