//! The small model that comes with the program: inside the binary, or, in a build without it, in a folder nearby.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use super::CheckpointError;
use super::folder::{EmbeddedFiles, embedded_file, file_on_disk};

/// The name inside the model, and the bytes that the linker puts into read-only pages.
#[cfg(feature = "embedded-model")]
macro_rules! embedded {
    ($folder:literal: $($name:literal),* $(,)?) => {
        &[$(($name, include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/builtin/", $folder, $name)))),*]
    };
}

#[cfg(feature = "embedded-model")]
static EMBEDDED: Option<EmbeddedFiles> = Some(embedded!["model/":
    "latent_rgb.json",
    "model_index.json",
    "scheduler/scheduler_config.json",
    "text_encoder/config.json",
    "text_encoder/model.safetensors",
    "tokenizer/tokenizer.json",
    "tokenizer/tokenizer_config.json",
    "unet/config.json",
    "unet/diffusion_pytorch_model.safetensors",
    "vae/config.json",
    "vae/diffusion_pytorch_model.safetensors",
]);

/// What makes it draw in four steps: a LoRA, and the sampler that this wants.
#[cfg(feature = "embedded-model")]
static FOUR_STEPS: Option<EmbeddedFiles> =
    Some(embedded!["four-steps/": "lora.safetensors", "scheduler/scheduler_config.json"]);

#[cfg(not(feature = "embedded-model"))]
static EMBEDDED: Option<EmbeddedFiles> = None;
#[cfg(not(feature = "embedded-model"))]
static FOUR_STEPS: Option<EmbeddedFiles> = None;

/// The adapter that follows a drawing.
#[cfg(feature = "embedded-model")]
static SCRIBBLE: Option<EmbeddedFiles> =
    Some(embedded!["": "scribble/config.json", "scribble/diffusion_pytorch_model.safetensors"]);

#[cfg(not(feature = "embedded-model"))]
static SCRIBBLE: Option<EmbeddedFiles> = None;

/// LoRAs of styles.
const STYLES: [&str; 2] = ["styles/flat-icon.safetensors", "styles/pixel-art.safetensors"];

#[cfg(feature = "embedded-model")]
static ADDITIONS: Option<EmbeddedFiles> =
    Some(embedded!["": "styles/flat-icon.safetensors", "styles/pixel-art.safetensors"]);

#[cfg(not(feature = "embedded-model"))]
static ADDITIONS: Option<EmbeddedFiles> = None;

/// Where what is inside the program seems to lie: the path that windows, lists and pictures have for it.
pub(super) const SEEMING_FOLDER: &str = "built-in model";

/// The LoRAs that come with the program, by paths as files have them; none in a build that finds them nowhere.
#[must_use]
pub fn builtin_loras() -> Vec<PathBuf> {
    STYLES.into_iter().filter_map(addition).collect()
}

fn addition(name: &str) -> Option<PathBuf> {
    match BuiltinFiles::inside_or_near(ADDITIONS, "", name).ok()? {
        BuiltinFiles::Embedded(_) => Some(Path::new(SEEMING_FOLDER).join(name)),
        BuiltinFiles::Folder(folder) => Some(folder.join(name)),
    }
}

/// How large a weights file is, on a disk or inside the program; 0 where there is none.
#[must_use]
pub fn weights_bytes(path: &Path) -> u64 {
    let inside = addition_at(path).map(|bytes| bytes.len() as u64);
    inside.unwrap_or_else(|| std::fs::metadata(path).map_or(0, |file| file.len()))
}

/// The bytes behind such a path, where they are inside the program.
pub(super) fn addition_at(path: &Path) -> Option<&'static [u8]> {
    let inside = path.strip_prefix(SEEMING_FOLDER).ok()?;
    let name = inside.iter().map(|part| part.to_str()).collect::<Option<Vec<_>>>()?.join("/");
    embedded_file(ADDITIONS?, &name)
}

/// The folder of the built-in networks, beside the program or in its sources, that has `file`.
fn folder_nearby(file: &str) -> Result<PathBuf, CheckpointError> {
    let beside = std::env::current_exe().ok().and_then(|program| Some(program.parent()?.join("builtin")));
    let places = [beside, Some(PathBuf::from("assets/builtin"))];
    places.into_iter().flatten().find(|folder| folder.join(file).is_file()).ok_or_else(|| CheckpointError::Missing {
        what: "the built-in model (this build does not carry it inside)",
        path: Path::new("assets/builtin").join(file),
    })
}

/// Where the built-in model's files are.
pub(crate) enum BuiltinFiles {
    Embedded(EmbeddedFiles),
    Folder(PathBuf),
}

impl BuiltinFiles {
    /// # Errors
    /// In a build without the model, when no folder with it is found.
    pub(crate) fn find() -> Result<Self, CheckpointError> {
        Self::inside_or_near(EMBEDDED, "model", "model_index.json")
    }

    /// The few files that make it draw in four steps.
    ///
    /// # Errors
    /// As [`Self::find`].
    pub(crate) fn find_four_steps() -> Result<Self, CheckpointError> {
        Self::inside_or_near(FOUR_STEPS, "four-steps", "lora.safetensors")
    }

    /// `telling` is a file that the folder must have.
    fn inside_or_near(inside: Option<EmbeddedFiles>, folder: &str, telling: &str) -> Result<Self, CheckpointError> {
        if let Some(files) = inside {
            return Ok(Self::Embedded(files));
        }
        let place = |file: &str| if folder.is_empty() { file.to_owned() } else { format!("{folder}/{file}") };
        Ok(Self::Folder(folder_nearby(&place(telling))?.join(folder)))
    }

    /// The scribble adapter, in a folder of its own called `scribble`.
    ///
    /// # Errors
    /// In a build without the model, when no folder with it is found.
    pub(crate) fn find_scribble() -> Result<Self, CheckpointError> {
        Self::inside_or_near(SCRIBBLE, "", "scribble/config.json")
    }

    /// The whole file, or `None` when there is none.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub(crate) fn read(&self, name: &str) -> Result<Option<Cow<'static, [u8]>>, CheckpointError> {
        match self {
            Self::Embedded(files) => Ok(embedded_file(files, name).map(Cow::Borrowed)),
            Self::Folder(folder) => file_on_disk(folder, name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::{FileKind, inspect_file};

    #[test]
    fn what_comes_with_the_program_is_read_by_its_path_like_any_file() {
        let loras = builtin_loras();
        let names: Vec<_> = loras.iter().filter_map(|path| path.file_stem()?.to_str()).collect();
        assert_eq!(names, ["flat-icon", "pixel-art"]);
        for path in &loras {
            let report = inspect_file(path).unwrap();
            assert_eq!((report.kind, report.unmatched), (FileKind::Lora, Vec::new()), "{}", path.display());
            assert!(weights_bytes(path) > report.bytes, "{}", path.display());
        }
        let missing = Path::new(SEEMING_FOLDER).join("styles/ink.safetensors");
        assert!(inspect_file(&missing).is_err());
    }
}
