//! Which files hold a network's tensors: one, shards, half precision where there is no other, or a part of a checkpoint.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde::Deserialize;

use super::archive::Archive;
use super::folder::embedded_file;
use super::single_file::{TensorSlice, TensorSource};
use super::{CheckpointError, ModelFiles};

#[derive(Deserialize)]
struct ShardIndex {
    weight_map: BTreeMap<String, String>,
}

/// Which files hold the weights, full precision first.
fn weight_files(files: &ModelFiles, folder: &str, stem: &str) -> Result<Vec<String>, CheckpointError> {
    for (single, index) in [
        (format!("{folder}/{stem}.safetensors"), format!("{folder}/{stem}.safetensors.index.json")),
        (format!("{folder}/{stem}.fp16.safetensors"), format!("{folder}/{stem}.safetensors.index.fp16.json")),
    ] {
        if files.has(&single) {
            return Ok(vec![single]);
        }
        if let Some(index) = files.read_json::<ShardIndex>(&index)? {
            let mut shards: Vec<String> =
                index.weight_map.into_values().map(|shard| format!("{folder}/{shard}")).collect();
            shards.sort();
            shards.dedup();
            return Ok(shards);
        }
    }
    if [stem, "pytorch_model"].iter().any(|stem| files.has(&format!("{folder}/{stem}.bin"))) {
        return Err(CheckpointError::PickleOnly(files.path_of(folder)));
    }
    Err(CheckpointError::Missing {
        what: "the weights file",
        path: files.path_of(&format!("{folder}/{stem}.safetensors")),
    })
}

fn open_archive(files: &ModelFiles, name: &str) -> Result<Archive, CheckpointError> {
    let path = files.path_of(name);
    if let ModelFiles::Embedded(list) = files {
        let bytes = embedded_file(list, name)
            .ok_or_else(|| CheckpointError::Missing { what: "a weights file", path: path.clone() })?;
        return Archive::embedded(bytes, &path);
    }
    Archive::open(&path)
}

/// Our name of a tensor, the number of its archive, where it is in there, and its size in bytes.
pub(crate) type Placed = (String, usize, TensorSource, usize);

/// A network's archives and all tensors in them.
///
/// # Errors
/// When there are none, or a file is damaged.
pub(crate) fn sources_of(
    files: &ModelFiles,
    folder: &str,
    stem: &str,
) -> Result<(Vec<Arc<Archive>>, Vec<Placed>), CheckpointError> {
    if let ModelFiles::File(file) = files {
        let part = file.network(folder)?.iter();
        let archive = file.archive_of(folder);
        let sizes: HashMap<String, u64> =
            archive.tensors().into_iter().map(|tensor| (tensor.name, tensor.bytes)).collect();
        let placed = part.map(|(name, source)| {
            let parts = if matches!(source.cut, TensorSlice::Third(_)) { 3 } else { 1 };
            (name.clone(), 0, source.clone(), sizes.get(&source.name).copied().unwrap_or(0) as usize / parts)
        });
        return Ok((vec![Arc::clone(archive)], placed.collect()));
    }
    let mut archives = Vec::new();
    let mut placed = Vec::new();
    for (index, name) in weight_files(files, folder, stem)?.iter().enumerate() {
        let archive = open_archive(files, name)?;
        placed.extend(archive.tensors().into_iter().map(|tensor| {
            let source = TensorSource { name: tensor.name.clone(), cut: TensorSlice::Whole, shape: tensor.shape };
            (tensor.name, index, source, tensor.bytes as usize)
        }));
        archives.push(Arc::new(archive));
    }
    Ok((archives, placed))
}
