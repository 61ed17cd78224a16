//! SwarmUI: JSON with `sui_image_params`, in `parameters` or in the user comment.

use serde_json::{Map, Value};

use crate::sampling::NoiseKind;
use crate::store::pictures::programs::fields::Fields;
use crate::store::pictures::programs::loose;
use crate::store::pictures::programs::picture_settings::PictureSettings;
use crate::store::pictures::programs::program::Program;

const PARAMETERS: &str = "sui_image_params";

pub(crate) fn claims(map: &Map<String, Value>) -> bool {
    map.contains_key(PARAMETERS)
}

pub(crate) fn read(map: Map<String, Value>) -> PictureSettings {
    let mut settings = PictureSettings::new(Program::SwarmUi);
    let mut whole = Fields::new(map);
    let mut fields = whole.inside(PARAMETERS);
    // ComfyUI's noise, drawn for each picture of a batch by its own seed.
    settings.noise(NoiseKind::Torch);
    fields.pass_over(&[
        "swarm_version",
        "aspectratio",
        "automaticvae",
        "images",
        "batchsize",
        "wildcardseed",
        "date",
        "personalnote",
        "outpathoverride",
        "donotsave",
    ]);
    fields.whole(&mut settings, "steps", PictureSettings::steps);
    fields.number(&mut settings, "cfgscale", PictureSettings::guidance);
    fields.whole(&mut settings, "seed", PictureSettings::seed);
    fields.size(&mut settings, "width", "height");
    let schedule = fields.take_any(&["scheduler", "comfyuischeduler"]).as_ref().and_then(loose::text);
    if let Some(sampler) = fields.take_any(&["sampler", "comfyuisampler"]).as_ref().and_then(loose::text) {
        settings.sampling(&sampler, schedule.as_deref());
    }
    if let Some(model) = fields.text("model") {
        settings.model(&model);
    }
    if let Some(vae) = fields.text("vae") {
        settings.vae(&vae);
    }
    if let Some(last) = fields.take("clipstopatlayer") {
        // Counted from the end: -2 is AUTOMATIC1111's 2.
        match loose::number(&last) {
            Some(last) if last < 0.0 => settings.clip_skip(-last as u64),
            _ => settings.unreadable("clipstopatlayer", &last.to_string()),
        }
    }
    let variation = fields.take("variationseed").as_ref().and_then(loose::whole);
    fields.number(&mut settings, "variationseedstrength", |settings, strength| {
        settings.variation(variation.unwrap_or(0), strength);
    });
    fields.number(&mut settings, "initimagecreativity", PictureSettings::strength);
    if fields.take("initimage").is_some() {
        settings.note("the picture began with another one, which is not in its file");
    }
    let names = fields.take("loras").as_ref().map(loose::texts).unwrap_or_default();
    let weights = fields.take("loraweights").as_ref().map(loose::texts).unwrap_or_default();
    for (index, name) in names.iter().enumerate() {
        settings.lora(name, weights.get(index).and_then(|weight| weight.parse().ok()).unwrap_or(1.0));
    }
    model_hash(&mut settings, &mut whole);
    fields.note_those(&mut settings, "the refiner or second pass is not used here", &["refiner"]);
    fields.note_those(&mut settings, "ControlNet is not used here", &["controlnet"]);
    let (prompt, negative) = (fields.words("prompt"), fields.words("negativeprompt"));
    for tag in ["<region:", "<object:", "<segment:", "<clear:", "<extend:"] {
        if prompt.as_ref().is_some_and(|prompt| prompt.contains(tag)) {
            settings.note(format!("parts of the prompt are for regions ({tag}…>), which Inkwick does not have"));
        }
    }
    settings.prompts(prompt, negative);
    fields.note_rest(&mut settings);
    settings
}

fn model_hash(settings: &mut PictureSettings, whole: &mut Fields) {
    for model in whole.list("sui_models") {
        if let Value::Object(model) = model {
            let mut model = Fields::new(model);
            if model.text("param").as_deref() == Some("model")
                && let Some(hash) = model.text("hash")
            {
                settings.hash(hash.strip_prefix("0x").unwrap_or(&hash));
            }
        }
    }
}
