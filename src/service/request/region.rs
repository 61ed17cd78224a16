//! Painted areas with words of their own.

use std::sync::Arc;

use serde_json::json;

use super::prompt;
use crate::job::{Notice, Region, Request};
use crate::service::fields::{FieldError, Fields, Kind};
use crate::service::options::ServiceOptions;
use crate::service::pictures::mask_of;
use crate::store::pictures::mask_file::MaskChannel;

pub(super) fn fill(
    request: &mut Request,
    fields: &mut Fields,
    options: &ServiceOptions,
    notices: &mut Vec<Notice>,
) -> Result<(), FieldError> {
    for (index, item) in fields.list("regions", Region::MOST)?.into_iter().enumerate() {
        let place = format!("regions[{index}].");
        let mut fields = Fields::of(item, &place)?;
        let (mask, channel, region) = read(&mut fields)?;
        fields.finish()?;
        let field = format!("{place}mask");
        let text = mask.ok_or_else(|| {
            FieldError::new(field.clone(), format!("{field} must be given: the base64 of a picture's file"))
        })?;
        let mask = Some(Arc::new(mask_of(&field, &text, options.max_picture_pixels, channel, notices)?));
        request.regions.push(Region { mask, ..region });
    }
    Ok(())
}

/// Every field that a region may have, as [`fill`] reads it.
///
/// # Errors
/// None: nothing is given that could be wrong.
pub(in crate::service) fn known_region_fields() -> Result<Vec<(&'static str, Kind)>, FieldError> {
    let mut fields = Fields::of(json!({"prompt": ""}), "")?;
    read(&mut fields)?;
    Ok(fields.known().to_vec())
}

/// Mask, its channel, and the rest.
fn read(fields: &mut Fields) -> Result<(Option<String>, MaskChannel, Region), FieldError> {
    let mask = fields.text("mask")?;
    let channels = MaskChannel::ALL.map(MaskChannel::id);
    let channel = fields.one_of("mask_channel", &channels, MaskChannel::from_id)?.unwrap_or_default();
    let words = prompt(fields, "prompt")?;
    let field = format!("{}prompt", fields.place());
    let region = Region {
        prompt: words.ok_or_else(|| FieldError::new(field.clone(), format!("{field} must be given: a text")))?,
        negative: prompt(fields, "negative_prompt")?,
        weight: fields.number("weight", 0.0, 1.0)?.unwrap_or(1.0),
        ..Region::default()
    };
    Ok((mask, channel, region))
}
