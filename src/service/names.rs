//! A request that goes to another machine names files, and never says where they lie.

use std::path::{Path, PathBuf};

use super::catalogue::{Catalogue, stem};
use super::fields::FieldError;
use super::request::{model_called, unknown};
use crate::job::{Control, ControlNetworkRef, EmbeddingRef, LoraRef, ModelRef, Reference, ReferenceAdapter, Request};
use crate::store::models::extras::{find_control, find_image_adapter};
use crate::store::models::prompt_references::MAX_LORA_WEIGHT;
use crate::store::models::scan::name_of;

/// Each file by its name: where a machine keeps its files is not for others.
#[must_use]
pub(super) fn without_paths(request: Request) -> Request {
    let name = |path: &Path| PathBuf::from(name_of(path));
    let model = match &request.model {
        ModelRef::Folder(path) => ModelRef::Folder(name(path)),
        ModelRef::File(path) => ModelRef::File(name(path)),
        built_in => built_in.clone(),
    };
    let vae = request.vae.as_deref().map(name);
    let loras = request.loras.iter().map(|lora| LoraRef { file: name(&lora.file), ..lora.clone() });
    let embeddings = request.embeddings.iter();
    let embeddings = embeddings.map(|one| EmbeddingRef { word: one.word.clone(), file: name(&one.file) });
    let controls = request.controls.iter().map(|control| match &control.network {
        ControlNetworkRef::Scribble => control.clone(),
        ControlNetworkRef::Path(path) => Control { network: ControlNetworkRef::Path(name(path)), ..control.clone() },
    });
    let controls = controls.collect();
    let references = request.references.iter().map(|reference| {
        let adapter = reference.adapter.as_ref();
        let adapter = adapter.map(|adapter| ReferenceAdapter { file: name(&adapter.file), encoder: None });
        Reference { adapter, ..reference.clone() }
    });
    let references = references.collect();
    Request { model, vae, loras: loras.collect(), embeddings: embeddings.collect(), controls, references, ..request }
}

/// The control networks that another machine named.
///
/// # Errors
/// Names what is not here.
pub(super) fn controls_here(mut controls: Vec<Control>, catalogue: &Catalogue) -> Result<Vec<Control>, FieldError> {
    for control in &mut controls {
        if let ControlNetworkRef::Path(path) = &control.network {
            let missing = || FieldError::new("controls", format!("there is no control network {} here", stem(path)));
            let found = called(path, |name| find_control(name, catalogue.paths())).ok_or_else(missing)?;
            control.network = ControlNetworkRef::Path(found);
        }
    }
    Ok(controls)
}

/// The same of the adapters that references go through.
///
/// # Errors
/// Names what is not here.
pub(super) fn references_here(
    mut references: Vec<Reference>,
    catalogue: &Catalogue,
) -> Result<Vec<Reference>, FieldError> {
    for adapter in references.iter_mut().filter_map(|reference| reference.adapter.as_mut()) {
        let missing = || FieldError::new("references", format!("there is no adapter {} here", stem(&adapter.file)));
        let file = called(&adapter.file, |name| find_image_adapter(name, catalogue.paths())).ok_or_else(missing)?;
        *adapter = ReferenceAdapter { file, encoder: None };
    }
    Ok(references)
}

/// The model that another machine named.
///
/// # Errors
/// Lists what there is.
pub(super) fn model_here(model: &ModelRef, catalogue: &Catalogue) -> Result<ModelRef, FieldError> {
    match model {
        ModelRef::Folder(path) | ModelRef::File(path) => model_called(&path.to_string_lossy(), catalogue),
        built_in => Ok(built_in.clone()),
    }
}

/// The other way: each name among this machine's files.
///
/// # Errors
/// Names what is not here.
pub(super) fn found_here(mut request: Request, catalogue: &Catalogue) -> Result<Request, FieldError> {
    request.model = model_here(&request.model, catalogue)?;
    if let Some(file) = request.vae.take() {
        let missing = || unknown("vae", &stem(&file), Vec::new(), "/v1/vaes");
        request.vae = Some(called(&file, |name| catalogue.vae(name)).ok_or_else(missing)?);
    }
    for lora in &mut request.loras {
        let missing = || unknown("loras", &stem(&lora.file), Vec::new(), "/v1/loras");
        lora.file = called(&lora.file, |name| catalogue.lora(name)).ok_or_else(missing)?;
        let (text, unet) = lora.weights();
        // NaN as well.
        if !(text.abs() <= MAX_LORA_WEIGHT && unet.abs() <= MAX_LORA_WEIGHT) {
            let sentence = format!("a LoRA's weight must be from -{MAX_LORA_WEIGHT} to {MAX_LORA_WEIGHT}");
            return Err(FieldError::new("loras", sentence));
        }
    }
    request.references = references_here(std::mem::take(&mut request.references), catalogue)?;
    request.controls = controls_here(std::mem::take(&mut request.controls), catalogue)?;
    let known = if request.embeddings.is_empty() { Vec::new() } else { catalogue.embeddings() };
    for embedding in &mut request.embeddings {
        let found = known.iter().find(|known| known.word.eq_ignore_ascii_case(&embedding.word));
        let missing = || unknown("embeddings", &embedding.word, Vec::new(), "/v1/embeddings");
        embedding.file = found.ok_or_else(missing)?.file.clone();
    }
    Ok(request)
}

/// By the whole name, or without its ending: the same file may end otherwise here.
fn called(file: &Path, find: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    find(&file.to_string_lossy()).or_else(|| find(&stem(file)))
}
