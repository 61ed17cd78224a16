//! `inkwick models inspect PICTURE`: how a picture was made, whichever program wrote it.

use std::path::Path;

use serde_json::json;

use crate::store::models;
use crate::store::paths::Paths;
use crate::store::pictures::told;

/// What goes to stdout, and why the command fails all the same.
pub(super) struct Answer {
    pub lines: Vec<String>,
    pub failure: Option<String>,
}

/// `None` for a file that is no picture.
///
/// # Errors
/// When it cannot be read.
pub(super) fn inspect(path: &Path, as_json: bool, paths: &Paths) -> Result<Option<Answer>, String> {
    if !told::is_picture(path) {
        return Ok(None);
    }
    let Some(mut told) = told::read(path).map_err(|error| error.to_string())? else {
        let sentence = "the picture does not say how it was made; take the file as its program saved it, since copies that \
                        other programs make often lose this";
        let line = json!({ "program": null, "request": {}, "notices": [sentence] }).to_string();
        let lines = if as_json { vec![line] } else { Vec::new() };
        return Ok(Some(Answer { lines, failure: Some(format!("{sentence}: {}", path.display())) }));
    };
    // Printed as the picture has it; only what is not here is added.
    let prompt = told.request.prompt.clone();
    models::told_files::find(&mut told, paths);
    told.request.prompt = prompt;
    let lines = if as_json { vec![told.json().to_string()] } else { told.lines() };
    Ok(Some(Answer { lines, failure: None }))
}
