//! How a picture was made, as text that other programs read too: AUTOMATIC1111's `parameters`.
//!
//! Text in, `Request` out, and back; an exact copy as JSON goes beside it. Touches no file.

use crate::job::{ModelRef, PromptSyntax, Reference, Region, Request, Variation};
use crate::sampling::{NoiseKind, PredictionChoice, SigmaChoice};
use crate::store::pictures::metadata::parameters_inpaint;
use crate::store::pictures::programs;

/// The chunk that AUTOMATIC1111 and its kin write.
pub const PARAMETERS_KEY: &str = "parameters";
/// The chunk with the request as JSON: an exact round trip, preferred when reading.
pub const REQUEST_KEY: &str = "inkwick";

/// Beside the request's own fields in the JSON.
const STRENGTH: &str = "strength";
const BUILT_IN: &str = "Inkwick built-in";
const BUILT_IN_FOUR_STEPS: &str = "Inkwick built-in 4 steps";
const PROGRAM: &str = concat!("Inkwick ", env!("CARGO_PKG_VERSION"));
/// The request as JSON, or `None` when a path in it is no text.
#[must_use]
pub fn json_of(request: &Request) -> Option<String> {
    let mut json = serde_json::to_value(request).ok()?;
    if let (Some(init), Some(fields)) = (&request.init, json.as_object_mut()) {
        // The picture is no part of the settings; how much of it was made anew is.
        fields.insert(STRENGTH.into(), init.strength.into());
    }
    Some(json.to_string())
}

/// Reads what [`json_of`] wrote; `None` for anything that no engine would take.
#[must_use]
pub fn request_of_json(json: &str) -> Option<Request> {
    let request = serde_json::from_str::<Request>(json).ok()?;
    // What steered the picture lies beside the settings, in chunks of its own.
    let is_sound = request.controls.iter().all(|control| control.validate_numbers().is_ok())
        && request.references.len() <= Reference::MOST
        && request.references.iter().all(|reference| reference.validate_numbers().is_ok())
        && request.regions.len() <= Region::MOST
        && request.regions.iter().all(|region| region.validate_numbers().is_ok());
    (is_sound && request.without_layers().validate().is_ok()).then_some(request)
}

/// How much of a picture was made anew, by what [`json_of`] or [`parameters_of`] wrote; `None` when there was none.
#[must_use]
pub fn strength_of(text: &str) -> Option<f64> {
    let strength = if let Ok(json) = serde_json::from_str::<serde_json::Value>(text) {
        json.get(STRENGTH)?.as_f64()
    } else {
        programs::of_parameters(text)?.strength
    };
    strength.filter(|strength| (0.0..=1.0).contains(strength))
}

/// The `parameters` text of a request whose defaults are filled in.
#[must_use]
pub fn parameters_of(request: &Request) -> String {
    // Other programs know no choices: they get the text that was drawn.
    let mut text = without_nul(&request.settled_prompt());
    if let Some(negative) = request.settled_negative().filter(|negative| !negative.is_empty()) {
        text.push_str("\nNegative prompt: ");
        text.push_str(&without_nul(&negative));
    }
    let mut pairs = vec![("Steps", request.steps.to_string())];
    if let Some(scheduler) = request.scheduler {
        pairs.push(("Sampler", scheduler.label().into()));
    }
    if let Some(sigmas) = request.sigmas {
        pairs.push(("Schedule type", schedule_of(sigmas).into()));
    }
    if let Some(guidance) = request.guidance {
        pairs.push(("CFG scale", guidance.to_string()));
    }
    pairs.push(("Seed", request.seed.to_string()));
    if let (Some(width), Some(height)) = (request.width, request.height) {
        pairs.push(("Size", format!("{width}x{height}")));
    }
    if let Some([width, height]) = request.worked_px {
        pairs.push(("Worked size", format!("{width}x{height}")));
    }
    pairs.push(("Model", model_name(&request.model)));
    if let Some(Variation { seed, strength }) = request.variation {
        pairs.push(("Variation seed", seed.to_string()));
        pairs.push(("Variation seed strength", strength.to_string()));
    }
    if let Some(init) = &request.init {
        pairs.push(("Denoising strength", init.strength.to_string()));
    }
    if let Some(skip) = request.clip_skip.filter(|skip| *skip > 1) {
        pairs.push(("Clip skip", skip.to_string()));
    }
    pairs.extend(parameters_inpaint::pairs_of(request));
    pairs.push(("RNG", if request.noise == NoiseKind::Philox { "NV" } else { "CPU" }.into()));
    if request.guidance_rescale > 0.0 {
        pairs.push(("CFG rescale", request.guidance_rescale.to_string()));
    }
    if request.guidance_until < 1.0 {
        pairs.push(("CFG until", request.guidance_until.to_string()));
    }
    if request.prediction != PredictionChoice::Auto {
        pairs.push(("Prediction", request.prediction.id().into()));
    }
    if request.prompt_syntax == PromptSyntax::Plain {
        pairs.push(("Prompt syntax", "plain".into()));
    }
    pairs.push(("Version", PROGRAM.into()));
    let pairs: Vec<String> = pairs.into_iter().map(|(key, value)| format!("{key}: {}", quoted(&value))).collect();
    text.push('\n');
    text.push_str(&pairs.join(", "));
    text
}

/// Reads a `parameters` text, whoever wrote it. What is not in it stays `None` or the default, and a value that no
/// engine would take counts as not given. `None` when the text is another format altogether.
#[must_use]
pub fn request_of_parameters(text: &str) -> Option<Request> {
    programs::of_parameters(text).map(|settings| settings.request)
}

fn schedule_of(sigmas: SigmaChoice) -> &'static str {
    match sigmas {
        SigmaChoice::Default => "Uniform",
        SigmaChoice::Karras => "Karras",
        SigmaChoice::Exponential => "Exponential",
    }
}

fn model_name(model: &ModelRef) -> String {
    match model {
        ModelRef::BuiltIn => BUILT_IN.into(),
        ModelRef::BuiltInFourSteps => BUILT_IN_FOUR_STEPS.into(),
        ModelRef::Folder(path) | ModelRef::File(path) => {
            let name = path.file_name().unwrap_or(path.as_os_str());
            without_nul(&name.to_string_lossy())
        }
    }
}

/// PNG text ends at the first NUL.
fn without_nul(text: &str) -> String {
    text.replace('\0', "")
}

fn quoted(value: &str) -> String {
    if value.contains([',', '\n', ':']) { serde_json::Value::from(value).to_string() } else { value.into() }
}

#[cfg(test)]
#[path = "parameters_tests.rs"]
mod tests;
