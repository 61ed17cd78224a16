//! Which model draws, and with which adapters.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::job::{LoraRef, ModelRef, Request};
use crate::store::models;
use crate::store::models::prompt_references::MAX_LORA_WEIGHT;
use crate::store::paths::Paths;

#[derive(Debug, Args)]
#[command(next_help_heading = "Model")]
pub(crate) struct ModelArguments {
    /// A model folder in diffusers' layout, a checkpoint file, or the name of one in the models folder [default: the built-in model]
    #[arg(long, value_name = "NAME|PATH")]
    pub model: Option<String>,
    /// Draws with this VAE instead of the model's own
    #[arg(long, value_name = "FILE")]
    pub vae: Option<PathBuf>,
    #[allow(clippy::doc_markdown)] // Shown as help.
    /// Adds a LoRA to the model, WEIGHT times; may be given several times, and adds up
    ///
    /// WEIGHT is 1 when left out, and negative for the opposite. FILE:TEXT:UNET has a weight for the text encoders and one
    /// for the UNet
    #[arg(long, value_name = "FILE:WEIGHT", value_parser = lora_text, allow_hyphen_values = true)]
    pub lora: Vec<String>,
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
            request.loras.push(lora_of(lora, paths)?);
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

fn lora_text(text: &str) -> Result<String, String> {
    if text.is_empty() || text.starts_with(':') {
        return Err("allowed is FILE or FILE:WEIGHT".to_owned());
    }
    // What stands behind the last colon is a weight, a path behind a drive's colon, or a part of a file's name.
    let behind = text.rsplit_once(':').map(|(_, behind)| behind).filter(|behind| !behind.contains(['/', '\\']));
    let is_found = || Paths::of_this_machine().is_ok_and(|paths| lora_of(text, &paths).is_ok());
    if behind.is_some_and(|behind| weight_of(behind).is_none()) && !is_found() {
        return Err(format!(
            "after the colon a weight from -{MAX_LORA_WEIGHT} to {MAX_LORA_WEIGHT}, or a file of that name"
        ));
    }
    Ok(text.to_owned())
}

/// `FILE`, `FILE:WEIGHT` or `FILE:TEXT:UNET`; a file may have colons in its name.
fn lora_of(text: &str, paths: &Paths) -> Result<LoraRef, String> {
    let find = |name: &str| models::prompt_references::find_lora(Path::new(name), paths);
    let whole = match find(text) {
        Ok(file) => return Ok(LoraRef::new(file, 1.0)),
        Err(error) => error.to_string(),
    };
    // A drive's colon is followed by a path, not by a number.
    let last_colon = |text: &str| text.rfind(':').filter(|colon| !text[colon + 1..].contains(['/', '\\']));
    let Some(colon) = last_colon(text) else { return Err(whole) };
    let (name, last) = (&text[..colon], weight_of(&text[colon + 1..]));
    if let (Some(weight), Ok(file)) = (last, find(name)) {
        return Ok(LoraRef::new(file, weight));
    }
    if let (Some(colon), Some(unet)) = (last_colon(name), last)
        && let Some(text_weight) = weight_of(&name[colon + 1..])
    {
        let file = find(&name[..colon]).map_err(|error| error.to_string())?;
        return Ok(LoraRef::with_weights(file, text_weight, unet));
    }
    if last.is_none() {
        let most = MAX_LORA_WEIGHT;
        return Err(format!(
            "after the colon of --lora {text} a weight from -{most} to {most}, or a file of that name"
        ));
    }
    Err(find(name).err().map_or(whole, |error| error.to_string()))
}

fn weight_of(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|weight: &f64| weight.is_finite() && weight.abs() <= MAX_LORA_WEIGHT)
}

/// A folder or file as given, else one of that name among the models.
fn model_of(name: &str, paths: &Paths) -> Result<ModelRef, String> {
    if let Some(model) = ModelRef::built_in_called(name) {
        return Ok(model);
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

#[cfg(test)]
mod tests {
    // Names with colons, which Windows does not allow.
    #[cfg(unix)]
    #[test]
    fn a_lora_may_have_colons_in_its_name_and_two_weights() {
        use super::*;

        let home = tempfile::tempdir().unwrap();
        let paths = Paths::under(home.path());
        let folder = paths.models_folder.join("loras");
        std::fs::create_dir_all(&folder).unwrap();
        for name in ["plain.safetensors", "style:v2.safetensors", "a:0.5.safetensors"] {
            std::fs::write(folder.join(name), "").unwrap();
        }
        for (text, name, (text_weight, unet)) in [
            ("plain", "plain", (1.0, 1.0)),
            ("plain:-0.5", "plain", (-0.5, -0.5)),
            ("plain.safetensors:0:1", "plain", (0.0, 1.0)),
            ("style:v2.safetensors", "style:v2", (1.0, 1.0)),
            ("style:v2", "style:v2", (1.0, 1.0)),
            ("style:v2.safetensors:0.7", "style:v2", (0.7, 0.7)),
            ("style:v2:0.7:0.2", "style:v2", (0.7, 0.2)),
            ("a:0.5", "a:0.5", (1.0, 1.0)),
            ("a:0.5:2", "a:0.5", (2.0, 2.0)),
        ] {
            let found = lora_of(text, &paths).unwrap();
            assert_eq!(found.file, folder.join(format!("{name}.safetensors")), "{text}");
            assert_eq!(found.weights(), (text_weight, unet), "{text}");
        }
        for (text, said) in [
            ("plain:x", "a weight from -100 to 100"),
            ("plain:101", "a weight from -100 to 100"),
            ("none:0.5", "there is no LoRA none;"),
            ("none:0.5:1", "there is no LoRA none;"),
            ("none", "there is no LoRA none;"),
        ] {
            let refused = lora_of(text, &paths).unwrap_err();
            assert!(refused.contains(said), "{text}: {refused}");
        }
    }
}
