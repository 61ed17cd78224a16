//! stable-diffusion.cpp's own record, which newer versions write behind AUTOMATIC1111's text: `SDCPP: {…}`.

use serde_json::{Map, Value};

use crate::store::pictures::programs::fields::Fields;
use crate::store::pictures::programs::loose;
use crate::store::pictures::programs::told::Told;

const MARK: &str = "SDCPP: {";

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
pub(crate) fn apply(told: &mut Told, record: Map<String, Value>) {
    let mut record = Fields::new(record);
    record.pass_over(&["schema", "mode", "generator", "extra"]);
    record.whole(told, "seed", Told::seed);
    record.size(told, "width", "height");
    // -1 is as usual.
    if let Some(skip) = record.take("clip_skip").as_ref().and_then(loose::whole) {
        told.clip_skip(skip);
    }
    let mut prompt = record.inside("prompt");
    let (positive, negative) = (prompt.words("positive"), prompt.words("negative"));
    if positive.is_some() {
        // In the text, commas and colons of a prompt may look like settings.
        (told.request.prompt, told.request.negative) = (String::new(), None);
        told.said.retain(|field| !matches!(*field, "prompt" | "negative"));
        told.prompts(positive, negative);
    }
    let mut sampling = record.inside("sampling");
    if let Some(steps) = sampling.take_any(&["steps", "sample_steps"]).as_ref().and_then(loose::whole) {
        told.steps(steps);
    }
    let method = sampling.take_any(&["method", "sample_method"]).as_ref().and_then(loose::text);
    let schedule = sampling.text("scheduler");
    if let Some(method) = method {
        told.sampling(&method, schedule.as_deref());
    }
    sampling.inside("guidance").number(told, "txt_cfg", Told::guidance);
    let mut models = record.inside("models");
    if let Some(model) = models.take_any(&["model", "diffusion_model"]).as_ref().and_then(loose::text) {
        told.model(&model);
    }
    if let Some(vae) = models.text("vae") {
        told.vae(&vae);
    }
    for lora in record.list("loras") {
        if let Value::Object(lora) = lora {
            let mut lora = Fields::new(lora);
            let weight = lora.take_any(&["multiplier", "weight"]).as_ref().and_then(loose::number).unwrap_or(1.0);
            if let Some(name) = lora.take_any(&["name", "path"]).as_ref().and_then(loose::text) {
                told.lora(&name, weight);
            }
        }
    }
    let mut hires = record.inside("hires");
    if hires.take("enabled").as_ref().is_some_and(loose::is_true) {
        hires.note_those(told, "the second, larger pass (hires fix) is not made here", &[""]);
    }
}
