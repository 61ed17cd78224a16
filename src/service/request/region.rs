//! Painted areas with words of their own.

use std::sync::Arc;

use super::prompt;
use crate::job::{Notice, Region, Request};
use crate::service::fields::{FieldError, Fields};
use crate::service::options::ServiceOptions;
use crate::service::pictures::mask_of;
use crate::store::pictures::mask_file::MaskChannel;

pub(super) fn fill(
    request: &mut Request,
    fields: &mut Fields,
    options: &ServiceOptions,
    notices: &mut Vec<Notice>,
) -> Result<(), FieldError> {
    for (place, given) in fields.objects("regions", Region::MOST, read)? {
        request.regions.push(given.region(&place, options, notices)?);
    }
    Ok(())
}

/// A region's fields, each by itself.
struct Given {
    mask: Option<String>,
    channel: MaskChannel,
    prompt: Option<String>,
    /// Without mask and prompt.
    settings: Region,
}

fn read(fields: &mut Fields) -> Result<Given, FieldError> {
    let mask = fields.text("mask")?;
    let channels = MaskChannel::ALL.map(MaskChannel::id);
    let channel = fields.one_of("mask_channel", &channels, MaskChannel::from_id)?.unwrap_or_default();
    let words = prompt(fields, "prompt")?;
    let negative = prompt(fields, "negative_prompt")?;
    let weight = fields.number("weight", 0.0, 1.0)?.unwrap_or(1.0);
    Ok(Given { mask, channel, prompt: words, settings: Region { negative, weight, ..Region::default() } })
}

impl Given {
    fn region(self, place: &str, options: &ServiceOptions, notices: &mut Vec<Notice>) -> Result<Region, FieldError> {
        let given = |name: &str, value: Option<String>, what: &str| {
            let field = format!("{place}{name}");
            value.ok_or_else(|| FieldError::new(field.clone(), format!("{field} must be given: {what}")))
        };
        let prompt = given("prompt", self.prompt, "a text")?;
        let mask = given("mask", self.mask, "the base64 of a picture's file")?;
        let most = options.max_picture_pixels;
        let mask = mask_of(&format!("{place}mask"), &mask, most, self.channel, notices)?;
        Ok(Region { prompt, mask: Some(Arc::new(mask)), ..self.settings })
    }
}
