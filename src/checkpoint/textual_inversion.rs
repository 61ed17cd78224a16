//! Textual inversions: a word that stands for vectors of its own in the text encoders ("An Image is Worth One Word").

use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor};

use super::CheckpointError;
use super::archive::Archive;

/// More tokens than fit into a window.
const MAX_TOKENS: usize = 75;

/// An open file: AUTOMATIC1111's (`.pt` with `string_to_param`, `.safetensors` with `emb_params`), diffusers' (one
/// tensor named as the word), or SDXL's pair `clip_l` and `clip_g`.
pub struct TextualInversion {
    path: PathBuf,
    /// Name in the file, and `(tokens, width)`.
    vectors: Vec<(String, Tensor)>,
}

impl TextualInversion {
    /// # Errors
    /// When the file is missing, damaged, or holds nothing that could be an embedding.
    pub fn open(path: &Path) -> Result<Self, CheckpointError> {
        let refused = |reason: &str| CheckpointError::Embedding { reason: reason.to_owned(), path: path.to_owned() };
        let archive = Archive::open(path)?;
        let tensors = archive.tensors();
        if tensors.len() > 16 {
            return Err(refused("was wanted to teach one word, and this file holds a whole network"));
        }
        let mut vectors = Vec::new();
        for tensor in tensors {
            let (tokens, width) = match tensor.shape[..] {
                [width] => (1, width),
                [tokens, width] => (tokens, width),
                _ => continue,
            };
            if tokens == 0 || tokens > MAX_TOKENS || width < 2 {
                continue;
            }
            let loaded = archive.load(&tensor.name, &Device::Cpu)?.to_dtype(DType::F32)?.reshape((tokens, width))?;
            vectors.push((tensor.name, loaded));
        }
        if vectors.is_empty() {
            return Err(refused("holds no vectors of words"));
        }
        Ok(Self { path: path.to_owned(), vectors })
    }

    /// The vectors `(tokens, width)` for an encoder of that width; `place` is its place in a pair.
    ///
    /// # Errors
    /// When the device is out of memory.
    pub fn vectors_for(&self, width: usize, place: Option<usize>) -> Result<Option<Tensor>, CheckpointError> {
        let wanted = ["clip_l", "clip_g"];
        let is_pair = self.vectors.iter().any(|(name, _)| wanted.contains(&name.as_str()));
        let fitting = self.vectors.iter().find(|(name, vectors)| {
            let is_mine = !is_pair || place.is_none_or(|place| wanted.get(place) == Some(&name.as_str()));
            is_mine && vectors.dim(1).is_ok_and(|found| found == width)
        });
        Ok(fitting.map(|(_, vectors)| vectors.clone()))
    }

    /// The error when no encoder takes it.
    #[must_use]
    pub fn misfit(&self, widths: &str) -> CheckpointError {
        let own: Vec<String> =
            self.vectors.iter().filter_map(|(_, vectors)| vectors.dim(1).ok()).map(|width| width.to_string()).collect();
        let reason = format!(
            "was made for another kind of model (its vectors have {} numbers, the model's {widths}); choose one of its kind",
            own.join(" and ")
        );
        CheckpointError::Embedding { reason, path: self.path.clone() }
    }
}
