//! InvokeAI from 3.0 on: JSON in `invokeai_metadata`.

use serde_json::{Map, Value};

use crate::sampling::NoiseKind;
use crate::store::pictures::programs::fields::Fields;
use crate::store::pictures::programs::loose;
use crate::store::pictures::programs::program::Program;
use crate::store::pictures::programs::told::Told;

pub(crate) fn read(map: Map<String, Value>) -> Told {
    let mut told = Told::new(Program::InvokeAi);
    let mut fields = Fields::new(map);
    fields.pass_over(&[
        "app_version",
        "generation_mode",
        "positive_style_prompt",
        "negative_style_prompt",
        "canvas_v2_metadata",
        "_canvas_objects",
    ]);
    fields.whole(&mut told, "steps", Told::steps);
    fields.number(&mut told, "cfg_scale", Told::guidance);
    fields.number(&mut told, "cfg_rescale_multiplier", Told::rescale);
    fields.whole(&mut told, "seed", Told::seed);
    fields.size(&mut told, "width", "height");
    // Layers left out at the end; AUTOMATIC1111 counts the one that is used.
    fields.whole(&mut told, "clip_skip", |told, left_out| told.clip_skip(left_out.saturating_add(1)));
    if let Some(scheduler) = fields.text("scheduler") {
        told.sampling(&scheduler, None);
    }
    match fields.text("rand_device").as_deref() {
        None | Some("cpu") => told.noise(NoiseKind::Torch),
        Some("cuda") => told.noise(NoiseKind::Philox),
        Some(device) => told.foreign_noise(device),
    }
    if let Some(model) = fields.take("model") {
        if let Some(name) = name_of(&model) {
            told.model(&name);
        }
        if let Some(hash) = model.get("hash").and_then(Value::as_str) {
            told.hash(hash);
        }
    }
    if let Some(name) = fields.take("vae").as_ref().and_then(name_of) {
        told.vae(&name);
    }
    for lora in fields.list("loras") {
        let file = lora.get("model").or_else(|| lora.get("lora")).unwrap_or(&lora);
        if let Some(name) = name_of(file) {
            told.lora(&name, lora.get("weight").and_then(loose::number).unwrap_or(0.75));
        }
    }
    fields.number(&mut told, "strength", Told::strength);
    if fields.take("init_image").is_some() {
        told.note("the picture began with another one, which is not in its file");
    }
    fields.note_those(
        &mut told,
        "ControlNet is not used here",
        &["controlnets", "control_layers", "t2iAdapters", "t2i_adapters"],
    );
    fields.note_those(
        &mut told,
        "reference pictures (IP-Adapter) are not used here",
        &["ipAdapters", "ip_adapters", "ref_images"],
    );
    fields.note_those(&mut told, "the second, larger pass (high resolution fix) is not made here", &["hrf_"]);
    fields.note_those(&mut told, "the refiner is not used here", &["refiner_"]);
    fields.note_those(&mut told, "regional prompts are not used here", &["regions"]);
    let (prompt, negative) = (fields.words("positive_prompt"), fields.words("negative_prompt"));
    told.prompts(prompt, negative);
    fields.note_rest(&mut told);
    told
}

/// A model's name, in newer and in older versions.
fn name_of(model: &Value) -> Option<String> {
    ["name", "model_name"].iter().find_map(|key| model.get(*key).and_then(loose::text)).or_else(|| loose::text(model))
}
