//! What img2img adds: the picture, the mask, and how one is filled into the other.

use serde_json::{Map, Value};

use super::lenient::{Lenient, asks};
use super::sampler::short;
use super::untranslatable::Untranslatable;
use crate::job::{InpaintSettings, Request};

/// Ways to bring a picture to another size, by their numbers and their names there, and ours.
const RESIZES: [(&str, &str); 3] =
    [("just resize", "stretch"), ("crop and resize", "crop"), ("resize and fill", "pad")];
/// What a masked part begins from.
const FILLS: [(&str, &str); 3] = [("fill", "blurred"), ("original", "original"), ("latent noise", "noise")];

/// Puts the fields of our own interface into `fields`.
pub(super) fn fill(asked: &mut Lenient, fields: &mut Map<String, Value>) -> Result<(), Untranslatable> {
    let mut pictures = asked.take_list("init_images").into_iter();
    let Some(Value::String(picture)) = pictures.next() else { return Err(Untranslatable::NoPicture) };
    if pictures.next().is_some() {
        asked.note("only the first of init_images was changed");
    }
    fields.insert("init_image".into(), picture.into());
    fields.insert("strength".into(), asked.number_in("denoising_strength", 0.0, 1.0).unwrap_or(0.75).into());
    fields.insert("resize".into(), resize(asked).into());
    if let Some(guidance) = asked.number_in("image_cfg_scale", 0.0, Request::MAX_GUIDANCE) {
        fields.insert("image_guidance".into(), guidance.into());
    }
    // Without its mask all of the picture would change.
    if let Some(mask) = asked.take_picture("mask").map_err(|()| Untranslatable::Mask)? {
        fields.insert("mask_image".into(), mask.into());
        mask_settings(asked, fields);
    }
    if asked.number("initial_noise_multiplier").is_some_and(|noise| (noise - 1.0).abs() > 1e-9) {
        asked.note("initial_noise_multiplier is not done");
    }
    if asked.given("latent_mask").is_some_and(asks) {
        asked.note("latent_mask is not done; mask says what is repainted");
    }
    Ok(())
}

fn resize(asked: &mut Lenient) -> &'static str {
    match chosen(asked, "resize_mode", &RESIZES) {
        Ok(mode) => mode,
        Err(sent) if ["3", "just resize (latent upscale)"].contains(&sent.as_str()) => {
            asked.note(format!("resizing latents (resize_mode {sent}) is not done; the picture was resized"));
            "stretch"
        }
        Err(sent) => {
            asked.note(format!("there is no resize_mode {sent}; the picture was resized"));
            "stretch"
        }
    }
}

fn content(asked: &mut Lenient) -> &'static str {
    match chosen(asked, "inpainting_fill", &FILLS) {
        Ok(content) => content,
        Err(sent) if ["3", "latent nothing"].contains(&sent.as_str()) => {
            asked.note(format!("empty latents (inpainting_fill {sent}) are not done; noise was taken"));
            "noise"
        }
        Err(sent) => {
            asked.note(format!("there is no inpainting_fill {sent}; fill was taken"));
            "blurred"
        }
    }
}

/// By its number or its name there, the first where nothing is asked for. `Err` has what was sent.
fn chosen(asked: &Lenient, name: &str, known: &[(&str, &'static str)]) -> Result<&'static str, String> {
    let Some(value) = asked.given(name).filter(|value| asks(value) || value.is_number()) else { return Ok(known[0].1) };
    let text = value.as_str().map_or_else(|| value.to_string(), |text| text.trim().to_lowercase());
    let is_it =
        |(number, (label, _)): &(usize, &(&str, &str))| text == *label || asked.number(name) == Some(*number as f64);
    let found = known.iter().enumerate().find(is_it);
    found.map(|(_, (_, ours))| *ours).ok_or_else(|| short(&text))
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
    fields.insert("masked_content".into(), content(asked).into());
}
