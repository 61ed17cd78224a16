//! What a model is, by its small files: its family, what it is given, what it predicts, whether it was distilled
//! to few steps. Each with its reason.

use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use super::few_steps::word_of_few_steps;
use super::{CheckpointError, ModelFiles, UnetConfig};
use crate::job::{Detected, Distillation, Family, ModelInput, ModelProfile};
use crate::sampling::{PredictionChoice, SchedulerConfig, SchedulerName};

/// What diffusers takes where `unet/config.json` has no `sample_size`.
const DEFAULT_SAMPLE_SIZE: u64 = 64;

/// A download cache keeps a model as `models--OWNER--NAME/snapshots/HASH`.
const CACHE_FOLDERS: usize = 3;

/// The context's width of the model that comes with the program; no published family has it.
const BUILT_IN_CONTEXT: u64 = 256;

#[derive(Deserialize)]
struct ClassName {
    #[serde(rename = "_class_name", default)]
    class_name: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum SampleSize {
    Square(u64),
    /// Height, then width.
    Sides([u64; 2]),
}

/// As far as it shows what a model is; [`super::UnetConfig`] is as the network is built.
#[derive(Deserialize)]
struct Unet {
    sample_size: Option<SampleSize>,
    cross_attention_dim: Option<Value>,
    in_channels: Option<usize>,
    time_cond_proj_dim: Option<u64>,
}

#[derive(Deserialize)]
struct Vae {
    block_out_channels: Option<Vec<u64>>,
    latent_channels: Option<usize>,
}

/// The pipeline that a model's index names, as diffusers calls it.
///
/// # Errors
/// When there is no index, or it cannot be read.
pub(crate) fn pipeline_class(files: &ModelFiles) -> Result<String, CheckpointError> {
    Ok(files.require_json::<ClassName>("model_index.json", "model_index.json")?.class_name)
}

/// Whether it is a pipeline that Inkwick draws with.
#[must_use]
pub(crate) fn is_supported_class(class: &str) -> bool {
    let is_known = class.starts_with("StableDiffusion") || class.starts_with("LatentConsistency");
    (is_known && !class.starts_with("StableDiffusion3")) || family_of_transformer(class).is_some()
}

/// The family of a pipeline whose denoiser is a transformer; training to few steps does not show here.
fn family_of_transformer(class: &str) -> Option<Family> {
    match class {
        "ZImagePipeline" | "ZImageImg2ImgPipeline" | "ZImageInpaintPipeline" | "ZImageTransformer2DModel" => {
            Some(Family::ZImage)
        }
        "Flux2KleinPipeline" | "Flux2KleinInpaintPipeline" | "Flux2Transformer2DModel" => Some(Family::Klein),
        _ => None,
    }
}

/// The family as far as it decides which networks there are, by their configs alone.
///
/// # Errors
/// When there is no network of a family that is known.
pub(crate) fn network_family(files: &ModelFiles) -> Result<Family, CheckpointError> {
    if let Some(ClassName { class_name }) = files.read_json("transformer/config.json")? {
        return family_of_transformer(&class_name).ok_or_else(|| CheckpointError::Unsupported {
            field: "_class_name".into(),
            found: format!("{class_name:?}"),
            supported: "only ZImageTransformer2DModel or Flux2Transformer2DModel".to_owned(),
            path: files.path_of("transformer/config.json"),
        });
    }
    Ok(if UnetConfig::read(files)?.added.is_some() { Family::Xl } else { Family::Sd1 })
}

#[derive(Deserialize)]
struct Distilled {
    #[serde(default)]
    is_distilled: bool,
}

/// Of a model whose denoiser is a transformer.
fn profile_of_transformer(files: &ModelFiles, class: &str, base: Family) -> Result<ModelProfile, CheckpointError> {
    let scheduler = scheduler_of(files)?;
    let found = match base {
        Family::Klein => {
            let Distilled { is_distilled } = files.require_json("model_index.json", "model_index.json")?;
            let family = if is_distilled { Family::Klein } else { Family::KleinBase };
            Detected::new(family, format!("its pipeline is {class}, with is_distilled {is_distilled}"))
        }
        _ => z_image_of(files, class, &scheduler),
    };
    let row = found.value.row();
    Ok(ModelProfile {
        input: ModelInput::Plain,
        distillation: None,
        scheduler: scheduler.own_scheduler().ok(),
        native_px: [u64::from(row.native_side_px); 2],
        prediction: Detected::new(row.prediction, "its family goes straight from noise to the picture"),
        latent_channels: row.latent_channels as usize,
        latent_factor: u64::from(row.latent_factor),
        family: found,
    })
}

/// Turbo is known by its name, or by a shift of its levels that is half of the base's.
fn z_image_of(files: &ModelFiles, class: &str, scheduler: &SchedulerConfig) -> Detected<Family> {
    const TURBO_SHIFT: f64 = 3.0;
    let names = names_of(files);
    if let Some(word) = word_of_few_steps(&names) {
        return Detected::new(
            Family::ZImageTurbo,
            format!("its pipeline is {class}, and its name has \"{word}\" in it"),
        );
    }
    match scheduler.shift {
        Some(shift) if shift <= TURBO_SHIFT => Detected::new(
            Family::ZImageTurbo,
            format!("its pipeline is {class}, and its levels are shifted by {shift}"),
        ),
        _ => Detected::new(Family::ZImage, format!("its pipeline is {class}")),
    }
}

/// Reads a model's small files. One without a VAE of its own is taken to want its family's.
///
/// # Errors
/// When one of its configs is missing or cannot be read.
pub fn profile_of(files: &ModelFiles) -> Result<ModelProfile, CheckpointError> {
    let class = pipeline_class(files)?;
    if let Some(base) = family_of_transformer(&class) {
        return profile_of_transformer(files, &class, base);
    }
    let unet: Unet = files.require_json("unet/config.json", "the UNet's config")?;
    let vae = files.read_json::<Vae>("vae/config.json").ok().flatten();
    let scheduler = scheduler_of(files)?;
    let prediction = prediction_of(files, &scheduler);
    let family = family_of(files, &class, &unet, prediction.value);
    let row = family.value.row();
    let latent_channels = vae.as_ref().and_then(|vae| vae.latent_channels).unwrap_or(row.latent_channels as usize);
    let halvings = vae.and_then(|vae| vae.block_out_channels).map(|blocks| blocks.len().saturating_sub(1) as u32);
    let latent_factor =
        halvings.map_or(Some(u64::from(row.latent_factor)), |halvings| 1_u64.checked_shl(halvings)).unwrap_or(u64::MAX);
    let [height, width] = match unet.sample_size {
        None => [DEFAULT_SAMPLE_SIZE; 2],
        Some(SampleSize::Square(side)) => [side; 2],
        Some(SampleSize::Sides(sides)) => sides,
    };
    Ok(ModelProfile {
        input: unet
            .in_channels
            .and_then(|channels| ModelInput::of(channels, latent_channels))
            .unwrap_or(ModelInput::Plain),
        distillation: distillation_of(files, &unet, &scheduler),
        scheduler: scheduler.own_scheduler().ok(),
        native_px: [width, height].map(|side| side.saturating_mul(latent_factor)),
        family,
        prediction,
        latent_channels,
        latent_factor,
    })
}

fn scheduler_of(files: &ModelFiles) -> Result<SchedulerConfig, CheckpointError> {
    const NAME: &str = "scheduler/scheduler_config.json";
    let missing = || CheckpointError::Missing { what: "the scheduler's config", path: files.path_of(NAME) };
    let text = files.read(NAME)?.ok_or_else(missing)?;
    SchedulerConfig::from_json(&String::from_utf8_lossy(&text))
        .map_err(|error| CheckpointError::Unreadable { reason: error.to_string(), path: files.path_of(NAME) })
}

fn prediction_of(files: &ModelFiles, scheduler: &SchedulerConfig) -> Detected<PredictionChoice> {
    let (value, is_written) = match scheduler.prediction_type.as_deref() {
        Some("v_prediction") => (PredictionChoice::Velocity, true),
        Some("sample") => (PredictionChoice::Sample, true),
        Some(_) => (PredictionChoice::Epsilon, true),
        None => (PredictionChoice::Epsilon, false),
    };
    let reason = match files.base() {
        ModelFiles::File(file) => file.prediction_reason(scheduler.prediction_type.as_deref()),
        _ if is_written => "its scheduler's config says so",
        _ => "its scheduler's config does not say, which means noise",
    };
    Detected::new(value, reason)
}

fn family_of(files: &ModelFiles, class: &str, unet: &Unet, prediction: PredictionChoice) -> Detected<Family> {
    let width = unet.cross_attention_dim.as_ref().and_then(Value::as_u64);
    if let ModelFiles::Embedded(_) = files.base() {
        return Detected::new(Family::BuiltIn, "it comes with the program");
    }
    if let ModelFiles::File(file) = files.base() {
        let found = file.family();
        return match (found, width) {
            (Family::Sd1, Some(BUILT_IN_CONTEXT)) => by_width(Family::BuiltIn, BUILT_IN_CONTEXT),
            _ => Detected::new(found, "its tensors' names and shapes are that family's"),
        };
    }
    match width {
        _ if class.contains("XL") => Detected::new(Family::Xl, format!("its pipeline is {class}")),
        Some(width @ 768) => by_width(Family::Sd1, width),
        Some(width @ 1024) if prediction == PredictionChoice::Velocity => by_width(Family::Sd2Velocity, width),
        Some(width @ 1024) => by_width(Family::Sd2, width),
        Some(width @ BUILT_IN_CONTEXT) => by_width(Family::BuiltIn, width),
        _ => Detected::new(Family::Other, "its prompts have a width that no published family has"),
    }
}

fn by_width(family: Family, width: u64) -> Detected<Family> {
    Detected::new(family, format!("its prompts are {width} values a token wide"))
}

/// LCM models name their scheduler; whole ones embed their guidance. Turbo and Lightning models are known by their name,
/// or by what their files alone have: noise prediction at half the family's size with trailing timesteps.
fn distillation_of(files: &ModelFiles, unet: &Unet, scheduler: &SchedulerConfig) -> Option<Detected<Distillation>> {
    if unet.time_cond_proj_dim.is_some() {
        return Some(Detected::new(Distillation::LcmEmbedded, "its UNet embeds the guidance"));
    }
    if scheduler.own_scheduler() == Ok(SchedulerName::Lcm) {
        return Some(Detected::new(Distillation::Lcm, "its own scheduler is LCM's"));
    }
    if let Some(word) = word_of_few_steps(&names_of(files)) {
        return Some(Detected::new(Distillation::Turbo, format!("its name has \"{word}\" in it")));
    }
    let width = unet.cross_attention_dim.as_ref().and_then(Value::as_u64);
    let is_turbo = scheduler.timestep_spacing.as_deref() == Some("trailing")
        && matches!(scheduler.prediction_type.as_deref(), None | Some("epsilon"))
        && matches!(width, Some(1024 | 2048))
        && matches!(unet.sample_size, Some(SampleSize::Square(64)));
    is_turbo.then(|| Detected::new(Distillation::Turbo, "it predicts noise at half its family's size, trailing"))
}

/// What people call a model: the last folders of its path, or a file's name and the title in it.
fn names_of(files: &ModelFiles) -> Vec<String> {
    let text =
        |path: &Path| path.iter().rev().take(CACHE_FOLDERS).map(|name| name.to_string_lossy().into_owned()).collect();
    match files.base() {
        ModelFiles::Folder(folder) => text(folder),
        ModelFiles::File(file) => file.names(),
        ModelFiles::Embedded(_) | ModelFiles::WithLora { .. } => Vec::new(),
    }
}
