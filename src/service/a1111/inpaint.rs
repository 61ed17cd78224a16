//! What img2img adds: the picture, the mask, and how one is filled into the other.

use serde_json::{Map, Value, json};

use super::lenient::Lenient;
use crate::job::{InpaintSettings, Request};

/// Puts the fields of our own interface into `fields`. `false` where there is no picture to start from.
pub(super) fn fill(asked: &mut Lenient, fields: &mut Map<String, Value>) -> bool {
    let mut pictures = asked.take_list("init_images").into_iter();
    let Some(Value::String(picture)) = pictures.next() else { return false };
    if pictures.next().is_some() {
        asked.note("only the first of init_images was changed");
    }
    fields.insert("init_image".into(), picture.into());
    fields.insert("strength".into(), asked.number_in("denoising_strength", 0.0, 1.0).unwrap_or(0.75).into());
    fields.insert("resize".into(), resize(asked).into());
    if let Some(guidance) = asked.number_in("image_cfg_scale", 0.0, Request::MAX_GUIDANCE) {
        fields.insert("image_guidance".into(), guidance.into());
    }
    if let Some(mask) = asked.take_text("mask") {
        fields.insert("mask_image".into(), mask.into());
        mask_settings(asked, fields);
    }
    if asked.number("initial_noise_multiplier").is_some_and(|noise| (noise - 1.0).abs() > 1e-9) {
        asked.note("initial_noise_multiplier is not done");
    }
    true
}

fn resize(asked: &mut Lenient) -> &'static str {
    match asked.number("resize_mode").unwrap_or(0.0) as i64 {
        0 => "stretch",
        1 => "crop",
        2 => "pad",
        _ => {
            asked.note("resizing latents (resize_mode 3) is not done; the picture was resized");
            "stretch"
        }
    }
}

fn mask_settings(asked: &mut Lenient, fields: &mut Map<String, Value>) {
    let most = InpaintSettings::MAX_PX;
    // A mask of another size is brought to the picture's there.
    fields.insert("fit_mask".into(), true.into());
    let blur = asked.whole_in("mask_blur", 0, most);
    let sides = ["mask_blur_x", "mask_blur_y"].map(|name| asked.whole_in(name, 0, most));
    let blur = blur.or(sides[0].max(sides[1])).unwrap_or(4);
    fields.insert("mask_blur".into(), blur.into());
    fields.insert("mask_invert".into(), asked.flag("inpainting_mask_invert").unwrap_or(false).into());
    let area = if asked.flag("inpaint_full_res").unwrap_or(true) { "masked" } else { "whole" };
    fields.insert("inpaint_area".into(), area.into());
    fields.insert("padding".into(), asked.whole_in("inpaint_full_res_padding", 0, most).unwrap_or(0).into());
    let content = match asked.number("inpainting_fill").unwrap_or(0.0) as i64 {
        0 => "blurred",
        1 => "original",
        2 => "noise",
        _ => {
            asked.note("empty latents (inpainting_fill 3) are not done; noise was taken");
            "noise"
        }
    };
    fields.insert("masked_content".into(), json!(content));
}
