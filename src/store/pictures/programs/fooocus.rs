//! Fooocus: JSON in `parameters` or in the user comment. Its other scheme is AUTOMATIC1111's text.

use serde_json::{Map, Value};

use crate::sampling::NoiseKind;
use crate::store::pictures::programs::fields::Fields;
use crate::store::pictures::programs::loose;
use crate::store::pictures::programs::program::Program;
use crate::store::pictures::programs::told::Told;

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

pub(crate) fn read(map: Map<String, Value>) -> Told {
    let mut told = Told::new(Program::Fooocus);
    // Labels of its log, of old and new, are the keys in words.
    let map = map.into_iter().map(|(key, value)| (key.to_lowercase().replace(' ', "_"), value)).collect();
    let mut fields = Fields::new(map);
    // ComfyUI's noise; each picture of a batch has its own seed.
    told.noise(NoiseKind::Torch);
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
    fields.whole(&mut told, "steps", Told::steps);
    fields.number(&mut told, "guidance_scale", Told::guidance);
    fields.whole(&mut told, "seed", Told::seed);
    fields.whole(&mut told, "clip_skip", Told::clip_skip);
    if let Some(resolution) = fields.take("resolution") {
        let words = loose::text(&resolution).unwrap_or_else(|| resolution.to_string());
        match loose::size_in(&words) {
            Some(size) => told.size(size),
            None => told.unreadable("the resolution", &words),
        }
    }
    let schedule = fields.text("scheduler");
    if let Some(sampler) = fields.text("sampler") {
        told.sampling(&sampler, schedule.as_deref());
    }
    if let Some(model) = fields.text("base_model") {
        told.model(&model);
    }
    if let Some(hash) = fields.text("base_model_hash") {
        told.hash(&hash);
    }
    if let Some(vae) = fields.text("vae") {
        told.vae(&vae);
    }
    loras(&mut told, &mut fields);
    if let Some(styles) = fields.take("styles") {
        let styles = loose::text(&styles).unwrap_or_else(|| styles.to_string());
        if styles != "[]" {
            told.note_unused(
                "styles were added to the prompt, which is not done here",
                [("styles", styles)].into_iter(),
            );
        }
    }
    fields.note_those(&mut told, "the refiner is not used here", &["refiner"]);
    let (prompt, negative) = (fields.words("prompt"), fields.words("negative_prompt"));
    told.prompts(prompt, negative);
    fields.note_rest(&mut told);
    told
}

/// `["name", 0.5, "hash"]` in a list, or `name : 0.5` in fields with numbers.
fn loras(told: &mut Told, fields: &mut Fields) {
    for lora in fields.list("loras") {
        if let Value::Array(parts) = lora
            && let Some(name) = parts.first().and_then(loose::text)
        {
            told.lora(&name, parts.get(1).and_then(loose::number).unwrap_or(1.0));
        }
    }
    for number in 1..=32 {
        let combined = fields.take_any(&[&format!("lora_combined_{number}"), &format!("lora_{number}")]);
        let Some(combined) = combined.as_ref().and_then(loose::text) else { continue };
        let (name, weight) = combined.rsplit_once(':').unwrap_or((&combined, "1"));
        told.lora(name, weight.trim().parse().unwrap_or(1.0));
    }
}
