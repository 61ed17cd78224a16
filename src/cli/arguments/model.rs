//! Which model draws, and what is laid over it.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::job::{ModelRef, Request};
use crate::store::models::CHECKPOINT_ENDINGS;
use crate::store::paths::Paths;

#[derive(Debug, Args)]
pub struct ModelArguments {
    /// A model folder in diffusers' layout, a checkpoint file, or the name of one in the models folder [default: the built-in model]
    #[arg(long, value_name = "NAME|FOLDER|FILE")]
    pub model: Option<String>,
    /// Draws with this VAE instead of the model's own
    #[arg(long, value_name = "FILE")]
    pub vae: Option<PathBuf>,
}

impl ModelArguments {
    pub fn fill(&self, request: &mut Request, paths: &Paths) -> Result<(), String> {
        if let Some(name) = &self.model {
            request.model = model_of(name, paths)?;
        }
        if let Some(file) = &self.vae {
            if !file.is_file() {
                return Err(format!("there is no VAE file {}; check --vae", file.display()));
            }
            request.vae = Some(file.clone());
        }
        Ok(())
    }
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
    for ending in CHECKPOINT_ENDINGS {
        let file = paths.models_folder.join(format!("{name}.{ending}"));
        if file.is_file() {
            return Ok(ModelRef::File(file));
        }
    }
    let among = paths.models_folder.display();
    Err(format!("there is no model {name}, neither here nor among the models; check --model, or put it into {among}"))
}
