//! The tools: their names, what they are for, and their arguments as the reader of jobs reads them.

use std::sync::Arc;

use rmcp::model::{JsonObject, Tool, ToolAnnotations};
use serde_json::{Map, Value, json};

use crate::service::fields::FieldError;
use crate::service::openapi::shape_of_field;
use crate::service::request;
use crate::service::state::Service;

pub(super) const GENERATE: &str = "generate";
pub(super) const EDIT: &str = "edit";
pub(super) const INPAINT: &str = "inpaint";
pub(super) const MODELS: &str = "models";
/// Those that draw.
pub(super) const NAMES: [&str; 3] = [GENERATE, EDIT, INPAINT];

/// What a language model chooses for every picture. A job's other fields are taken too.
const ALL: [&str; 10] =
    ["prompt", "negative_prompt", "model", "steps", "guidance_scale", "seed", "scheduler", "width", "height", "count"];
const MOST_PICTURES: u32 = 4;
const IMAGE: &str = "The picture that is changed: the id of one that was made here, or the base64 of a PNG, JPEG, WebP, BMP, TIFF, GIF or AVIF file.";
const MASK: &str = "What is painted anew: white in a picture, as its base64 or the id of one that was made here.";
const AREA: &str = "Instead of a mask, a rectangle that is painted anew: left, top, width, height, in pixels.";

pub(super) fn tools(service: &Service) -> Result<Vec<Tool>, FieldError> {
    let known = request::known_fields(&service.catalogue, &service.options)?;
    let shapes = |names: &[&str]| -> Map<String, Value> {
        let wanted = known.iter().filter(|(name, _)| names.contains(name));
        wanted.map(|(name, kind)| ((*name).to_owned(), shape_of_field(name, kind))).collect()
    };
    let whole = |names: &[&str], more: &Value, required: &[&str]| -> Arc<JsonObject> {
        let mut properties = shapes(&[&ALL[..], names].concat());
        properties.insert("count".into(), json!({
            "type": "integer", "minimum": 1, "maximum": MOST_PICTURES, "description": "So many pictures, each by its own seed.",
        }));
        properties.extend(more.as_object().cloned().unwrap_or_default());
        object(&properties, required)
    };
    let image = json!({"image": {"type": "string", "description": IMAGE}});
    let painted = json!({
        "image": {"type": "string", "description": IMAGE},
        "mask": {"type": "string", "description": MASK},
        "area": {
            "type": "array", "items": {"type": "integer", "minimum": 0}, "minItems": 4, "maxItems": 4, "description": AREA,
        },
    });
    let inpaint = ["strength", "mask_blur", "mask_invert", "inpaint_area", "padding", "masked_content"];
    let draws = |title: &str| ToolAnnotations::with_title(title).read_only(false).destructive(false).open_world(false);
    let lists = ToolAnnotations::with_title("List models").read_only(true).open_world(false);
    Ok(vec![
        Tool::new(GENERATE, "Makes a picture from words.", whole(&[], &json!({}), &["prompt"]))
            .with_annotations(draws("Make a picture")),
        Tool::new(
            EDIT,
            "Changes a whole picture towards the words; strength says how much of it.",
            whole(&["strength"], &image, &["prompt", "image"]),
        )
        .with_annotations(draws("Change a picture")),
        Tool::new(
            INPAINT,
            "Paints one part of a picture anew, by the words; all else stays as it is. The part is a mask or an area.",
            whole(&inpaint, &painted, &["prompt", "image"]),
        )
        .with_annotations(draws("Paint a part of a picture anew")),
        Tool::new(
            MODELS,
            "Lists the models that can draw, with the size and steps that suit each.",
            object(&Map::new(), &[]),
        )
        .with_annotations(lists),
    ])
}

fn object(properties: &Map<String, Value>, required: &[&str]) -> Arc<JsonObject> {
    let schema = json!({
        "type": "object", "properties": properties, "required": required, "additionalProperties": false,
    });
    Arc::new(schema.as_object().cloned().unwrap_or_default())
}
