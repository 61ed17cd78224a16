//! A project in one file: all that lies on the canvas, and the prompt panel, in a zip of PNG and JSON files.
//!
//! `mimetype` comes first, so that systems know the file by its first bytes; then `project.json`, `picture.png`,
//! `mask.png` and `layers/1.png`, `layers/1.mask.png`, `layers/2.png`, …, front first. Drawings and masks are grey, pictures in colour. The
//! entries are stored: PNG is packed already. Steps back are not in it; they are the journal's.

mod error;
mod read;
#[cfg(test)]
mod tests;
mod write;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::canvas::{BaseSettings, LayerSettings, Snapshot};
use crate::store::settings::Draft;
use crate::store::words::lora_file::KeptLora;

pub use error::ProjectError;
pub use read::read;
pub use write::write;

/// How a project's file ends.
pub const ENDING: &str = "inkwick";
/// Of what is written. A change that this version could not read makes it higher.
const VERSION: u32 = 2;
const MIME_TYPE: &str = "application/x-inkwick-project";
const MIME_ENTRY: &str = "mimetype";
const MANIFEST_ENTRY: &str = "project.json";
const PICTURE_ENTRY: &str = "picture.png";
const MASK_ENTRY: &str = "mask.png";
/// More than a person keeps in view; beyond is damage.
const MAX_LAYERS: usize = 1024;

/// What a project holds.
#[derive(Clone, Debug)]
pub struct Project {
    /// The prompt panel.
    pub draft: Draft,
    /// Its shelf of LoRAs.
    pub loras: Vec<KeptLora>,
    pub canvas: Snapshot,
}

/// Whether a file is one, by its name.
#[must_use]
pub fn is_name(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case(ENDING))
}

/// A name with a project's ending, whatever a person has written.
#[must_use]
pub fn with_ending(path: PathBuf) -> PathBuf {
    if is_name(&path) {
        return path;
    }
    let mut name = path.into_os_string();
    name.push(format!(".{ENDING}"));
    name.into()
}

/// Where its mask lies.
fn layer_mask_entry(place: usize) -> String {
    format!("layers/{}.mask.png", place + 1)
}

/// Where a layer's pixels lie; `place` counts from the front, from 0.
fn layer_entry(place: usize) -> String {
    format!("layers/{}.png", place + 1)
}

/// All but the pixels.
#[derive(Serialize, Deserialize)]
struct Manifest {
    version: u32,
    /// That wrote it, for a person who looks inside.
    #[serde(default)]
    program: String,
    #[serde(default)]
    draft: Draft,
    #[serde(default)]
    loras: Vec<KeptLora>,
    /// `None` is the empty canvas.
    #[serde(default)]
    canvas: Option<WrittenCanvas>,
}

#[derive(Serialize, Deserialize)]
struct WrittenCanvas {
    width: u32,
    height: u32,
    /// The file that the picture came from, unless it was painted on since.
    #[serde(default)]
    file: Option<PathBuf>,
    #[serde(default)]
    made_here: bool,
    #[serde(default)]
    base: BaseSettings,
    /// Front first.
    #[serde(default)]
    layers: Vec<WrittenLayer>,
}

#[derive(Serialize, Deserialize)]
struct WrittenLayer {
    settings: LayerSettings,
    content: WrittenContent,
    /// Whether it has one of its own, as large as the canvas.
    #[serde(default)]
    has_mask: bool,
}

/// What a layer's PNG file is, with its size in pixels.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WrittenContent {
    Drawing(u32, u32),
    Picture(u32, u32),
}
