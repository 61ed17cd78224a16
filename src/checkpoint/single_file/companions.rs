//! What a transformer in a file of its own is drawn with: the text encoder and the VAE in the folders that `ComfyUI` has for
//! them, or in its own.

use std::path::{Path, PathBuf};

use super::modern_configs::wanted_beside;
use super::names::Parts;
use super::places::side;
use crate::checkpoint::archive::Archive;

/// `ComfyUI`'s folders of each part, beside that of the transformer.
const FOLDERS: [(&str, &[&str]); 2] =
    [("text_encoder", &["text_encoders", "text_encoder", "clip"]), ("vae", &["vae", "VAE"])];
/// How many levels above the file such folders are looked for: `diffusion_models/z-image/FILE` has them two above.
const LEVELS: usize = 3;
/// Files of a folder whose headers are read.
const MOST_FILES: usize = 200;

/// The first file that has what is missing of `network`, in a form that fits the transformer.
#[must_use]
pub(crate) fn beside(path: &Path, parts: &Parts, network: &str) -> Option<PathBuf> {
    let (width, channels) = wanted_beside(parts)?;
    let (_, names) = FOLDERS.iter().find(|(name, _)| *name == network)?;
    // A name alone has no folder to be looked into.
    let path = &std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let own = path.parent()?;
    let above = own.ancestors().take(LEVELS).flat_map(|level| names.iter().map(move |name| level.join(name)));
    let fits = |file: &PathBuf| {
        if file == path {
            return false;
        }
        let Ok(archive) = Archive::open(file) else { return false };
        let tensors = archive.tensors();
        // A packing that cannot be read: another file beside it may be.
        if tensors.iter().any(|tensor| !tensor.is_read) {
            return false;
        }
        let theirs = Parts::of(&tensors);
        let Some(part) = theirs.networks.get(network) else { return false };
        match network {
            "vae" => side(part, "decoder.conv_in.weight", 1) == Some(channels),
            _ => side(part, "embed_tokens.weight", 1) == Some(width),
        }
    };
    // A folder of its own holds few files; beside a transformer there may lie a hundred checkpoints.
    above.chain(std::iter::once(own.to_owned())).flat_map(|folder| files_in(&folder)).find(fits)
}

/// Files whose headers are short and cheap, by name.
fn files_in(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let is_wanted = |path: &PathBuf| {
        path.extension().is_some_and(|ending| ending == "safetensors" || ending == "gguf") && path.is_file()
    };
    let mut files: Vec<PathBuf> = entries.filter(is_wanted).collect();
    files.sort();
    files.truncate(MOST_FILES);
    files
}

/// Where the files of a language model's tokenizer may lie.
pub(crate) fn tokenizer_places(path: &Path, encoder: Option<&Path>) -> Vec<PathBuf> {
    let path = &std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let folders = [Some(path.as_path()), encoder].into_iter().flatten().filter_map(Path::parent);
    let near = folders.flat_map(|folder| [folder.join("tokenizer"), folder.to_owned()]);
    let above = path.ancestors().skip(2).take(LEVELS - 1).map(|level| level.join("tokenizer"));
    near.chain(above).collect()
}
