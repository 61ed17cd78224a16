//! Fooocus: JSON in `parameters` or in the user comment. Its other scheme is AUTOMATIC1111's text.

use serde_json::{Map, Value};

use crate::sampling::NoiseKind;
use crate::store::pictures::programs::fields::Fields;
use crate::store::pictures::programs::loose;
use crate::store::pictures::programs::picture_settings::PictureSettings;
use crate::store::pictures::programs::program::Program;

pub(crate) fn claims(map: &Map<String, Value>) -> bool {
    let has = |name: &str| map.contains_key(name);
    let is_fooocus = |name: &str| {
        map.get(name).and_then(Value::as_str).is_some_and(|text| text.to_lowercase().starts_with("fooocus"))
    };
    is_fooocus("metadata_scheme")
        || is_fooocus("version")
        || is_fooocus("Version")
        || (has("base_model") && has("prompt"))
        || (has("Base Model") && has("Prompt"))
}

pub(crate) fn read(map: Map<String, Value>) -> PictureSettings {
    let mut settings = PictureSettings::new(Program::Fooocus);
    // Labels of its log, of old and new, are the keys in words.
    let map = map.into_iter().map(|(key, value)| (key.to_lowercase().replace(' ', "_"), value)).collect();
    let mut fields = Fields::new(map);
    // ComfyUI's noise; each picture of a batch has its own seed.
    settings.noise(NoiseKind::Torch);
    fields.pass_over(&[
        "metadata_scheme",
        "version",
        "full_prompt",
        "full_negative_prompt",
        "performance",
        "created_by",
        "user",
        "refiner_switch",
        "sharpness",
        "adm_guidance",
        "adaptive_cfg",
        "prompt_expansion",
        "fooocus_v2_expansion",
        "refiner_model_hash",
        "refiner_swap_method",
        "overwrite_switch",
    ]);
    fields.whole(&mut settings, "steps", PictureSettings::steps);
    fields.number(&mut settings, "guidance_scale", PictureSettings::guidance);
    fields.whole(&mut settings, "seed", PictureSettings::seed);
    fields.whole(&mut settings, "clip_skip", PictureSettings::clip_skip);
    if let Some(resolution) = fields.take("resolution") {
        let words = loose::text(&resolution).unwrap_or_else(|| resolution.to_string());
        match loose::size_in(&words) {
            Some(size) => settings.size(size),
            None => settings.unreadable("the resolution", &words),
        }
    }
    let schedule = fields.text("scheduler");
    if let Some(sampler) = fields.text("sampler") {
        settings.sampling(&sampler, schedule.as_deref());
    }
    if let Some(model) = fields.text("base_model") {
        settings.model(&model);
    }
    if let Some(hash) = fields.text("base_model_hash") {
        settings.hash(&hash);
    }
    if let Some(vae) = fields.text("vae") {
        settings.vae(&vae);
    }
    loras(&mut settings, &mut fields);
    if let Some(styles) = fields.take("styles") {
        let styles = loose::text(&styles).unwrap_or_else(|| styles.to_string());
        if styles != "[]" {
            settings.note_unused(
                "styles were added to the prompt, which is not done here",
                [("styles", styles)].into_iter(),
            );
        }
    }
    fields.note_those(&mut settings, "the refiner is not used here", &["refiner"]);
    let (prompt, negative) = (fields.words("prompt"), fields.words("negative_prompt"));
    settings.prompts(prompt, negative);
    fields.note_rest(&mut settings);
    settings
}

/// `["name", 0.5, "hash"]` in a list, or `name : 0.5` in fields with numbers.
fn loras(settings: &mut PictureSettings, fields: &mut Fields) {
    for lora in fields.list("loras") {
        if let Value::Array(parts) = lora
            && let Some(name) = parts.first().and_then(loose::text)
        {
            settings.lora(&name, parts.get(1).and_then(loose::number).unwrap_or(1.0));
        }
    }
    for number in 1..=32 {
        let combined = fields.take_any(&[&format!("lora_combined_{number}"), &format!("lora_{number}")]);
        let Some(combined) = combined.as_ref().and_then(loose::text) else { continue };
        let (name, weight) = combined.rsplit_once(':').unwrap_or((&combined, "1"));
        settings.lora(name, weight.trim().parse().unwrap_or(1.0));
    }
}
