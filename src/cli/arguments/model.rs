//! Which model draws, and with which adapters.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::job::{LoraRef, ModelRef, Request};
use crate::store::models;
use crate::store::models::prompt_references::MAX_LORA_WEIGHT;
use crate::store::paths::Paths;

#[derive(Debug, Args)]
pub(crate) struct ModelArguments {
    /// A model folder in diffusers' layout, a checkpoint file, or the name of one in the models folder [default: the built-in model]
    #[arg(long, value_name = "NAME|FOLDER|FILE")]
    pub model: Option<String>,
    /// Draws with this VAE instead of the model's own
    #[arg(long, value_name = "FILE")]
    pub vae: Option<PathBuf>,
    /// Adds a LoRA to the model, WEIGHT times (1 when left out, negative for the opposite); may be given several times
    #[arg(long, value_name = "FILE:WEIGHT", value_parser = lora_of, allow_hyphen_values = true)]
    pub lora: Vec<LoraRef>,
    /// Teaches the model the word that the file is called (textual inversion); those in the embeddings folder are known already
    #[arg(long, value_name = "FILE")]
    pub embedding: Vec<PathBuf>,
}

impl ModelArguments {
    pub(crate) fn fill(&self, request: &mut Request, paths: &Paths) -> Result<(), String> {
        if let Some(name) = &self.model {
            request.model = model_of(name, paths)?;
        }
        if let Some(file) = &self.vae {
            if !file.is_file() {
                return Err(format!("there is no VAE file {}; check --vae", file.display()));
            }
            request.vae = Some(file.clone());
        }
        for lora in &self.lora {
            let file = models::prompt_references::find_lora(&lora.file, paths).map_err(|error| error.to_string())?;
            request.loras.push(LoraRef { file, weight: lora.weight });
        }
        for file in &self.embedding {
            if !file.is_file() {
                return Err(format!("there is no embedding file {}; check --embedding", file.display()));
            }
            request.embeddings.push(models::prompt_references::embedding(file));
        }
        Ok(())
    }
}

/// `FILE` or `FILE:WEIGHT`.
fn lora_of(text: &str) -> Result<LoraRef, String> {
    let (file, weight) = match text.rsplit_once(':') {
        // A drive's colon is followed by a path, not by a number.
        Some((file, weight)) if !weight.contains(['/', '\\']) => (file, weight.trim()),
        _ => (text, "1"),
    };
    let weight = weight.parse::<f64>().ok().filter(|weight| weight.is_finite() && weight.abs() <= MAX_LORA_WEIGHT);
    let weight =
        weight.ok_or_else(|| format!("after the colon a weight from -{MAX_LORA_WEIGHT} to {MAX_LORA_WEIGHT}"))?;
    if file.is_empty() {
        return Err("allowed is FILE or FILE:WEIGHT".to_owned());
    }
    Ok(LoraRef { file: PathBuf::from(file), weight })
}

/// A folder or file as given, else one of that name among the models.
fn model_of(name: &str, paths: &Paths) -> Result<ModelRef, String> {
    if name.eq_ignore_ascii_case("built-in") || name.eq_ignore_ascii_case("builtin") {
        return Ok(ModelRef::BuiltIn);
    }
    let among = paths.models_folder.join(name);
    for path in [Path::new(name), &among] {
        if path.is_dir() {
            return Ok(ModelRef::Folder(path.to_owned()));
        }
        if path.is_file() {
            return Ok(ModelRef::File(path.to_owned()));
        }
    }
    if let Some(found) = models::extras::find(name, paths) {
        return Ok(if found.is_dir() { ModelRef::Folder(found) } else { ModelRef::File(found) });
    }
    let among = paths.models_folder.display();
    Err(format!("there is no model {name}, neither here nor among the models; check --model, or put it into {among}"))
}
