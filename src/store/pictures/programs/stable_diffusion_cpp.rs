//! stable-diffusion.cpp's own record, which newer versions write behind AUTOMATIC1111's text: `SDCPP: {…}`.

use serde_json::{Map, Value};

use crate::store::pictures::programs::fields::Fields;
use crate::store::pictures::programs::loose;
use crate::store::pictures::programs::picture_settings::PictureSettings;

const MARK: &str = "SDCPP: {";
/// Stands in every record that was given no other, with a first picture and without.
const USUAL_STRENGTH: f64 = 0.75;

/// The text, and the record behind it.
pub(crate) fn split(text: &str) -> (&str, Option<Map<String, Value>>) {
    let last_line = text.rfind('\n').map_or(0, |end| end + 1);
    let Some(start) = text[last_line..].find(MARK).map(|start| last_line + start) else { return (text, None) };
    match loose::object(&text[start + MARK.len() - 1..]) {
        Some(record) => (text[..start].trim_end_matches([' ', ',']), Some(record)),
        None => (text, None),
    }
}

/// The record goes before the text: it is exact.
pub(crate) fn apply(settings: &mut PictureSettings, record: Map<String, Value>) {
    let mut record = Fields::new(record);
    record.pass_over(&["schema", "mode", "generator", "extra"]);
    record.whole(settings, "seed", PictureSettings::seed);
    record.size(settings, "width", "height");
    // -1 is as usual.
    if let Some(skip) = record.take("clip_skip").as_ref().and_then(loose::whole) {
        settings.clip_skip(skip);
    }
    let mut prompt = record.inside("prompt");
    let (positive, negative) = (prompt.words("positive"), prompt.words("negative"));
    if positive.is_some() {
        // In the text, commas and colons of a prompt may look like settings.
        (settings.request.prompt, settings.request.negative) = (String::new(), None);
        settings.fields.retain(|field| !matches!(*field, "prompt" | "negative"));
        settings.prompts(positive, negative);
    }
    let mut sampling = record.inside("sampling");
    if let Some(steps) = sampling.take_any(&["steps", "sample_steps"]).as_ref().and_then(loose::whole) {
        settings.steps(steps);
    }
    let method = sampling.take_any(&["method", "sample_method"]).as_ref().and_then(loose::text);
    let schedule = sampling.text("scheduler");
    if let Some(method) = method {
        settings.sampling(&method, schedule.as_deref());
    }
    sampling.inside("guidance").number(settings, "txt_cfg", PictureSettings::guidance);
    let mut models = record.inside("models");
    if let Some(model) = models.take_any(&["model", "diffusion_model"]).as_ref().and_then(loose::text) {
        settings.model(&model);
    }
    if let Some(vae) = models.text("vae") {
        settings.vae(&vae);
    }
    for lora in record.list("loras") {
        if let Value::Object(lora) = lora {
            let mut lora = Fields::new(lora);
            let weight = lora.take_any(&["multiplier", "weight"]).as_ref().and_then(loose::number).unwrap_or(1.0);
            if let Some(name) = lora.take_any(&["name", "path"]).as_ref().and_then(loose::text) {
                settings.lora(&name, weight);
            }
        }
    }
    if let Some(strength) = record.take("strength").as_ref().and_then(loose::number)
        && (strength - USUAL_STRENGTH).abs() > 1e-6
    {
        settings.note(format!(
            "a strength of {} is not used: the file does not say whether the picture began with another one",
            (strength * 1e6).round() / 1e6
        ));
    }
    let mut hires = record.inside("hires");
    if hires.take("enabled").as_ref().is_some_and(loose::is_true) {
        hires.note_those(settings, "the second, larger pass (hires fix) is not made here", &[""]);
    }
}
