//! What a prompt refers to: LoRAs by their tags, embeddings by their names and wildcard files, found among the user's
//! files.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::checkpoint::{builtin_loras, inspect_file};
use crate::job::{EmbeddingRef, ErrorKind, JobError, LoraRef, Notice, PromptSyntax, Request};
use crate::prompt::{
    LoraTag, drawn_from, find_word, lora_tags, parse, parts, remarks, remarks_on_negative, remarks_on_region, stages,
    wildcard_names,
};
use crate::store::models::scan::{files_in, is_called, is_root, lies_in, models_under};
use crate::store::models::wildcards;
use crate::store::paths::Paths;

/// More than any LoRA bears.
pub(crate) const MAX_LORA_WEIGHT: f64 = 100.0;

/// How LoRA files end.
const ENDINGS: [&str; 3] = ["safetensors", "pt", "ckpt"];

/// How embedding files end.
const EMBEDDING_ENDINGS: [&str; 3] = ["safetensors", "pt", "bin"];

/// Whose prompt it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tags {
    /// This machine's user's: a tag may name a file by its path.
    PathsToo,
    /// From elsewhere: a tag is a name among the LoRAs.
    #[cfg(feature = "serve")]
    NamesAlone(Unusable),
}

/// What becomes of a tag from elsewhere that cannot be used.
#[cfg(feature = "serve")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unusable {
    Refused,
    /// With a notice.
    LeftOut,
}

impl Tags {
    /// What is said instead of refusing.
    fn left_out(self, error: &ReferenceError) -> Option<String> {
        match (self, error) {
            #[cfg(feature = "serve")]
            (Self::NamesAlone(Unusable::LeftOut), ReferenceError::NoLora { name, .. }) => {
                Some(format!("there is no LoRA {name}, so it was left out"))
            }
            #[cfg(feature = "serve")]
            (Self::NamesAlone(Unusable::LeftOut), ReferenceError::Weight { .. }) => {
                Some(format!("{error}, so it was left out"))
            }
            _ => None,
        }
    }
}

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

/// Makes the prompts' choices for this picture and puts what they then name into the request. A LoRA that is named
/// again adds up. What of the prompts is read otherwise than they say comes back.
///
/// # Errors
/// When a tag names no file, or a weight that no LoRA bears.
pub(crate) fn resolve(request: &mut Request, paths: &Paths) -> Result<Vec<Notice>, ReferenceError> {
    resolve_by(request, paths, Tags::PathsToo)
}

/// The same for a prompt that came from elsewhere: a tag is a name among the LoRAs, never a path.
///
/// # Errors
/// As [`resolve`].
#[cfg(feature = "serve")]
pub(crate) fn resolve_names(
    request: &mut Request,
    paths: &Paths,
    unusable: Unusable,
) -> Result<Vec<Notice>, ReferenceError> {
    resolve_by(request, paths, Tags::NamesAlone(unusable))
}

fn resolve_by(request: &mut Request, paths: &Paths, tags: Tags) -> Result<Vec<Notice>, ReferenceError> {
    drop_byte_order_marks(request);
    (request.drawn_prompt, request.drawn_negative) = (None, None);
    let of_regions = |request: &Request| -> Vec<String> {
        let texts = request.regions.iter().flat_map(|region| [Some(&region.prompt), region.negative.as_ref()]);
        texts.flatten().cloned().collect()
    };
    if request.prompt_syntax == PromptSyntax::Plain {
        let own = [request.prompt.clone(), request.negative.clone().unwrap_or_default()];
        let texts = [&own[..], &of_regions(request)].concat();
        add_embeddings(request, &texts, paths);
        return Ok(Vec::new());
    }
    let negative = request.negative.clone().unwrap_or_default();
    let texts = of_regions(request);
    let all: Vec<&str> = [&request.prompt, &negative].into_iter().chain(&texts).map(String::as_str).collect();
    let lists = wildcards::lists(&all, paths);
    let seed = request.seed;
    let drawn = |text: &str| drawn_from(text, seed, &lists);
    let (prompt, negative) = (drawn(&request.prompt), drawn(&negative));
    let mut said: Vec<String> = Vec::new();
    let of_regions: Vec<String> = texts.iter().map(|text| drawn(text)).collect();
    for name in [&prompt, &negative].into_iter().chain(&of_regions).flat_map(|text| wildcard_names(text)) {
        if !lists.contains_key(&name) {
            let folder = wildcards::own_folder(paths);
            said.push(format!(
                "there is no wildcard file {name}, so __{name}__ stays in the prompt; put {name}.txt into {}",
                folder.display()
            ));
        }
    }
    said.extend(remarks(&prompt));
    said.extend(remarks_on_negative(&negative));
    said.extend(of_regions.iter().flat_map(|text| remarks_on_region(text)));
    for tag in lora_tags(&prompt) {
        match file_of(tag, paths, tags).and_then(within_weight) {
            Ok((tag, file)) => {
                said.extend(tag.remarks);
                request.loras.push(LoraRef::with_weights(file, tag.text_weight, tag.unet_weight));
            }
            Err(error) => said.push(tags.left_out(&error).ok_or(error)?),
        }
    }
    if prompt != request.prompt {
        // What another picture of the batch draws must be there as well.
        for tag in lora_tags(&request.prompt) {
            if let Err(error) = file_of(tag, paths, tags)
                && tags.left_out(&error).is_none()
            {
                return Err(error);
            }
        }
    }
    let steps = request.steps as usize;
    let staged = parts(&prompt, steps).into_iter().flat_map(|part| part.stages).chain(stages(&negative, steps));
    let staged = staged.chain(of_regions.iter().flat_map(|text| stages(text, steps)));
    let pieces = staged.flat_map(|stage| parse(&stage.text).sections).flatten();
    let texts: Vec<String> = pieces.map(|piece| piece.text).collect();
    add_embeddings(request, &texts, paths);
    request.drawn_prompt = Some(prompt).filter(|drawn| *drawn != request.prompt);
    request.drawn_negative =
        Some(negative).filter(|drawn| Some(drawn) != request.negative.as_ref() && !drawn.is_empty());
    for region in &mut request.regions {
        let changed = |text: &String| Some(drawn(text)).filter(|drawn| drawn != text);
        (region.drawn_prompt, region.drawn_negative) =
            (changed(&region.prompt), region.negative.as_ref().and_then(changed));
    }
    let mut seen = BTreeSet::new();
    said.retain(|sentence| seen.insert(sentence.clone()));
    Ok(said.into_iter().map(Notice::from).collect())
}

/// Picture `index` of a batch; `first` is the resolved one of index 0, and `asked` what it came from.
///
/// # Errors
/// As [`resolve`].
pub(crate) fn of_batch(
    asked: &Request,
    first: &Request,
    index: u32,
    paths: &Paths,
) -> Result<(Request, Vec<Notice>), ReferenceError> {
    of_batch_by(asked, first, index, paths, Tags::PathsToo)
}

/// The same for a prompt that came from elsewhere.
///
/// # Errors
/// As [`resolve`].
#[cfg(feature = "serve")]
pub(crate) fn of_batch_names(
    asked: &Request,
    first: &Request,
    index: u32,
    paths: &Paths,
    unusable: Unusable,
) -> Result<(Request, Vec<Notice>), ReferenceError> {
    of_batch_by(asked, first, index, paths, Tags::NamesAlone(unusable))
}

fn of_batch_by(
    asked: &Request,
    first: &Request,
    index: u32,
    paths: &Paths,
    tags: Tags,
) -> Result<(Request, Vec<Notice>), ReferenceError> {
    let of_regions = asked.regions.iter().flat_map(|region| [Some(&region.prompt), region.negative.as_ref()]);
    let is_drawn = [Some(&asked.prompt), asked.negative.as_ref()]
        .into_iter()
        .chain(of_regions)
        .flatten()
        .any(|text| asked.prompt_syntax == PromptSyntax::Weighted && (text.contains('{') || text.contains("__")));
    if index == 0 || !is_drawn {
        return Ok((first.of_batch(index), Vec::new()));
    }
    let mut request = asked.of_batch(index);
    let notices = resolve_by(&mut request, paths, tags)?;
    Ok((request, notices))
}

/// Editors and shells put them before a text; they are no part of its words.
fn drop_byte_order_marks(request: &mut Request) {
    let of_regions = request.regions.iter_mut().flat_map(|region| [Some(&mut region.prompt), region.negative.as_mut()]);
    let texts = [Some(&mut request.prompt), request.negative.as_mut()].into_iter().chain(of_regions).flatten();
    for text in texts {
        text.retain(|letter| letter != '\u{feff}');
    }
}

/// Adds the embeddings whose words stand in one of the texts.
fn add_embeddings(request: &mut Request, texts: &[String], paths: &Paths) {
    for known in embeddings(paths) {
        let is_wanted = texts.iter().any(|text| find_word(text, &known.word).is_some());
        if is_wanted && !request.embeddings.iter().any(|given| given.word.eq_ignore_ascii_case(&known.word)) {
            request.embeddings.push(known);
        }
    }
}

/// The tag's file. Where more than numbers stand behind the name, they may be a part of it.
fn file_of(tag: LoraTag, paths: &Paths, tags: Tags) -> Result<(LoraTag, PathBuf), ReferenceError> {
    let find = |name: &str| match tags {
        Tags::PathsToo => find_lora(Path::new(name), paths),
        #[cfg(feature = "serve")]
        Tags::NamesAlone(_) => find_lora_called(name, paths),
    };
    for longer in tag.longer_names() {
        if let Ok(file) = find(&longer.name) {
            return Ok((longer, file));
        }
    }
    let file = find(&tag.name)?;
    Ok((tag, file))
}

/// The tag again, unless no LoRA bears its weight.
fn within_weight((tag, file): (LoraTag, PathBuf)) -> Result<(LoraTag, PathBuf), ReferenceError> {
    if tag.unet_weight.abs().max(tag.text_weight.abs()) > MAX_LORA_WEIGHT {
        return Err(ReferenceError::Weight { name: tag.name });
    }
    Ok((tag, file))
}

/// A file as given, else one of that name in the LoRA folder or among the models, folders before it or not; else one
/// that has the name inside, as the scripts that train LoRAs write it.
///
/// # Errors
/// When there is none.
pub(crate) fn find_lora(name: &Path, paths: &Paths) -> Result<PathBuf, ReferenceError> {
    if name.is_file() {
        return Ok(name.to_owned());
    }
    find_lora_called(&name.to_string_lossy(), paths)
}

/// As [`find_lora`], by name alone.
///
/// # Errors
/// When there is none.
pub(crate) fn find_lora_called(wanted: &str, paths: &Paths) -> Result<PathBuf, ReferenceError> {
    let own: Vec<Vec<PathBuf>> = lora_folders(paths).iter().map(|folder| files_in(folder, &ENDINGS)).collect();
    if let Some(found) = own.iter().find_map(|files| nearest(files, wanted)) {
        return Ok(found.clone());
    }
    let elsewhere = paths.other_folders.iter().filter(|folder| is_root(folder));
    // A checkpoint may have the same name.
    let is_lora = |file: &PathBuf| lies_in(file, "lora") || lies_in(file, "lycoris");
    let others: Vec<PathBuf> = elsewhere.flat_map(|folder| models_under(folder)).filter(is_lora).collect();
    if let Some(found) = nearest(&others, wanted) {
        return Ok(found.clone());
    }
    // Whoever fetched a file by its name meant it.
    let fetched: Vec<PathBuf> = models_under(&paths.hub_cache).into_iter().filter(|file| file.is_file()).collect();
    if let Some(found) = nearest(&fetched, wanted) {
        return Ok(found.clone());
    }
    let called = |file: &&PathBuf| own_name(file).is_some_and(|own| own.eq_ignore_ascii_case(wanted));
    if let Some(found) = own.iter().flatten().chain(&others).find(called) {
        return Ok(found.clone());
    }
    if let Some(found) = paths.other_loras.called(wanted) {
        return Ok(found);
    }
    if let Some(found) = nearest(&builtin_loras(), wanted) {
        return Ok(found.clone());
    }
    Err(ReferenceError::NoLora { name: wanted.to_owned(), folder: paths.models_folder.join("loras") })
}

/// Of the files with this name the one in the fewest folders.
fn nearest<'a>(files: &'a [PathBuf], name: &str) -> Option<&'a PathBuf> {
    files.iter().filter(|file| is_called_below(file, name)).min_by_key(|file| file.components().count())
}

/// Whether a file has this name, with or without its ending and with folders before it by either slash.
fn is_called_below(file: &Path, name: &str) -> bool {
    let mut parts = name.split(['/', '\\']).filter(|part| !part.is_empty() && *part != ".").rev();
    let Some(last) = parts.next() else { return false };
    let mut folders = file.parent().into_iter().flat_map(|parent| parent.iter().rev());
    is_called(file, last)
        && parts.all(|part| folders.next().is_some_and(|own| own.to_string_lossy().eq_ignore_ascii_case(part)))
}

/// The name that a LoRA was trained under.
fn own_name(file: &Path) -> Option<String> {
    let is_safetensors = file.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("safetensors"));
    let name = is_safetensors.then(|| inspect_file(file).ok())??.metadata.remove("ss_output_name")?;
    Some(name.trim().to_owned()).filter(|name| !name.is_empty())
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

/// The LoRA files that lie where LoRAs are kept, each once, and behind them those that come with the program.
#[must_use]
pub(crate) fn loras(paths: &Paths) -> Vec<PathBuf> {
    let own = ["loras", "Lora"].into_iter().flat_map(|name| files_in(&paths.models_folder.join(name), &ENDINGS));
    let elsewhere = paths.other_folders.iter().filter(|folder| is_root(folder)).flat_map(|folder| models_under(folder));
    let elsewhere = elsewhere.filter(|file| file.is_file() && (lies_in(file, "lora") || lies_in(file, "lycoris")));
    let mut found: Vec<PathBuf> = own.chain(elsewhere).collect();
    found.sort();
    found.dedup();
    found.extend(builtin_loras());
    found
}

/// Where LoRAs are looked for.
#[must_use]
pub(crate) fn lora_folders(paths: &Paths) -> Vec<PathBuf> {
    let named = ["loras", "Lora"].into_iter().map(|name| paths.models_folder.join(name));
    named.chain([paths.models_folder.clone()]).collect()
}

#[cfg(test)]
#[path = "prompt_references_tests.rs"]
mod tests;
