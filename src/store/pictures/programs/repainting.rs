//! How a masked picture was repainted, by AUTOMATIC1111's keys.

use crate::job::{InpaintArea, MaskedContent};
use crate::store::pictures::programs::told::Told;

/// Takes over what a pair says; `false` for keys of something else.
pub(crate) fn take(told: &mut Told, key: &str, value: &str) -> bool {
    let pixels =
        |value: &str| value.parse::<f64>().ok().map(|pixels| pixels.round().clamp(0.0, f64::from(u32::MAX)) as u32);
    match key {
        "Mask blur" => match pixels(value) {
            Some(blur) => told.set("inpaint.mask_blur_px", |request| request.inpaint.mask_blur_px = blur),
            None => told.unreadable(key, value),
        },
        "Masked area padding" | "Inpaint padding" => match pixels(value) {
            Some(padding) => told.set("inpaint.padding_px", |request| request.inpaint.padding_px = padding),
            None => told.unreadable(key, value),
        },
        "Mask growth" => match value.parse() {
            Ok(growth) => told.set("inpaint.grow_px", |request| request.inpaint.grow_px = growth),
            Err(_) => told.unreadable(key, value),
        },
        "Mask mode" => told.set("inpaint.invert", |request| request.inpaint.invert = value == "Inpaint not masked"),
        "Masked content" => {
            let content = match value {
                "fill" => Some(MaskedContent::Blurred),
                "latent noise" | "latent nothing" => Some(MaskedContent::Noise),
                "original" => Some(MaskedContent::Original),
                _ => colour_of(value).map(MaskedContent::Colour),
            };
            match content {
                Some(content) => told.set("inpaint.content", |request| request.inpaint.content = content),
                None => told.unreadable(key, value),
            }
        }
        "Inpaint area" => told.set("inpaint.area", |request| {
            request.inpaint.area = if value == "Only masked" { InpaintArea::Masked } else { InpaintArea::Whole };
        }),
        "Soft inpainting enabled" => told.set("inpaint.soft", |request| request.inpaint.soft = value == "True"),
        _ => return false,
    }
    true
}

fn colour_of(value: &str) -> Option<[u8; 3]> {
    let digits = value.strip_prefix('#').filter(|digits| digits.len() == 6)?;
    let colour = u32::from_str_radix(digits, 16).ok()?;
    Some([(colour >> 16) as u8, (colour >> 8) as u8, colour as u8])
}
