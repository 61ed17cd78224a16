//! A tool's arguments as the fields of a job: pictures by their ids, and a rectangle as a mask.

use rmcp::model::JsonObject;
use serde_json::{Map, Value};

use super::tools::{EDIT, INPAINT};
use crate::raster::Picture;
use crate::service::fields::FieldError;
use crate::service::jobs::{Ended, Jobs};
use crate::service::pictures::{encoded, picture_of};
use crate::service::state::Service;
use crate::store::pictures::metadata::png_text;

/// For `request::read`. Unpacks and packs pictures: to be called on a thread that may wait.
///
/// # Errors
/// Names the argument that is missing or wrong.
pub(super) fn fields_of(
    tool: &'static str,
    arguments: Option<JsonObject>,
    service: &Service,
) -> Result<Map<String, Value>, FieldError> {
    let mut fields = arguments.unwrap_or_default();
    let operation = match tool {
        EDIT => "image_transform",
        INPAINT => "image_inpaint",
        _ => "image_generation",
    };
    fields.insert("operation".into(), operation.into());
    if operation == "image_generation" {
        return Ok(fields);
    }
    let missing = || FieldError::new("image", "image must be given: an id, or the base64 of a picture");
    let image = picture(&mut fields, "image", &service.jobs)?.ok_or_else(missing)?;
    if tool == INPAINT {
        let mask = picture(&mut fields, "mask", &service.jobs)?;
        let area = fields.remove("area").filter(|area| !area.is_null());
        let mask = match (mask, area) {
            (Some(mask), None) => mask,
            (None, Some(area)) => rectangle(&area, &image, service.options.max_picture_pixels)?,
            _ => return Err(FieldError::new("mask", "one of mask and area must be given, and not both")),
        };
        fields.insert("mask_image".into(), mask.into());
        fields.insert("fit_mask".into(), true.into());
    }
    fields.insert("init_image".into(), image.into());
    Ok(fields)
}

/// A mask as large as `image`: white in `[left, top, width, height]`.
fn rectangle(area: &Value, image: &str, most_pixels: u64) -> Result<String, FieldError> {
    let wrong = |sentence: &str| FieldError::new("area", format!("area must be {sentence}"));
    let sides: Option<Vec<u64>> = area.as_array().and_then(|sides| sides.iter().map(Value::as_u64).collect());
    let Some(&[left, top, width, height]) = sides.as_deref() else {
        return Err(wrong("four whole numbers: left, top, width, height"));
    };
    let picture = picture_of("image", image, most_pixels, &mut Vec::new())?;
    let (columns, rows) = (left..left.saturating_add(width), top..top.saturating_add(height));
    let size = (picture.width(), picture.height());
    if columns.is_empty() || rows.is_empty() || left >= size.0.into() || top >= size.1.into() {
        return Err(wrong(&format!("a rectangle inside of the picture, which has {}×{} pixels", size.0, size.1)));
    }
    let is_inside = |at: usize| {
        let (x, y) = (at as u64 % u64::from(size.0), at as u64 / u64::from(size.0));
        columns.contains(&x) && rows.contains(&y)
    };
    let pixels = size.0 as usize * size.1 as usize;
    let rgba = (0..pixels).flat_map(|at| if is_inside(at) { [255; 4] } else { [0, 0, 0, 255] }).collect();
    let mask = Picture::from_rgba(size.0, size.1, rgba).map_err(|error| wrong(&error.to_string()))?;
    png_text::encode(&mask, None).map(|png| encoded(&png)).map_err(|error| wrong(&error.to_string()))
}

/// As base64, whether it was sent or made here.
fn picture(fields: &mut Map<String, Value>, name: &'static str, jobs: &Jobs) -> Result<Option<String>, FieldError> {
    let text = match fields.remove(name) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => text,
        Some(_) => return Err(FieldError::new(name, format!("{name} must be a text"))),
    };
    let Some(record) = jobs.find(text.trim()) else { return Ok(Some(text)) };
    match record.ended().as_deref() {
        Some(Ended::Complete(picture)) => Ok(Some(encoded(&picture.png))),
        _ => Err(FieldError::new(name, format!("{name}: there is no picture of that id yet, or it was not finished"))),
    }
}
