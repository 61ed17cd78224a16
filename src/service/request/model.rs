//! Which model draws, and with which adapters: by name alone.

use serde_json::Value;

use crate::job::{LoraRef, ModelRef, Request};
use crate::service::catalogue::{Catalogue, stem};
use crate::service::fields::{FieldError, Fields};
use crate::store::models::prompt_references::MAX_LORA_WEIGHT;

/// More than a picture bears.
const MAX_ADAPTERS: usize = 64;
/// Names that an error lists.
const LISTED: usize = 12;

pub(super) fn fill(request: &mut Request, fields: &mut Fields, catalogue: &Catalogue) -> Result<(), FieldError> {
    if let Some(name) = fields.text("model")? {
        request.model = model_called(&name, catalogue)?;
    }
    if let Some(name) = fields.text("vae")? {
        let names = || catalogue.list().vaes.iter().map(|file| stem(file)).collect();
        request.vae = Some(catalogue.vae(&name).ok_or_else(|| unknown("vae", &name, names(), "/v1/vaes"))?);
    }
    for (index, item) in fields.list("loras", MAX_ADAPTERS)?.into_iter().enumerate() {
        let lora = lora(item, &format!("loras[{index}]"), catalogue)?;
        request.loras.push(lora);
    }
    for (index, item) in fields.list("embeddings", MAX_ADAPTERS)?.into_iter().enumerate() {
        let place = format!("embeddings[{index}]");
        let Value::String(name) = item else {
            return Err(FieldError::new(&place, format!("{place} must be a name; GET /v1/embeddings lists them")));
        };
        let known = catalogue.embeddings();
        let found = known.iter().find(|known| known.word.eq_ignore_ascii_case(&name)).cloned();
        let names = || known.iter().map(|known| known.word.clone()).collect();
        request.embeddings.push(found.ok_or_else(|| unknown(&place, &name, names(), "/v1/embeddings"))?);
    }
    Ok(())
}

/// # Errors
/// Lists what there is.
pub(in crate::service) fn model_called(name: &str, catalogue: &Catalogue) -> Result<ModelRef, FieldError> {
    let names = || catalogue.list().entries.iter().map(|entry| entry.name.clone()).collect();
    catalogue.model(name).ok_or_else(|| unknown("model", name, names(), "/v1/models"))
}

/// `"name"` or `{"name", "weight", "text_weight"}`: the last is the text encoders' own.
fn lora(item: Value, place: &str, catalogue: &Catalogue) -> Result<LoraRef, FieldError> {
    let (name, weight, text_weight) = match item {
        Value::String(name) => (name, None, None),
        other => {
            let mut fields = Fields::of(other, &format!("{place}."))?;
            let name = fields.text("name")?;
            let weight = fields.number("weight", -MAX_LORA_WEIGHT, MAX_LORA_WEIGHT)?;
            let text_weight = fields.number("text_weight", -MAX_LORA_WEIGHT, MAX_LORA_WEIGHT)?;
            fields.finish()?;
            let missing = || FieldError::new(place, format!("{place} must have a name; GET /v1/loras lists them"));
            (name.ok_or_else(missing)?, weight, text_weight)
        }
    };
    let names = || catalogue.loras().iter().map(|file| stem(file)).collect();
    let file = catalogue.lora(&name).ok_or_else(|| unknown(place, &name, names(), "/v1/loras"))?;
    let weight = weight.unwrap_or(1.0);
    Ok(LoraRef::with_weights(file, text_weight.unwrap_or(weight), weight))
}

/// Nothing here has that name; `known` are some that there are.
pub(in crate::service) fn unknown(field: &str, name: &str, known: Vec<String>, list: &str) -> FieldError {
    let name: String = name.chars().filter(|letter| !letter.is_control()).take(80).collect();
    let more = if known.len() > LISTED { ", …" } else { "" };
    let listed: Vec<String> = known.into_iter().take(LISTED).collect();
    let allowed = if listed.is_empty() {
        "the server has none".to_owned()
    } else {
        format!("allowed are {}{more}", listed.join(", "))
    };
    FieldError::new(field, format!("{field}: there is nothing called {name}; {allowed} (GET {list} lists all)"))
}
