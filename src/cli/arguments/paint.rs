//! What is started from: a picture, and the part of it that is repainted.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use super::values::number_in;
use crate::job::{InitPicture, Request};
use crate::store::picture_file;

#[derive(Debug, Args)]
pub struct PaintArguments {
    /// A picture to start from (img2img)
    #[arg(long, value_name = "FILE")]
    pub init: Option<PathBuf>,
    /// How much of that picture is made anew, 0 to 1
    #[arg(long, value_name = "F", default_value_t = 0.75, requires = "init", value_parser = number_in(0.0, 1.0))]
    pub strength: f64,
}

impl PaintArguments {
    pub fn fill(&self, request: &mut Request) -> Result<(), String> {
        if let Some(file) = &self.init {
            let picture = picture_file::read(file).map_err(|error| error.to_string())?;
            request.init = Some(InitPicture { picture: Arc::new(picture), strength: self.strength });
        }
        Ok(())
    }
}
