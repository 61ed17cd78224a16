//! InvokeAI from 3.0 on: JSON in `invokeai_metadata`.

use serde_json::{Map, Value};

use crate::sampling::NoiseKind;
use crate::store::pictures::programs::fields::Fields;
use crate::store::pictures::programs::loose;
use crate::store::pictures::programs::picture_settings::PictureSettings;
use crate::store::pictures::programs::program::Program;

pub(crate) fn read(map: Map<String, Value>) -> PictureSettings {
    let mut settings = PictureSettings::new(Program::InvokeAi);
    let mut fields = Fields::new(map);
    fields.pass_over(&[
        "app_version",
        "generation_mode",
        "positive_style_prompt",
        "negative_style_prompt",
        "canvas_v2_metadata",
        "_canvas_objects",
    ]);
    fields.whole(&mut settings, "steps", PictureSettings::steps);
    fields.number(&mut settings, "cfg_scale", PictureSettings::guidance);
    fields.number(&mut settings, "cfg_rescale_multiplier", PictureSettings::rescale);
    fields.whole(&mut settings, "seed", PictureSettings::seed);
    fields.size(&mut settings, "width", "height");
    // Layers left out at the end; AUTOMATIC1111 counts the one that is used.
    fields.whole(&mut settings, "clip_skip", |settings, left_out| settings.clip_skip(left_out.saturating_add(1)));
    if let Some(scheduler) = fields.text("scheduler") {
        settings.sampling(&scheduler, None);
    }
    match fields.text("rand_device").as_deref() {
        None | Some("cpu") => settings.noise(NoiseKind::Torch),
        Some("cuda") => settings.noise(NoiseKind::Philox),
        Some(device) => settings.foreign_noise(device),
    }
    if let Some(model) = fields.take("model") {
        if let Some(name) = name_of(&model) {
            settings.model(&name);
        }
        if let Some(hash) = model.get("hash").and_then(Value::as_str) {
            settings.hash(hash);
        }
    }
    if let Some(name) = fields.take("vae").as_ref().and_then(name_of) {
        settings.vae(&name);
    }
    for lora in fields.list("loras") {
        let file = lora.get("model").or_else(|| lora.get("lora")).unwrap_or(&lora);
        if let Some(name) = name_of(file) {
            settings.lora(&name, lora.get("weight").and_then(loose::number).unwrap_or(0.75));
        }
    }
    fields.number(&mut settings, "strength", PictureSettings::strength);
    if fields.take("init_image").is_some() {
        settings.note("the picture began with another one, which is not in its file");
    }
    fields.note_those(
        &mut settings,
        "ControlNet is not used here",
        &["controlnets", "control_layers", "t2iAdapters", "t2i_adapters"],
    );
    fields.note_those(
        &mut settings,
        "reference pictures (IP-Adapter) are not used here",
        &["ipAdapters", "ip_adapters", "ref_images"],
    );
    fields.note_those(&mut settings, "the second, larger pass (high resolution fix) is not made here", &["hrf_"]);
    fields.note_those(&mut settings, "the refiner is not used here", &["refiner_"]);
    fields.note_those(&mut settings, "regional prompts are not used here", &["regions"]);
    let (prompt, negative) = (fields.words("positive_prompt"), fields.words("negative_prompt"));
    settings.prompts(prompt, negative);
    fields.note_rest(&mut settings);
    settings
}

/// A model's name, in newer and in older versions.
fn name_of(model: &Value) -> Option<String> {
    ["name", "model_name"].iter().find_map(|key| model.get(*key).and_then(loose::text)).or_else(|| loose::text(model))
}
