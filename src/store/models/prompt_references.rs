//! What a prompt refers to: LoRAs by their tags and embeddings by their names, found among the user's files.

use std::path::{Path, PathBuf};

use crate::job::{EmbeddingRef, ErrorKind, JobError, LoraRef, Notice, PromptSyntax, Request};
use crate::prompt::{find_word, lora_tags};
use crate::store::models::scan::{files_in, is_called, is_root, lies_in, models_under};
use crate::store::paths::Paths;

/// More than any LoRA bears.
pub(crate) const MAX_LORA_WEIGHT: f64 = 100.0;

/// How LoRA files end.
const ENDINGS: [&str; 3] = ["safetensors", "pt", "ckpt"];

/// How embedding files end.
const EMBEDDING_ENDINGS: [&str; 3] = ["safetensors", "pt", "bin"];

/// Why a prompt's LoRA cannot be used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ReferenceError {
    #[error("there is no LoRA {name}; check the name, or put the file into {}", folder.display())]
    NoLora { name: String, folder: PathBuf },
    #[error("the weight of <lora:{name}> must be from -{MAX_LORA_WEIGHT} to {MAX_LORA_WEIGHT}")]
    Weight { name: String },
}

impl From<ReferenceError> for JobError {
    fn from(error: ReferenceError) -> Self {
        let kind = match error {
            ReferenceError::NoLora { .. } => ErrorKind::NotFound,
            ReferenceError::Weight { .. } => ErrorKind::Request,
        };
        Self::caused(kind, error)
    }
}

/// Puts what the prompt's tags name into the request. A LoRA that is listed already keeps its weight there.
/// What of the tags is read otherwise than they say comes back.
///
/// # Errors
/// When a tag names no file, or a weight that no LoRA bears.
pub(crate) fn resolve(request: &mut Request, paths: &Paths) -> Result<Vec<Notice>, ReferenceError> {
    resolve_by(request, paths, |name| find_lora(Path::new(name), paths))
}

/// The same for a prompt that came from elsewhere: a tag is a name among the LoRAs, never a path.
///
/// # Errors
/// As [`resolve`].
#[cfg(feature = "serve")]
pub(crate) fn resolve_names(request: &mut Request, paths: &Paths) -> Result<Vec<Notice>, ReferenceError> {
    resolve_by(request, paths, |name| find_lora_called(name, paths))
}

fn resolve_by(
    request: &mut Request,
    paths: &Paths,
    find: impl Fn(&str) -> Result<PathBuf, ReferenceError>,
) -> Result<Vec<Notice>, ReferenceError> {
    let prompts = [request.prompt.clone(), request.negative.clone().unwrap_or_default()];
    for known in embeddings(paths) {
        let is_wanted = prompts.iter().any(|prompt| find_word(prompt, &known.word).is_some());
        if is_wanted && !request.embeddings.iter().any(|given| given.word.eq_ignore_ascii_case(&known.word)) {
            request.embeddings.push(known);
        }
    }
    if request.prompt_syntax == PromptSyntax::Plain {
        return Ok(Vec::new());
    }
    for tag in lora_tags(&request.prompt) {
        let file = find(&tag.name)?;
        if tag.weight.abs() > MAX_LORA_WEIGHT {
            return Err(ReferenceError::Weight { name: tag.name });
        }
        if !request.loras.iter().any(|lora| lora.file == file) {
            request.loras.push(LoraRef { file, weight: tag.weight });
        }
    }
    Ok(Vec::new())
}

/// A file as given, else one of that name in the LoRA folder or among the models.
///
/// # Errors
/// When there is none.
pub(crate) fn find_lora(name: &Path, paths: &Paths) -> Result<PathBuf, ReferenceError> {
    if name.is_file() {
        return Ok(name.to_owned());
    }
    find_lora_called(&name.to_string_lossy(), paths)
}

/// The file of that name, with or without its ending, in the LoRA folder or among the models; never a path.
///
/// # Errors
/// When there is none.
pub(crate) fn find_lora_called(wanted: &str, paths: &Paths) -> Result<PathBuf, ReferenceError> {
    for folder in lora_folders(paths) {
        if let Some(found) = files_in(&folder, &ENDINGS).into_iter().find(|file| is_called(file, wanted)) {
            return Ok(found);
        }
    }
    let elsewhere = paths.other_folders.iter().filter(|folder| is_root(folder));
    let mut others = elsewhere.flat_map(|folder| models_under(folder)).filter(|file| is_called(file, wanted));
    // A checkpoint may have the same name.
    if let Some(found) = others.find(|file| lies_in(file, "lora") || lies_in(file, "lycoris")) {
        return Ok(found);
    }
    // Whoever fetched a file by its name meant it.
    if let Some(found) =
        models_under(&paths.hub_cache).into_iter().find(|file| file.is_file() && is_called(file, wanted))
    {
        return Ok(found);
    }
    Err(ReferenceError::NoLora { name: wanted.to_owned(), folder: paths.models_folder.join("loras") })
}

/// The word of an embedding file is the file's name.
#[must_use]
pub(crate) fn embedding(file: &Path) -> EmbeddingRef {
    EmbeddingRef { word: file.file_stem().unwrap_or_default().to_string_lossy().into_owned(), file: file.to_owned() }
}

/// The embeddings that a prompt may name.
#[must_use]
pub(crate) fn embeddings(paths: &Paths) -> Vec<EmbeddingRef> {
    let mut found = files_in(&paths.models_folder.join("embeddings"), &EMBEDDING_ENDINGS);
    for folder in paths.other_folders.iter().filter(|folder| is_root(folder)) {
        for name in ["embeddings", "models/embeddings"] {
            found.extend(files_in(&folder.join(name), &EMBEDDING_ENDINGS));
        }
    }
    found.iter().map(|file| embedding(file)).collect()
}

/// The LoRA files that lie where LoRAs are kept, each once.
#[cfg(feature = "serve")]
#[must_use]
pub(crate) fn loras(paths: &Paths) -> Vec<PathBuf> {
    let own = ["loras", "Lora"].into_iter().flat_map(|name| files_in(&paths.models_folder.join(name), &ENDINGS));
    let elsewhere = paths.other_folders.iter().filter(|folder| is_root(folder)).flat_map(|folder| models_under(folder));
    let elsewhere = elsewhere.filter(|file| file.is_file() && (lies_in(file, "lora") || lies_in(file, "lycoris")));
    let mut found: Vec<PathBuf> = own.chain(elsewhere).collect();
    found.sort();
    found.dedup();
    found
}

/// Where LoRAs are looked for.
#[must_use]
pub(crate) fn lora_folders(paths: &Paths) -> Vec<PathBuf> {
    let named = ["loras", "Lora"].into_iter().map(|name| paths.models_folder.join(name));
    named.chain([paths.models_folder.clone()]).collect()
}
