//! Words that a LoRA brings along: embeddings in the same file, as kohya's followers and `OneTrainer` bundle them.

use std::collections::BTreeMap;
use std::path::Path;

use crate::checkpoint::archive::{Archive, TensorInfo};
use crate::checkpoint::{CheckpointError, TextualInversion};

const START: &str = "bundle_emb.";

/// What stands after the word, in the forms that embeddings have by themselves.
const PARTS: [&str; 4] = [".string_to_param", ".emb_params", ".clip_l", ".clip_g"];

/// The word, and what its own file would call the tensor.
#[must_use]
pub(super) fn split(name: &str) -> Option<(&str, &str)> {
    let rest = name.strip_prefix(START)?;
    let is_part =
        |at: usize, part: &str| rest[at + part.len()..].is_empty() || rest[at + part.len()..].starts_with('.');
    // A word may have dots; what comes after it is known.
    let known = PARTS.iter().find_map(|part| rest.rfind(part).filter(|at| is_part(*at, part)));
    let at = known.or_else(|| rest.find('.'))?;
    (at > 0).then(|| (&rest[..at], &rest[at + 1..]))
}

/// A file's words with their vectors, and the tensors of those that have none.
type Words = (Vec<(String, TextualInversion)>, Vec<String>);

/// The words of a file.
///
/// # Errors
/// When a number in their vectors is none, or they cannot be read.
pub(super) fn read(path: &Path, archive: &Archive, tensors: &[TensorInfo]) -> Result<Words, CheckpointError> {
    let mut words: BTreeMap<&str, Vec<(String, &TensorInfo)>> = BTreeMap::new();
    for tensor in tensors {
        if let Some((word, inner)) = split(&tensor.name) {
            words.entry(word).or_default().push((inner.to_owned(), tensor));
        }
    }
    let (mut taught, mut left) = (Vec::new(), Vec::new());
    for (word, tensors) in words {
        let names = tensors.iter().map(|(_, tensor)| tensor.name.clone()).collect::<Vec<_>>();
        match TextualInversion::of_tensors(path, archive, tensors)? {
            Some(vectors) => taught.push((word.to_owned(), vectors)),
            None => left.extend(names),
        }
    }
    Ok((taught, left))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_whatever_form_their_vectors_have() {
        for (name, word, inner) in [
            ("bundle_emb.zigzag.string_to_param.*", "zigzag", "string_to_param.*"),
            ("bundle_emb.zig.zag.string_to_param.*", "zig.zag", "string_to_param.*"),
            ("bundle_emb.<zigzag>.emb_params", "<zigzag>", "emb_params"),
            ("bundle_emb.zig zag.clip_g", "zig zag", "clip_g"),
            ("bundle_emb.zigzag.<zigzag>", "zigzag", "<zigzag>"),
        ] {
            assert_eq!(split(name), Some((word, inner)));
        }
        for other in ["bundle_emb.x", "bundle_emb..clip_l", "emb_params", "lora_unet_x.alpha"] {
            assert_eq!(split(other), None, "{other}");
        }
    }
}
