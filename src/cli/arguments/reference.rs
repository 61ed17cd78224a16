//! Pictures that the prompt speaks of.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use crate::job::{Notice, Request};
use crate::store::pictures::picture_file;

#[derive(Debug, Args)]
pub(crate) struct ReferenceArguments {
    /// A picture that the prompt speaks of, for models that read such pictures; up to 4, in their order
    #[arg(long, value_name = "image=FILE", value_parser = file_of)]
    pub reference: Vec<PathBuf>,
}

impl ReferenceArguments {
    pub(crate) fn fill(&self, request: &mut Request, notices: &mut Vec<Notice>) -> Result<(), String> {
        for file in &self.reference {
            let picture = picture_file::read_noting(file, notices).map_err(|error| error.to_string())?;
            request.references.push(Arc::new(picture));
        }
        Ok(())
    }
}

fn file_of(text: &str) -> Result<PathBuf, String> {
    match text.split_once('=') {
        Some(("image", file)) if !file.is_empty() => Ok(file.into()),
        _ => Err("wanted is image=FILE, with the file of the picture".to_owned()),
    }
}
