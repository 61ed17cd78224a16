//! Translates what OpenAI's clients send into the fields of our own interface.

use serde_json::{Map, Value};

use super::output::{Format, Output};
use super::refused::Refused;
use crate::job::Request;
use crate::service::catalogue::Catalogue;

/// Pictures of one request.
const MOST_PICTURES: u64 = 10;
/// Fields of our own interface that are passed on as they are: other servers' clients send them too.
const OWN: [&str; 14] = [
    "negative_prompt",
    "steps",
    "guidance_scale",
    "seed",
    "scheduler",
    "sigmas",
    "strength",
    "loras",
    "vae",
    "clip_skip",
    "inpaint_area",
    "padding",
    "mask_blur",
    "masked_content",
];
/// Models that clients name when nobody has chosen one.
const THEIRS: [&str; 4] = ["gpt-image", "dall-e", "chatgpt-image", "auto"];

/// What a client asked for.
pub(super) struct Translated {
    /// For `request::read`.
    pub fields: Map<String, Value>,
    pub notices: Vec<String>,
    pub output: Output,
    pub by_url: bool,
    pub stream: bool,
    pub partial_images: u32,
}

pub(super) fn translated(body: &Map<String, Value>, catalogue: &Catalogue) -> Result<Translated, Refused> {
    let mut notices = Vec::new();
    let mut fields = Map::new();
    let prompt = text(body, "prompt").filter(|prompt| !prompt.is_empty());
    let prompt = prompt.ok_or_else(|| Refused::field("prompt", "prompt must be given: a text"))?;
    fields.insert("prompt".into(), prompt.into());
    if let Some(count) = whole(body, "n", 1, MOST_PICTURES)? {
        fields.insert("count".into(), count.into());
    }
    if let Some((width, height)) = size(body)? {
        fields.insert("width".into(), width.into());
        fields.insert("height".into(), height.into());
    }
    if let Some(name) = text(body, "model").filter(|name| !name.is_empty()) {
        if catalogue.model(name).is_some() {
            fields.insert("model".into(), name.into());
        } else if THEIRS.iter().any(|known| name.starts_with(known)) {
            notices.push("that model is not here; the built-in one was taken".to_owned());
        } else {
            return Err(Refused::field("model", "there is no model of that name; GET /v1/models lists what there is"));
        }
    }
    for name in OWN {
        if let Some(value) = body.get(name) {
            // A form has texts alone.
            let value = value
                .as_str()
                .filter(|_| name != "negative_prompt")
                .and_then(number_in)
                .unwrap_or_else(|| value.clone());
            fields.insert(name.into(), value);
        }
    }
    notices.extend(not_done(body));
    let format = match text(body, "output_format") {
        None => Format::Png,
        Some(id) => Format::from_id(id)
            .ok_or_else(|| Refused::field("output_format", "output_format must be one of png, jpeg, webp"))?,
    };
    let quality = whole(body, "output_compression", 0, 100)?;
    if quality.is_some() && format == Format::WebP {
        notices.push("WebP is written without loss; output_compression has no effect".to_owned());
    }
    let by_url = match text(body, "response_format") {
        None | Some("b64_json") => false,
        Some("url") => true,
        Some(_) => return Err(Refused::field("response_format", "response_format must be one of b64_json, url")),
    };
    let stream = match body.get("stream") {
        Some(Value::Bool(stream)) => *stream,
        Some(Value::String(text)) => text == "true",
        _ => false,
    };
    let partial_images = whole(body, "partial_images", 0, 3)?.unwrap_or(0) as u32;
    let output = Output { format, quality: quality.unwrap_or(92) as u8 };
    Ok(Translated { fields, notices, output, by_url, stream, partial_images })
}

/// Says what has no effect here. What stands for "as usual" asks for nothing.
fn not_done(body: &Map<String, Value>) -> Vec<String> {
    let is_other = |name: &str, usual: &[&str]| text(body, name).is_some_and(|given| !usual.contains(&given));
    let mut said = Vec::new();
    if text(body, "background") == Some("transparent") {
        said.push("a transparent background is not done".to_owned());
    }
    for (name, usual) in
        [("quality", &["", "auto", "standard"][..]), ("style", &["", "auto"][..]), ("input_fidelity", &["", "low"][..])]
    {
        if is_other(name, usual) {
            said.push(format!("{name} has no effect here"));
        }
    }
    said
}

fn text<'a>(body: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    body.get(name).and_then(Value::as_str)
}

/// A number, or one as a text.
fn number_in(text: &str) -> Option<Value> {
    serde_json::from_str::<Value>(text.trim()).ok().filter(|value| value.is_number() || value.is_array())
}

fn whole(body: &Map<String, Value>, name: &str, least: u64, most: u64) -> Result<Option<u64>, Refused> {
    let Some(value) = body.get(name).filter(|value| !value.is_null()) else { return Ok(None) };
    let number = value.as_u64().or_else(|| value.as_str()?.trim().parse().ok());
    let number = number.filter(|number| (least..=most).contains(number));
    number
        .map(Some)
        .ok_or_else(|| Refused::field(name, format!("{name} must be a whole number from {least} to {most}")))
}

/// `1024x1536`; nothing for `auto`.
fn size(body: &Map<String, Value>) -> Result<Option<(u32, u32)>, Refused> {
    let Some(size) = text(body, "size").filter(|size| !size.is_empty() && *size != "auto") else { return Ok(None) };
    let side = |side: &str| {
        side.trim().parse::<u32>().ok().filter(|side| (Request::MIN_SIDE_PX..=Request::MAX_SIDE_PX).contains(side))
    };
    let sides = size.split_once(['x', '×']).and_then(|(width, height)| Some((side(width)?, side(height)?)));
    let wanted =
        format!("size must be auto or WIDTHxHEIGHT, each from {} to {}", Request::MIN_SIDE_PX, Request::MAX_SIDE_PX);
    sides.map(Some).ok_or_else(|| Refused::field("size", wanted))
}
