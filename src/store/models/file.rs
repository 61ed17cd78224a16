//! A checkpoint file as an entry of the list of models; other files are filed where they belong.

use std::path::{Path, PathBuf};
use std::{fs, io};

use serde_json::Value;

use crate::checkpoint::{FileKind, ModelFiles, inspect_file};
use crate::job::{ModelRef, Request};
use crate::sampling::SchedulerConfig;
use crate::store::models::entry::{ModelDefaults, ModelEntry, ModelError};
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
    let number = |config: &Option<Value>, field: &str| config.as_ref().and_then(|config| config[field].as_u64());
    let unet = files.read_json::<Value>("unet/config.json")?;
    // A file without a VAE gets one whose factor is the usual.
    let vae = files.read_json::<Value>("vae/config.json").ok().flatten();
    let has_vae = vae.is_some();
    let halvings = vae
        .and_then(|vae| vae["block_out_channels"].as_array().map(Vec::len))
        .map_or(3, |blocks| blocks.saturating_sub(1));
    let side = number(&unet, "sample_size").unwrap_or(64).saturating_mul(1 << halvings.min(16));
    let side = side.clamp(u64::from(Request::MIN_SIDE_PX), u64::from(Request::MAX_SIDE_PX)) as u32;
    let scheduler = files.read("scheduler/scheduler_config.json")?;
    let scheduler = scheduler.and_then(|text| SchedulerConfig::from_json(&String::from_utf8_lossy(&text)).ok());
    let embeds_guidance = number(&unet, "time_cond_proj_dim").is_some();
    let family = report.family.clone().unwrap_or_else(|| "Stable Diffusion".to_owned());
    let facts = ModelFacts::of_file(path, family.clone(), &report);
    let vae = if has_vae { "" } else { ", without a VAE" };
    Ok(ModelEntry {
        reference: ModelRef::File(path.to_path_buf()),
        name: path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned(),
        kind: format!("{family}, made for {side}×{side} pixels, {}{vae}.", report.precision),
        defaults: ModelDefaults {
            width: side,
            height: side,
            guidance: if embeds_guidance { Request::EMBEDDED_GUIDANCE } else { Request::DEFAULT_GUIDANCE },
            steps: if embeds_guidance { 4 } else { Request::DEFAULT_STEPS },
            scheduler: scheduler.and_then(|config| config.own_scheduler().ok()),
        },
        examples: Vec::new(),
        draws_emoji: false,
        facts,
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
