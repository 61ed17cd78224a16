//! The one place that turns JSON into `job::Request`s: strict, by name, with what is allowed in every refusal.

mod control;
mod model;
mod paint;
mod reference;
mod region;
mod sampling;
mod task;

use serde_json::{Value, json};

pub(super) use control::preprocessed;
pub(super) use model::{model_called, unknown};
pub(super) use task::read_task;

use super::catalogue::Catalogue;
use super::fields::{FieldError, Fields, Kind};
use super::options::ServiceOptions;
use crate::engine::{EngineHandle, check_size, defaults_of, fit};
use crate::job::{AttentionMode, Compute, Notice, PromptSyntax, Request};
use crate::store::models::prompt_references::{self, ReferenceError, Unusable};

/// What is wanted of a request, by the names.
const OPERATIONS: [&str; 3] = ["image_generation", "image_transform", "image_inpaint"];

/// Of a prompt: many times what a model reads, choices and stages included.
pub(super) const MOST_LETTERS: usize = 50_000;

/// What becomes of a value that cannot be done as it stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// It is refused.
    Strict,
    /// What only the model cannot do comes to the nearest that it can, with a notice.
    Fitted,
    /// The same, and a LoRA that a prompt names and that is not here is left out, with a notice.
    Lenient,
}

/// What was asked for.
pub(super) struct Asked {
    /// One for each picture.
    pub requests: Vec<Request>,
    /// What is read otherwise than it was asked.
    pub notices: Vec<Notice>,
    /// Whether the stream shows each step's picture.
    pub previews: bool,
}

/// Reads a job's body. Looks at the disk and unpacks pictures: to be called on a thread that may wait.
///
/// # Errors
/// Names the first field that is wrong, and what is allowed.
pub(super) fn read(
    body: Value,
    manner: Manner,
    catalogue: &Catalogue,
    options: &ServiceOptions,
) -> Result<Asked, FieldError> {
    let mut fields = Fields::of(body, "")?;
    let Filled { operation, count, previews, mut request, mut notices } = filled(&mut fields, catalogue, options)?;
    fields.finish()?;
    check_operation(operation, &request)?;
    if manner != Manner::Strict {
        notices.extend(fit(&mut request).into_iter().map(Notice::from));
    }
    check(&request)?;
    let unusable = if manner == Manner::Lenient { Unusable::LeftOut } else { Unusable::Refused };
    let paths = catalogue.paths();
    let mut first = request.clone();
    let found = prompt_references::resolve_names(&mut first, paths, unusable).map_err(|error| of_reference(&error))?;
    notices.extend(found);
    let mut requests = Vec::with_capacity(count as usize);
    for index in 0..count {
        let one = prompt_references::of_batch_names(&request, &first, index, paths, unusable);
        let (one, more) = one.map_err(|error| of_reference(&error))?;
        notices.extend(more.into_iter().filter(|notice| !notices.contains(notice)).collect::<Vec<_>>());
        requests.push(one);
    }
    Ok(Asked { requests, notices, previews })
}

/// Every field that a job may have, as [`read`] reads it.
///
/// # Errors
/// None: nothing is given that could be wrong.
pub(super) fn known_fields(
    catalogue: &Catalogue,
    options: &ServiceOptions,
) -> Result<Vec<(&'static str, Kind)>, FieldError> {
    let mut fields = Fields::of(json!({"prompt": ""}), "")?;
    filled(&mut fields, catalogue, options)?;
    Ok(fields.known().to_vec())
}

/// A body's fields, each by itself.
struct Filled {
    operation: Option<&'static str>,
    count: u32,
    previews: bool,
    request: Request,
    notices: Vec<Notice>,
}

fn filled(fields: &mut Fields, catalogue: &Catalogue, options: &ServiceOptions) -> Result<Filled, FieldError> {
    let operation = fields.one_of("operation", &OPERATIONS, |id| OPERATIONS.into_iter().find(|known| *known == id))?;
    let count = fields.small("count", 1, EngineHandle::QUEUE_LENGTH as u32)?.unwrap_or(1);
    let previews = fields.flag("previews")?.unwrap_or(true);
    let words = prompt(fields, "prompt")?;
    let mut request = Request {
        prompt: words.ok_or_else(|| FieldError::new("prompt", "prompt must be given: a text"))?,
        negative: prompt(fields, "negative_prompt")?,
        ..Request::default()
    };
    if let Some(syntax) = fields.one_of("prompt_syntax", &["weighted", "plain"], by_name::<PromptSyntax>)? {
        request.prompt_syntax = syntax;
    }
    request.clip_skip = fields.small("clip_skip", 1, 12)?;
    model::fill(&mut request, fields, catalogue)?;
    sampling::fill(&mut request, fields, defaults_of)?;
    request.compute = compute(fields)?;
    let mut notices = Vec::new();
    paint::fill(&mut request, fields, options, &mut notices)?;
    control::fill(&mut request, fields, (catalogue, options), &mut notices)?;
    region::fill(&mut request, fields, options, &mut notices)?;
    reference::fill(&mut request, fields, (catalogue, options), &mut notices)?;
    Ok(Filled { operation, count, previews, request, notices })
}

fn prompt(fields: &mut Fields, name: &'static str) -> Result<Option<String>, FieldError> {
    let text = fields.text(name)?;
    let letters = text.as_ref().map_or(0, |text| text.chars().count());
    if letters > MOST_LETTERS {
        let field = format!("{}{name}", fields.place());
        let sentence = format!("{field} may have up to {MOST_LETTERS} characters, found {letters}");
        return Err(FieldError::new(field, sentence));
    }
    Ok(text)
}

fn compute(fields: &mut Fields) -> Result<Compute, FieldError> {
    let mut compute = Compute::default();
    if let Some(text) = fields.text("attention")? {
        let mode = text.parse::<AttentionMode>();
        compute.attention = mode.map_err(|allowed| FieldError::new("attention", format!("attention: {allowed}")))?;
    }
    if let Some(tiling) = fields.one_of("vae_tiling", &["auto", "on", "off"], by_name)? {
        compute.vae_tiling = tiling;
    }
    if let Some(memory) = fields.one_of("memory", &["auto", "low", "high"], by_name)? {
        compute.memory = memory;
    }
    Ok(compute)
}

fn check_operation(operation: Option<&str>, request: &Request) -> Result<(), FieldError> {
    let refuse = |field: &str, sentence: &str| Err(FieldError::new(field, sentence));
    match (operation, request.init.is_some(), request.mask.is_some()) {
        (Some("image_generation"), true, _) => refuse(
            "operation",
            "image_generation starts from no picture; leave init_image out, or ask for image_transform",
        ),
        (Some("image_transform"), false, _) => refuse("init_image", "image_transform needs init_image"),
        (Some("image_transform"), true, true) => refuse(
            "operation",
            "image_transform changes the whole picture; leave mask_image out, or ask for image_inpaint",
        ),
        (Some("image_inpaint"), false, _) => refuse("init_image", "image_inpaint needs init_image"),
        (Some("image_inpaint"), true, false) => refuse("mask_image", "image_inpaint needs mask_image, or extend"),
        _ => Ok(()),
    }
}

/// By the name that settings and command line have.
fn by_name<T: serde::de::DeserializeOwned>(name: &str) -> Option<T> {
    serde_json::from_value(name.into()).ok()
}

fn of_reference(error: &ReferenceError) -> FieldError {
    match error {
        // Where the server keeps its files is not for others.
        ReferenceError::NoLora { name, .. } => {
            FieldError::new("prompt", format!("there is no LoRA {name}; GET /v1/loras lists what there is"))
        }
        ReferenceError::Weight { .. } => FieldError::new("prompt", error.to_string()),
    }
}

fn check(request: &Request) -> Result<(), FieldError> {
    request.validate().map_err(|error| FieldError::new(field_of(&error), error.to_string()))?;
    check_size(request).map_err(|error| FieldError::new(error.side, error.to_string()))
}

/// Which field a contradiction is about.
fn field_of(error: &crate::job::RequestError) -> &'static str {
    use crate::job::RequestError;
    match error {
        RequestError::Steps { .. } => "steps",
        RequestError::Guidance { .. } => "guidance_scale",
        RequestError::Side { side, .. } => side,
        RequestError::Strength { .. } => "strength",
        RequestError::Share { .. } => "guidance_rescale",
        RequestError::Sampling(_) => "sigmas",
        RequestError::ImageGuidance { .. } => "image_guidance",
        RequestError::MaskWithoutPicture | RequestError::MaskSize { .. } => "mask_image",
        RequestError::Pixels { .. } => "mask_blur",
        RequestError::Reference(_) => "references",
        RequestError::UpscaleFactor { .. } | RequestError::UpscaledSize { .. } => "upscaling_resize",
        RequestError::Control(_) => "controls",
        RequestError::Region(_) => "regions",
    }
}
