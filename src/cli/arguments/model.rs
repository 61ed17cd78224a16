//! Which model draws.

use std::path::Path;

use clap::Args;

use crate::job::{ModelRef, Request};
use crate::store::paths::Paths;

#[derive(Debug, Args)]
pub struct ModelArguments {
    /// A model folder in diffusers' layout, or the name of one in the models folder [default: the built-in model]
    #[arg(long, value_name = "NAME|FOLDER")]
    pub model: Option<String>,
}

impl ModelArguments {
    pub fn fill(&self, request: &mut Request, paths: &Paths) -> Result<(), String> {
        if let Some(name) = &self.model {
            request.model = model_of(name, paths)?;
        }
        Ok(())
    }
}

/// A folder as given, else a folder of that name among the models.
fn model_of(name: &str, paths: &Paths) -> Result<ModelRef, String> {
    if name.eq_ignore_ascii_case("built-in") || name.eq_ignore_ascii_case("builtin") {
        return Ok(ModelRef::BuiltIn);
    }
    let given = Path::new(name);
    if given.is_dir() {
        return Ok(ModelRef::Folder(given.to_owned()));
    }
    if given.is_file() {
        return Err(format!("a model is a folder in diffusers' layout, and this is a file: {name}"));
    }
    let known = paths.models_folder.join(name);
    if known.is_dir() {
        return Ok(ModelRef::Folder(known));
    }
    let among = paths.models_folder.display();
    Err(format!(
        "there is no model folder {name}, neither here nor among the models; check --model, or put it into {among}"
    ))
}
