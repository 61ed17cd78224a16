//! The picture that is changed, and the part of it that is repainted.

use std::sync::Arc;

use serde_json::Value;

use super::by_name;
use crate::job::{InitPicture, InpaintMask, InpaintSettings, MaskedContent, Notice, Request};
use crate::mask::MaskPlane;
use crate::raster::{Extension, Picture, ResizeMode, extended, extended_mask};
use crate::service::fields::{FieldError, Fields};
use crate::service::options::ServiceOptions;
use crate::service::pictures::{mask_of, picture_of};
use crate::store::pictures::mask_file::MaskChannel;

const IMG2IMG_STRENGTH: f64 = 0.75;
const INPAINT_STRENGTH: f64 = 1.0;
/// They say something about a picture only.
const NEED_A_PICTURE: [&str; 7] =
    ["mask_image", "mask_channel", "fit_mask", "extend", "strength", "resize", "image_guidance"];

pub(super) fn fill(
    request: &mut Request,
    fields: &mut Fields,
    options: &ServiceOptions,
    notices: &mut Vec<Notice>,
) -> Result<(), FieldError> {
    let lonely = NEED_A_PICTURE.into_iter().find(|name| fields.has(name)).filter(|_| !fields.has("init_image"));
    if let Some(name) = lonely {
        return Err(FieldError::new(name, format!("{name} needs init_image")));
    }
    let init = fields.text("init_image")?;
    let mask = fields.text("mask_image")?;
    let channels = MaskChannel::ALL.map(MaskChannel::id);
    let channel = fields.one_of("mask_channel", &channels, MaskChannel::from_id)?.unwrap_or_default();
    let fit_mask = fields.flag("fit_mask")?.unwrap_or(false);
    let strength = fields.number("strength", 0.0, 1.0)?;
    let modes = ResizeMode::ALL.map(ResizeMode::id);
    request.resize = fields.one_of("resize", &modes, ResizeMode::from_id)?.unwrap_or_default();
    request.image_guidance = fields.number("image_guidance", 0.0, Request::MAX_GUIDANCE)?;
    let by = extension(fields)?;
    request.inpaint = settings(fields)?;
    let Some(init) = init else { return Ok(()) };
    let most = options.max_picture_pixels;
    let mut picture = picture_of("init_image", &init, most, notices)?;
    let mut mask = match mask {
        Some(text) => {
            let plane = mask_of("mask_image", &text, most, channel, notices)?;
            Some(fitted(plane, &picture, fit_mask)?)
        }
        None => None,
    };
    if !by.is_empty() {
        let size = by.around(picture.width(), picture.height());
        let fits = size.is_some_and(|(width, height)| u64::from(width) * u64::from(height) <= most);
        if !fits {
            return Err(FieldError::new("extend", format!("the extended picture may have up to {most} pixels")));
        }
        mask = Some(extended_mask(mask.as_ref(), picture.width(), picture.height(), by));
        picture = extended(&picture, by);
    }
    let default = if mask.is_some() { INPAINT_STRENGTH } else { IMG2IMG_STRENGTH };
    request.init = Some(InitPicture { picture: Arc::new(picture), strength: strength.unwrap_or(default) });
    request.mask = mask.map(|plane| InpaintMask { plane: Arc::new(plane) });
    Ok(())
}

/// As large as the picture, or brought to its size where that is asked for.
fn fitted(mask: MaskPlane, picture: &Picture, fit: bool) -> Result<MaskPlane, FieldError> {
    let field = "mask_image";
    let (width, height) = (picture.width(), picture.height());
    if (mask.width(), mask.height()) == (width, height) {
        return Ok(mask);
    }
    if fit {
        return Ok(mask.resized(width, height));
    }
    let found = format!("{}×{}", mask.width(), mask.height());
    Err(FieldError::new(
        field,
        format!("{field} must be as large as init_image, {width}×{height}, found {found}; or set fit_mask"),
    ))
}

fn settings(fields: &mut Fields) -> Result<InpaintSettings, FieldError> {
    let own = InpaintSettings::default();
    let content = match fields.text("masked_content")? {
        Some(text) => text
            .parse::<MaskedContent>()
            .map_err(|allowed| FieldError::new("masked_content", format!("masked_content: {allowed}")))?,
        None => own.content,
    };
    Ok(InpaintSettings {
        area: fields.one_of("inpaint_area", &["whole", "masked"], by_name)?.unwrap_or(own.area),
        padding_px: fields.small("padding", 0, InpaintSettings::MAX_PX)?.unwrap_or(own.padding_px),
        mask_blur_px: fields.small("mask_blur", 0, InpaintSettings::MAX_PX)?.unwrap_or(own.mask_blur_px),
        grow_px: fields.signed("mask_grow", InpaintSettings::MAX_PX)?.unwrap_or(own.grow_px),
        invert: fields.flag("mask_invert")?.unwrap_or(own.invert),
        content,
        soft: fields.flag("soft_inpaint")?.unwrap_or(own.soft),
        colour_match: fields.flag("colour_match")?.unwrap_or(own.colour_match),
        composite: fields.flag("composite")?.unwrap_or(own.composite),
    })
}

/// `[left, top, right, bottom]`, in pixels.
fn extension(fields: &mut Fields) -> Result<Extension, FieldError> {
    let Some(value) = fields.value("extend") else { return Ok(Extension::default()) };
    let side = |side: &Value| side.as_u64().filter(|side| *side <= u64::from(Request::MAX_SIDE_PX));
    let sides: Option<Vec<u64>> = value.as_array().and_then(|sides| sides.iter().map(side).collect());
    if let Some(&[left, top, right, bottom]) = sides.as_deref() {
        return Ok(Extension { left: left as u32, top: top as u32, right: right as u32, bottom: bottom as u32 });
    }
    let wanted = format!("four whole numbers from 0 to {}: left, top, right, bottom", Request::MAX_SIDE_PX);
    Err(fields.wrong("extend", &wanted, &value))
}
