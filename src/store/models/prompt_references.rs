//! What a prompt names besides words: LoRAs by their tags and embeddings by their names, found among the user's files.

use std::path::{Path, PathBuf};

use crate::job::{EmbeddingRef, LoraRef, PromptSyntax, Request};
use crate::prompt::{find_word, lora_tags};
use crate::store::models;
use crate::store::models::extras::lies_in;
use crate::store::paths::Paths;

/// More than any LoRA bears.
pub const MAX_LORA_WEIGHT: f64 = 100.0;

/// How LoRA files end.
const ENDINGS: [&str; 3] = ["safetensors", "pt", "ckpt"];

/// How embedding files end.
const EMBEDDING_ENDINGS: [&str; 3] = ["safetensors", "pt", "bin"];

/// How deep folders of files are searched.
const MAX_DEPTH: usize = 4;

/// Puts what the prompt's tags name into the request. A LoRA that is listed already keeps its weight there.
///
/// # Errors
/// One sentence when a tag names no file.
pub fn resolve(request: &mut Request, paths: &Paths) -> Result<(), String> {
    let prompts = [request.prompt.clone(), request.negative.clone().unwrap_or_default()];
    for known in embeddings(paths) {
        let is_wanted = prompts.iter().any(|prompt| find_word(prompt, &known.word).is_some());
        if is_wanted && !request.embeddings.iter().any(|given| given.word.eq_ignore_ascii_case(&known.word)) {
            request.embeddings.push(known);
        }
    }
    if request.prompt_syntax == PromptSyntax::Plain {
        return Ok(());
    }
    for tag in lora_tags(&request.prompt) {
        let file = find_lora(Path::new(&tag.name), paths)?;
        if tag.weight.abs() > MAX_LORA_WEIGHT {
            return Err(format!(
                "the weight of <lora:{}> must be from -{MAX_LORA_WEIGHT} to {MAX_LORA_WEIGHT}",
                tag.name
            ));
        }
        if !request.loras.iter().any(|lora| lora.file == file) {
            request.loras.push(LoraRef { file, weight: tag.weight });
        }
    }
    Ok(())
}

/// A file as given, else one of that name in the LoRA folder or among the models.
///
/// # Errors
/// One sentence when there is none.
pub fn find_lora(name: &Path, paths: &Paths) -> Result<PathBuf, String> {
    if name.is_file() {
        return Ok(name.to_owned());
    }
    let wanted = name.to_string_lossy();
    for folder in lora_folders(paths) {
        if let Some(found) = find(&folder, &wanted, &ENDINGS, MAX_DEPTH) {
            return Ok(found);
        }
    }
    let elsewhere = paths.other_folders.iter().filter(|folder| models::roots::is_root(folder));
    let named = |file: &Path| file.file_stem().is_some_and(|stem| stem.to_string_lossy().eq_ignore_ascii_case(&wanted));
    let mut others = elsewhere.flat_map(|folder| models::roots::models_under(folder));
    // A checkpoint may have the same name.
    if let Some(found) = others.find(|file| named(file) && (lies_in(file, "lora") || lies_in(file, "lycoris"))) {
        return Ok(found);
    }
    let folder = paths.models_folder.join("loras");
    Err(format!("there is no LoRA {wanted}; check the name, or put the file into {}", folder.display()))
}

/// The word of an embedding file is the file's name.
#[must_use]
pub fn embedding(file: &Path) -> EmbeddingRef {
    EmbeddingRef { word: file.file_stem().unwrap_or_default().to_string_lossy().into_owned(), file: file.to_owned() }
}

/// The embeddings that a prompt may name.
#[must_use]
pub fn embeddings(paths: &Paths) -> Vec<EmbeddingRef> {
    let mut found = Vec::new();
    files_in(&paths.models_folder.join("embeddings"), &EMBEDDING_ENDINGS, MAX_DEPTH, &mut found);
    for folder in paths.other_folders.iter().filter(|folder| models::roots::is_root(folder)) {
        for name in ["embeddings", "models/embeddings"] {
            files_in(&folder.join(name), &EMBEDDING_ENDINGS, MAX_DEPTH, &mut found);
        }
    }
    found.iter().map(|file| embedding(file)).collect()
}

/// Where LoRAs are looked for.
#[must_use]
pub fn lora_folders(paths: &Paths) -> Vec<PathBuf> {
    let named = ["loras", "Lora"].into_iter().map(|name| paths.models_folder.join(name));
    named.chain([paths.models_folder.clone()]).collect()
}

/// A file called `name`, with or without one of the endings.
fn find(folder: &Path, name: &str, endings: &[&str], depth: usize) -> Option<PathBuf> {
    let mut files = Vec::new();
    files_in(folder, endings, depth, &mut files);
    let same =
        |part: Option<&std::ffi::OsStr>| part.is_some_and(|part| part.to_string_lossy().eq_ignore_ascii_case(name));
    files.into_iter().find(|path| same(path.file_stem()) || same(path.file_name()))
}

/// The files with one of the endings, in `folder` and some folders further down, by name. Links to folders are not
/// followed, so that none leads in a circle.
pub fn files_in(folder: &Path, endings: &[&str], depth: usize, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = std::fs::read_dir(folder).into_iter().flatten().flatten().collect();
    entries.sort_by_key(std::fs::DirEntry::file_name);
    let has_ending = |path: &Path| {
        path.extension().is_some_and(|found| endings.iter().any(|ending| found.eq_ignore_ascii_case(ending)))
    };
    found.extend(entries.iter().map(std::fs::DirEntry::path).filter(|path| has_ending(path) && path.is_file()));
    for entry in entries.iter().filter(|entry| depth > 0 && entry.file_type().is_ok_and(|kind| kind.is_dir())) {
        files_in(&entry.path(), endings, depth - 1, found);
    }
}
