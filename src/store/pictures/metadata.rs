//! How a picture was made, as text that other programs read too: AUTOMATIC1111's `parameters`.
//!
//! Text in, `Request` out, and back; an exact copy as JSON goes beside it. Touches no file.

use crate::job::{ModelRef, PromptSyntax, Request, Variation};
use crate::prompt::drawn;
use crate::sampling::{NoiseKind, PredictionChoice, SchedulerName, SigmaChoice};
use crate::store::pictures::metadata_inpaint;

/// The chunk that AUTOMATIC1111 and its kin write.
pub const PARAMETERS_KEY: &str = "parameters";
/// The chunk with the request as JSON: an exact round trip, preferred when reading.
pub const REQUEST_KEY: &str = "inkwick";

/// Beside the request's own fields in the JSON.
const STRENGTH: &str = "strength";
const NEGATIVE: &str = "Negative prompt:";
const BUILT_IN: &str = "Inkwick built-in";
const PROGRAM: &str = concat!("Inkwick ", env!("CARGO_PKG_VERSION"));
/// Fewer `key: value` pairs than this make the last line a part of the prompt, as in `AUTOMATIC1111`.
const FEWEST_PAIRS: usize = 3;
/// Older files, and other programs' files, carry the schedule in the sampler's name.
const SCHEDULE_ENDINGS: [&str; 5] = ["karras", "exponential", "polyexponential", "sgm uniform", "discrete"];

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
    serde_json::from_str::<Request>(json).ok().filter(|request| request.validate().is_ok())
}

/// How much of a picture was made anew, by what [`json_of`] or [`parameters_of`] wrote; `None` when there was none.
#[must_use]
pub fn strength_of(text: &str) -> Option<f64> {
    let strength = if let Ok(json) = serde_json::from_str::<serde_json::Value>(text) {
        json.get(STRENGTH)?.as_f64()
    } else {
        let last_line = text.trim().lines().next_back()?;
        let pair = pairs_in(last_line).into_iter().find(|(key, _)| *key == "Denoising strength")?;
        pair.1.trim().parse().ok()
    };
    strength.filter(|strength| (0.0..=1.0).contains(strength))
}

/// The `parameters` text of a request whose defaults are filled in.
#[must_use]
pub fn parameters_of(request: &Request) -> String {
    // Other programs know no choices: they get the text that was drawn.
    let drawn_text = |text: &str| match request.prompt_syntax {
        PromptSyntax::Weighted => without_nul(&drawn(text, request.seed)),
        PromptSyntax::Plain => without_nul(text),
    };
    let mut text = drawn_text(&request.prompt);
    if let Some(negative) = request.negative.as_deref().filter(|negative| !negative.is_empty()) {
        text.push_str("\nNegative prompt: ");
        text.push_str(&drawn_text(negative));
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
    pairs.extend(metadata_inpaint::pairs_of(request));
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
    let text = text.trim();
    if text.is_empty() || serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() {
        return None;
    }
    let (mut prompts, last_line) = text.rsplit_once('\n').unwrap_or(("", text));
    let mut pairs = pairs_in(last_line);
    if pairs.len() < FEWEST_PAIRS {
        prompts = text;
        pairs.clear();
    }
    let (prompt, negative) = split_prompts(prompts);
    let mut request = Request { prompt, negative, ..Request::default() };
    if is_of_automatic1111(&pairs) {
        // Its absent RNG means the graphics card's.
        request.noise = NoiseKind::Philox;
    }
    for (key, value) in pairs {
        let mut changed = request.clone();
        apply(&mut changed, key, &unquoted(value));
        if changed.validate().is_ok() {
            request = changed;
        }
    }
    Some(request)
}

/// All that a `parameters` text says, by its own keys, with the prompts as `Prompt` and `Negative prompt`.
#[cfg(feature = "serve")]
#[must_use]
pub(crate) fn pairs_of_parameters(text: &str) -> Vec<(String, String)> {
    let text = text.trim();
    let (prompts, last_line) = text.rsplit_once('\n').unwrap_or(("", text));
    let pairs = pairs_in(last_line);
    let (prompts, pairs) = if pairs.len() < FEWEST_PAIRS { (text, Vec::new()) } else { (prompts, pairs) };
    let (prompt, negative) = split_prompts(prompts);
    let texts = [("Prompt", prompt), ("Negative prompt", negative.unwrap_or_default())];
    let texts = texts.into_iter().map(|(key, text)| (key.to_owned(), text));
    texts.chain(pairs.into_iter().map(|(key, value)| (key.to_owned(), unquoted(value)))).collect()
}

fn apply(request: &mut Request, key: &str, value: &str) {
    match key {
        "Steps" => set(&mut request.steps, value.parse().ok()),
        "Sampler" => {
            request.scheduler = scheduler_of(value);
            let sigmas = sigmas_of(value).filter(|sigmas| request.scheduler.is_some_and(|name| name.allows(*sigmas)));
            request.sigmas = sigmas.or(request.sigmas);
        }
        "Schedule type" => request.sigmas = sigmas_of(value).or(request.sigmas),
        "Variation seed" => {
            let strength = request.variation.map_or(0.0, |variation| variation.strength);
            request.variation = value.parse().ok().map(|seed| Variation { seed, strength });
        }
        "Variation seed strength" => {
            if let (Some(variation), Ok(strength)) = (&mut request.variation, value.parse()) {
                variation.strength = strength;
            }
        }
        "Clip skip" => request.clip_skip = value.parse().ok().filter(|skip| *skip > 1),
        "RNG" => {
            let on_processor = value.eq_ignore_ascii_case("cpu");
            request.noise = if on_processor { NoiseKind::Torch } else { NoiseKind::Philox };
        }
        "CFG rescale" => set(&mut request.guidance_rescale, value.parse().ok()),
        "CFG until" => set(&mut request.guidance_until, value.parse().ok()),
        "Prediction" => set(&mut request.prediction, PredictionChoice::from_id(value)),
        "CFG scale" => request.guidance = value.parse().ok(),
        "Seed" => set(&mut request.seed, value.parse().ok()),
        "Size" => {
            if let Some((width, height)) = value.split_once('x')
                && let (Ok(width), Ok(height)) = (width.parse(), height.parse())
            {
                (request.width, request.height) = (Some(width), Some(height));
            }
        }
        "Prompt syntax" if value == "plain" => request.prompt_syntax = PromptSyntax::Plain,
        _ => metadata_inpaint::apply(request, key, value),
    }
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

fn split_prompts(text: &str) -> (String, Option<String>) {
    let mut prompt: Vec<&str> = Vec::new();
    let mut negative: Option<Vec<&str>> = None;
    for line in text.lines().map(str::trim) {
        match (line.strip_prefix(NEGATIVE), &mut negative) {
            (Some(first), lines) => lines.get_or_insert_default().push(first.trim()),
            (None, Some(lines)) => lines.push(line),
            (None, None) => prompt.push(line),
        }
    }
    let negative = negative.map(|lines| lines.join("\n")).filter(|negative| !negative.is_empty());
    (prompt.join("\n"), negative)
}

fn schedule_of(sigmas: SigmaChoice) -> &'static str {
    match sigmas {
        SigmaChoice::Default => "Uniform",
        SigmaChoice::Karras => "Karras",
        SigmaChoice::Exponential => "Exponential",
    }
}

/// At the end of a schedule's or, in older files, a sampler's name.
#[must_use]
pub(crate) fn sigmas_of(name: &str) -> Option<SigmaChoice> {
    let name = name.trim().to_lowercase();
    let ends = |ending: &str| name == ending || name.ends_with(&format!(" {ending}"));
    let known = SigmaChoice::ALL.into_iter().find(|sigmas| ends(&schedule_of(*sigmas).to_lowercase()));
    known.filter(|_| !ends("sgm uniform"))
}

/// AUTOMATIC1111 calls its versions v1.10.1, Forge f2.0.1….
fn is_of_automatic1111(pairs: &[(&str, &str)]) -> bool {
    let version = pairs.iter().find(|(key, _)| *key == "Version").map(|(_, value)| value.trim());
    let digits = version.and_then(|version| version.strip_prefix(['v', 'f']));
    digits.is_some_and(|digits| digits.starts_with(|first: char| first.is_ascii_digit()))
}

/// By the window's label or the command line's name, in any case, with or without a schedule behind it.
#[must_use]
pub(crate) fn scheduler_of(name: &str) -> Option<SchedulerName> {
    let name = name.trim().to_lowercase();
    let bare = SCHEDULE_ENDINGS.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(&name).trim_end();
    let id = bare.replace(['_', ' '], "-");
    if id == "pndm" {
        return Some(SchedulerName::Pndm);
    }
    SchedulerName::ALL.into_iter().find(|known| known.label().to_lowercase() == bare || known.id() == id)
}

fn model_name(model: &ModelRef) -> String {
    match model {
        ModelRef::BuiltIn => BUILT_IN.into(),
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

fn unquoted(value: &str) -> String {
    if value.len() >= 2 && value.starts_with('"') && value.ends_with('"') {
        serde_json::from_str(value).unwrap_or_else(|_| value.into())
    } else {
        value.into()
    }
}

/// All that `\s*(\w[\w \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)` finds in a line.
fn pairs_in(line: &str) -> Vec<(&str, &str)> {
    let mut pairs = Vec::new();
    let mut rest = line;
    while let Some(start) = rest.find(is_word) {
        rest = &rest[start..];
        let key_end = rest.find(|c| !(is_word(c) || matches!(c, ' ' | '-' | '/'))).unwrap_or(rest.len());
        let (key, after) = rest.split_at(key_end);
        // Where a run of key characters is not followed by a colon, no later start within it is either.
        rest = after;
        if key.chars().nth(1).is_some()
            && let Some(value) = after.strip_prefix(':')
        {
            let value = value.trim_start();
            let end = quoted_end(value).or_else(|| value.find(',')).unwrap_or(value.len());
            pairs.push((key, &value[..end]));
            rest = &value[end..];
        }
    }
    pairs
}

/// Where a quoted value ends, if there is one and a comma or the end follows it.
fn quoted_end(value: &str) -> Option<usize> {
    let mut escaped = false;
    for (index, c) in value.strip_prefix('"')?.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => {
                let end = index + 2;
                return (index > 0 && (end == value.len() || value[end..].starts_with(','))).then_some(end);
            }
            _ => {}
        }
    }
    None
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
#[path = "metadata_tests.rs"]
mod tests;
