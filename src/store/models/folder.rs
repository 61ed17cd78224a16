//! A folder in diffusers' layout as an entry of the list of models.
//!
//! Reads its small JSON files and the headers of its weights, never the weights.

use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::job::{ModelRef, Request};
use crate::sampling::{SchedulerConfig, SchedulerName};
use crate::store::models::entry::{ModelDefaults, ModelEntry, ModelError};
use crate::store::models::facts::ModelFacts;
use crate::store::models::scan;

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

/// Reads what a folder says of itself.
///
/// # Errors
/// When it is no such folder, holds another kind of pipeline, or one of its files is missing or damaged.
pub(crate) fn inspect(folder: &Path) -> Result<ModelEntry, ModelError> {
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
        name: scan::name_of(folder),
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

/// LCM models name their scheduler; whole ones embed their guidance. Turbo models are known by their name (also that of a
/// download cache's folder above) or by what their files alone have: noise prediction at half the family's size with trailing timesteps.
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
