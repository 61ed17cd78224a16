//! Textual inversions: a word that stands for vectors of its own in the text encoders ("An Image is Worth One Word").

use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor};

use super::CheckpointError;
use super::archive::{Archive, TensorInfo};
use crate::job::Family;

/// More tokens than fit into a window.
const MAX_TOKENS: usize = 75;

/// What SDXL's two encoders' vectors are called: by kohya's scripts and everybody since, and by diffusers before.
const PAIR: [[&str; 2]; 2] = [["clip_l", "text_encoders_0"], ["clip_g", "text_encoders_1"]];

/// An open file: AUTOMATIC1111's and the first authors' (`.pt` with `string_to_param`), kohya's (`emb_params`),
/// diffusers' (one tensor named as the word), or SDXL's pair `clip_l` and `clip_g`.
pub struct TextualInversion {
    path: PathBuf,
    /// Name in the file, and `(tokens, width)`.
    vectors: Vec<(String, Tensor)>,
}

impl TextualInversion {
    /// # Errors
    /// When the file is missing, damaged, or holds nothing that could be an embedding.
    pub fn open(path: &Path) -> Result<Self, CheckpointError> {
        let archive = Archive::open(path)?;
        let tensors = archive.tensors();
        if tensors.len() > 16 {
            let reason = "was wanted to teach one word, and this file holds a whole network".to_owned();
            return Err(CheckpointError::Embedding { reason, path: path.to_owned() });
        }
        let own = tensors.iter().map(|tensor| (tensor.name.clone(), tensor)).collect();
        Self::of_tensors(path, &archive, own)?.ok_or_else(|| CheckpointError::Embedding {
            reason: "holds no vectors of words".to_owned(),
            path: path.to_owned(),
        })
    }

    /// One word's tensors in a file that holds more: what its own file would call each, and the tensor. `None` where
    /// none of them could be an embedding.
    ///
    /// # Errors
    /// When a number in them is none, or they cannot be read.
    pub(crate) fn of_tensors(
        path: &Path,
        archive: &Archive,
        tensors: Vec<(String, &TensorInfo)>,
    ) -> Result<Option<Self>, CheckpointError> {
        let mut vectors = Vec::new();
        for (name, tensor) in tensors {
            let (tokens, width) = match tensor.shape[..] {
                [width] => (1, width),
                [tokens, width] | [1, tokens, width] => (tokens, width),
                _ => continue,
            };
            if tokens == 0 || tokens > MAX_TOKENS || width < 2 {
                continue;
            }
            let loaded = archive.load(&tensor.name, &Device::Cpu)?.to_dtype(DType::F32)?.reshape((tokens, width))?;
            let is_finite = loaded.flatten_all()?.to_vec1::<f32>()?.into_iter().all(f32::is_finite);
            if !is_finite {
                let reason = format!(
                    "holds NaN or an infinite number in {}, so it was broken when it was saved; get another version of it",
                    tensor.name
                );
                return Err(CheckpointError::Embedding { reason, path: path.to_owned() });
            }
            vectors.push((name, loaded));
        }
        Ok((!vectors.is_empty()).then(|| Self { path: path.to_owned(), vectors }))
    }

    /// The vectors `(tokens, width)` for an encoder of that width; `place` is its place in a pair.
    ///
    /// # Errors
    /// When the device is out of memory.
    pub fn vectors_for(&self, width: usize, place: Option<usize>) -> Result<Option<Tensor>, CheckpointError> {
        let is_pair = self.is_pair();
        let fitting = self.vectors.iter().find(|(name, vectors)| {
            let is_at = |place: usize| PAIR.get(place).is_some_and(|names| names.contains(&name.as_str()));
            (!is_pair || place.is_none_or(is_at)) && vectors.dim(1).is_ok_and(|found| found == width)
        });
        Ok(fitting.map(|(_, vectors)| vectors.clone()))
    }

    /// Whether the file has a name for each of two encoders.
    fn is_pair(&self) -> bool {
        self.vectors.iter().any(|(name, _)| PAIR.iter().flatten().any(|known| known == name))
    }

    /// Whether it has vectors for the second of two encoders.
    #[must_use]
    pub fn has_second(&self) -> bool {
        self.vectors.iter().any(|(name, _)| PAIR[1].contains(&name.as_str()))
    }

    /// "Stable Diffusion XL", by the widths that published families have; "another kind of model" for others.
    #[must_use]
    pub fn made_for(&self) -> &'static str {
        let widths: Vec<usize> = self.vectors.iter().filter_map(|(_, vectors)| vectors.dim(1).ok()).collect();
        let is_xl = widths.contains(&1280) || self.has_second();
        match widths.first() {
            _ if is_xl => Family::Xl.name(),
            Some(768) => Family::Sd1.name(),
            Some(1024) => Family::Sd2.name(),
            _ => "another kind of model",
        }
    }

    /// The error when no encoder takes it.
    #[must_use]
    pub fn misfit(&self, widths: &str) -> CheckpointError {
        let own: Vec<String> =
            self.vectors.iter().filter_map(|(_, vectors)| vectors.dim(1).ok()).map(|width| width.to_string()).collect();
        let reason = format!(
            "was made for {} (its vectors have {} numbers, the model's {widths}); choose one of its kind",
            self.made_for(),
            own.join(" and ")
        );
        CheckpointError::Embedding { reason, path: self.path.clone() }
    }
}
