//! A folder in diffusers' layout as an entry of the list of models.
//!
//! Reads its small JSON files and the headers of its weights, never the weights.

use std::path::Path;

use serde::de::IgnoredAny;

use crate::checkpoint::{
    CheckpointError, ModelFiles, is_supported_class, other_family_of_class, pipeline_class, profile_of,
};
use crate::job::{ModelDefaults, ModelRef};
use crate::store::models::entry::{ModelEntry, ModelError};
use crate::store::models::facts::ModelFacts;
use crate::store::models::scan;

/// Reads what a folder says of itself.
///
/// # Errors
/// When it is no such folder, holds another kind of pipeline, or one of its files is missing or damaged.
pub(crate) fn inspect(folder: &Path) -> Result<ModelEntry, ModelError> {
    if !folder.join("model_index.json").is_file() {
        return Err(ModelError::NoIndex { path: folder.to_path_buf() });
    }
    let files = ModelFiles::Folder(folder.to_path_buf());
    let class = pipeline_class(&files)?;
    if !is_supported_class(&class) {
        if let Some(family) = other_family_of_class(&class) {
            return Err(CheckpointError::OtherFamily { family, path: folder.to_path_buf() }.into());
        }
        return Err(ModelError::OtherPipeline { class, path: folder.to_path_buf() });
    }
    let profile = profile_of(&files)?;
    // A folder without one is half downloaded.
    files.require_json::<IgnoredAny>("vae/config.json", "the VAE's config")?;
    let defaults = profile.defaults();
    let ModelDefaults { width, height, .. } = defaults;
    if profile.native_px != [width, height].map(u64::from) {
        let [width, height] = profile.native_px;
        return Err(ModelError::Size { width, height, path: folder.to_path_buf() });
    }
    Ok(ModelEntry {
        reference: ModelRef::Folder(folder.to_path_buf()),
        name: scan::name_of(folder),
        kind: format!("{}, made for {width}×{height} pixels.", profile.title()),
        defaults,
        examples: Vec::new(),
        draws_emoji: false,
        facts: ModelFacts::of_folder(folder, profile.title()),
    })
}
