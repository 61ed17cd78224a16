//! Which files hold a network's tensors: one, shards, a variant where there is no other, or a part of a checkpoint.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use serde::Deserialize;

use super::archive::{Archive, TensorInfo};
use super::plain_names::plain;
use super::single_file::{TensorSlice, TensorSource};
use super::transformer_names::{TRANSFORMER, transformer_parts};
use super::{CheckpointError, ModelFiles};
use crate::job::Notice;

/// Variants in the order in which they are taken where there is no file without one; any other comes after them.
const VARIANTS: [&str; 4] = ["fp16", "bf16", "fp32", "ema"];

/// What training left beside the averaged weights that are meant for pictures: taken where there is nothing else.
const LAST_VARIANT: &str = "non_ema";

/// The networks of a folder in diffusers' layout, the largest first, and what their safetensors are called.
pub(crate) const NETWORKS: [(&str, &str); 5] = [
    ("unet", "diffusion_pytorch_model"),
    ("transformer", "diffusion_pytorch_model"),
    ("text_encoder_2", "model"),
    ("text_encoder", "model"),
    ("vae", "diffusion_pytorch_model"),
];

#[derive(Deserialize)]
struct ShardIndex {
    weight_map: BTreeMap<String, String>,
}

/// The files that a network is read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Chosen {
    /// By their place in the model, `unet/diffusion_pytorch_model.safetensors`.
    pub files: Vec<String>,
    /// What stands in their names besides the usual: `fp16`; `None` for the plain ones.
    pub variant: Option<String>,
}

/// Which files of a folder in diffusers' layout hold the network: safetensors before `PyTorch`'s, plain names before
/// variants. `stem` is what safetensors are called.
///
/// # Errors
/// When there are none, or an index of shards cannot be read.
pub(crate) fn weight_files(files: &ModelFiles, folder: &str, stem: &str) -> Result<Chosen, CheckpointError> {
    let names = files.names_in(folder);
    // transformers calls its older files otherwise than its newer ones.
    let stems = [(stem, "safetensors"), (stem, "bin"), ("pytorch_model", "bin")];
    for kind in [Kind::Usual, Kind::Odd, Kind::Last] {
        for (stem, ending) in stems {
            for variant in
                variants(&names, stem, ending).into_iter().filter(|variant| Kind::of(variant.as_deref()) == kind)
            {
                if let Some(found) = of_variant(files, folder, &names, (stem, ending, variant.as_deref()))? {
                    return Ok(Chosen { files: found, variant });
                }
            }
        }
    }
    Err(CheckpointError::Missing {
        what: "the weights file",
        path: files.path_of(&format!("{folder}/{stem}.safetensors")),
    })
}

/// Which variants come before others, whatever their format.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Usual,
    Odd,
    Last,
}

impl Kind {
    fn of(variant: Option<&str>) -> Self {
        match variant {
            None => Self::Usual,
            Some(LAST_VARIANT) => Self::Last,
            Some(known) if VARIANTS.contains(&known) => Self::Usual,
            Some(_) => Self::Odd,
        }
    }
}

/// None at all first, then the known ones, then those that the names show.
fn variants(names: &[String], stem: &str, ending: &str) -> Vec<Option<String>> {
    let mut found: Vec<String> = VARIANTS.map(str::to_owned).to_vec();
    for name in names {
        let Some(rest) = name.strip_prefix(stem).and_then(|rest| rest.strip_prefix('.')) else { continue };
        // diffusers puts the variant of an index before the last ending, and so does transformers.
        let index = rest.strip_prefix(&format!("{ending}.index.")).and_then(|rest| rest.strip_suffix(".json"));
        let whole = rest.strip_suffix(&format!(".{ending}"));
        found.extend(index.or(whole).map(|variant| without_number(variant).to_owned()));
    }
    let mut seen = BTreeSet::new();
    found.retain(|variant| !variant.is_empty() && seen.insert(variant.clone()));
    std::iter::once(None).chain(found.into_iter().map(Some)).collect()
}

/// `fp16-00001-of-00002` is a part of `fp16`.
fn without_number(variant: &str) -> &str {
    shard_of(variant).map_or(variant, |(before, ..)| before)
}

/// What stands before the numbers of a shard, its number, and how many there are.
fn shard_of(name: &str) -> Option<(&str, usize, usize)> {
    let (rest, count) = name.rsplit_once("-of-")?;
    let (before, number) = rest.rsplit_once('-')?;
    let is_number = |text: &str| text.len() == 5 && text.bytes().all(|digit| digit.is_ascii_digit());
    if !is_number(number) || !is_number(count) {
        return None;
    }
    Some((before, number.parse().ok()?, count.parse().ok()?))
}

/// One file, the shards of an index, or all numbered shards where the index is missing.
fn of_variant(
    files: &ModelFiles,
    folder: &str,
    names: &[String],
    (stem, ending, variant): (&str, &str, Option<&str>),
) -> Result<Option<Vec<String>>, CheckpointError> {
    let dotted = variant.map(|variant| format!(".{variant}")).unwrap_or_default();
    let single = format!("{stem}{dotted}.{ending}");
    if names.contains(&single) {
        return Ok(Some(vec![format!("{folder}/{single}")]));
    }
    let index = format!("{folder}/{stem}.{ending}.index{dotted}.json");
    if let Some(index) = files.read_json::<ShardIndex>(&index)? {
        let mut shards: Vec<String> = index.weight_map.into_values().map(|shard| format!("{folder}/{shard}")).collect();
        shards.sort();
        shards.dedup();
        return Ok(Some(shards));
    }
    let start = format!("{stem}{dotted}");
    let end = format!(".{ending}");
    let shard = |name: &String| {
        let (before, number, count) = shard_of(name.strip_suffix(&end)?)?;
        (before == start).then(|| (number, count, format!("{folder}/{name}")))
    };
    let mut shards: Vec<(usize, usize, String)> = names.iter().filter_map(shard).collect();
    shards.sort();
    let is_whole =
        shards.iter().enumerate().all(|(at, (number, count, _))| (at + 1, shards.len()) == (*number, *count));
    Ok((!shards.is_empty() && is_whole).then(|| shards.into_iter().map(|(.., name)| name).collect()))
}

/// What is to be said of the files that a folder's networks are read from: where there are only weights that nobody asks
/// for by default.
#[must_use]
pub(crate) fn notices_of(files: &ModelFiles) -> Vec<Notice> {
    let networks = NETWORKS.iter().filter(|_| matches!(files.base(), ModelFiles::Folder(_)));
    let said = networks.filter_map(|(folder, stem)| {
        let variant = weight_files(files, folder, stem).ok()?.variant?;
        if VARIANTS.contains(&variant.as_str()) {
            return None;
        }
        let why = if variant == LAST_VARIANT { ", which training left beside those meant for pictures" } else { "" };
        Some(format!("of {folder} the model has only the weights called {variant}{why}; they are used").into())
    });
    said.collect()
}

/// Our name of a tensor, the number of its archive, where it is in there, and its size in bytes.
pub(crate) type Placed = (String, usize, TensorSource, usize);

/// A network's archives and all tensors in them.
///
/// # Errors
/// When there are none, a file is damaged, or holds numbers of a kind that is not read.
pub(crate) fn sources_of(
    files: &ModelFiles,
    folder: &str,
    stem: &str,
) -> Result<(Vec<Arc<Archive>>, Vec<Placed>), CheckpointError> {
    if let ModelFiles::File(file) = files.base() {
        let part = file.network(folder)?;
        let archive = file.archive_of(folder);
        let tensors: HashMap<String, TensorInfo> =
            archive.tensors().into_iter().map(|tensor| (tensor.name.clone(), tensor)).collect();
        check_precisions(files, folder, part.values().filter_map(|source| tensors.get(&source.name)))?;
        let placed = part.iter().map(|(name, source)| {
            let bytes = tensors.get(&source.name).map_or(0, |tensor| tensor.bytes);
            (name.clone(), 0, source.clone(), source.cut.share_of(bytes as usize))
        });
        return Ok((vec![Arc::clone(archive)], placed.collect()));
    }
    let mut archives = Vec::new();
    let mut placed = Vec::new();
    for (index, name) in weight_files(files, folder, stem)?.files.iter().enumerate() {
        let archive = files.open_archive(name)?;
        let tensors = archive.tensors();
        check_precisions(files, name, tensors.iter())?;
        placed.extend(tensors.into_iter().flat_map(|tensor| {
            let parts = if folder == TRANSFORMER {
                transformer_parts(&plain(&tensor.name), &tensor.shape)
            } else {
                vec![(plain(&tensor.name).into_owned(), TensorSlice::Whole)]
            };
            parts.into_iter().map(move |(ours, cut)| {
                let shape = cut.shape_after(&tensor.shape);
                let source = TensorSource { name: tensor.name.clone(), cut, shape };
                (ours, index, source, cut.share_of(tensor.bytes as usize))
            })
        }));
        archives.push(Arc::new(archive));
    }
    Ok((archives, placed))
}

/// What a network needs and is not read is said before anything is.
fn check_precisions<'a>(
    files: &ModelFiles,
    place: &str,
    tensors: impl Iterator<Item = &'a TensorInfo>,
) -> Result<(), CheckpointError> {
    let unread: Vec<&TensorInfo> = tensors.filter(|tensor| !tensor.is_read).collect();
    let Some(first) = unread.first() else { return Ok(()) };
    let part = place.split('/').next().unwrap_or(place).to_owned();
    let example = format!("{} is {}", first.name, first.precision);
    Err(CheckpointError::UnreadPrecision { count: unread.len(), part, example, path: files.path_of(place) })
}
