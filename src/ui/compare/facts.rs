//! What the compared pictures were made with: what differs, and what is alike.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::job::{ModelRef, Request};
use crate::sampling::SchedulerName;
use crate::store::words::lora_file::name_of;

use super::state::Compared;

/// What stands for a setting that a picture does not state.
const NOTHING: &str = "–";

/// A setting, and what each picture has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub name: String,
    pub values: Vec<String>,
}

/// The settings by which the pictures differ, in the panel's order, and those that are alike.
#[must_use]
pub(crate) fn differences(pictures: &[Compared]) -> (Vec<Row>, Vec<Row>) {
    let facts: Vec<Vec<(String, String)>> = pictures.iter().map(of).collect();
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in facts.iter().flatten() {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    let value = |facts: &Vec<(String, String)>, name: &str| {
        let found = facts.iter().find(|(known, _)| known == name);
        found.map_or(NOTHING.to_owned(), |(_, value)| value.clone())
    };
    let rows = names
        .iter()
        .map(|name| Row { name: (*name).to_owned(), values: facts.iter().map(|facts| value(facts, name)).collect() });
    rows.partition(|row: &Row| row.values.windows(2).any(|pair| pair[0] != pair[1]))
}

fn of(compared: &Compared) -> Vec<(String, String)> {
    let mut facts = compared.request.as_ref().map(settings).unwrap_or_default();
    if let Some(picture) = &compared.picture {
        facts.push(("Pixels".to_owned(), format!("{} × {}", picture.width(), picture.height())));
    }
    facts.extend(compared.seconds.map(|seconds| ("Time".to_owned(), format!("{seconds:.1} s"))));
    facts
}

/// Names of the panel for a request's fields, in its order. What has none of them is told by the field's own name, so
/// that no difference is passed over.
fn settings(request: &Request) -> Vec<(String, String)> {
    let mut fields = BTreeMap::new();
    if let Ok(value) = serde_json::to_value(request) {
        flatten("", &value, &mut fields);
    }
    // Said in words of the panel, or of no weight for the picture.
    for told in ["version", "drawn_prompt", "drawn_negative", "width", "height"] {
        fields.remove(told);
    }
    for prefix in WORDED {
        fields.retain(|name, _| name != prefix && !name.starts_with(&format!("{prefix}.")));
    }
    let mut facts = vec![("Prompt".to_owned(), request.settled_prompt().into_owned())];
    facts.extend(request.settled_negative().map(|text| ("Negative prompt".to_owned(), text.into_owned())));
    facts.push(("Model".to_owned(), model(&request.model)));
    facts.extend(request.vae.as_ref().map(|file| ("VAE".to_owned(), name_of(file))));
    let loras = request.loras.iter().map(|lora| {
        let (text, unet) = lora.weights();
        let weights = if text.to_bits() == unet.to_bits() { format!("{unet}") } else { format!("{text}:{unet}") };
        format!("{} {weights}", name_of(&lora.file))
    });
    let loras: Vec<String> = loras.collect();
    facts.push(("LoRAs".to_owned(), if loras.is_empty() { "none".to_owned() } else { loras.join(", ") }));
    facts.push(("Sampler".to_owned(), request.scheduler.map_or("the model's own", SchedulerName::label).to_owned()));
    facts.push(("Steps".to_owned(), request.steps.to_string()));
    facts.push((
        "CFG scale".to_owned(),
        request.guidance.map_or("the model's own".to_owned(), |scale| scale.to_string()),
    ));
    facts.push(("Seed".to_owned(), request.seed.to_string()));
    facts.extend(fields.into_iter().map(|(name, value)| (words(&name), value)));
    facts
}

/// Fields that [`settings`] says in words.
const WORDED: [&str; 9] = ["prompt", "negative", "model", "vae", "loras", "scheduler", "steps", "guidance", "seed"];

/// `inpaint.mask_blur_px` as "Inpaint: mask blur px".
fn words(field: &str) -> String {
    let spaced = field.replace('.', ": ").replace('_', " ");
    let mut signs = spaced.chars();
    signs.next().map(|first| first.to_uppercase().chain(signs).collect()).unwrap_or_default()
}

/// Values by their path; what is empty is passed over.
fn flatten(path: &str, value: &Value, fields: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(inside) => {
            for (name, value) in inside {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                flatten(&path, value, fields);
            }
        }
        Value::Null => {}
        Value::Array(items) if items.is_empty() => {}
        Value::String(text) => drop(fields.insert(path.to_owned(), text.clone())),
        other => drop(fields.insert(path.to_owned(), other.to_string())),
    }
}

fn model(model: &ModelRef) -> String {
    match model.path() {
        Some(path) => name_of(path),
        None => model.built_in_name().unwrap_or_default().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::LoraRef;

    fn compared(request: Option<Request>, seconds: f64) -> Compared {
        Compared { file: "/a.png".into(), picture: None, request, seconds: Some(seconds) }
    }

    #[test]
    fn only_what_differs_is_listed_and_nothing_is_passed_over() {
        let first = Request { prompt: "a castle".into(), steps: 20, seed: 11, ..Request::default() };
        let second = Request {
            steps: 10,
            scheduler: Some(SchedulerName::Euler),
            loras: vec![LoraRef::new("/l/ink wash.safetensors", 0.8)],
            guidance_until: 0.5,
            clip_skip: Some(2),
            ..first.clone()
        };
        let (differ, same) = differences(&[compared(Some(first), 4.9), compared(Some(second), 2.5)]);
        let names: Vec<&str> = differ.iter().map(|row| row.name.as_str()).collect();
        assert_eq!(names, ["LoRAs", "Sampler", "Steps", "Guidance until", "Time", "Clip skip"]);
        let row = |name: &str| differ.iter().find(|row| row.name == name).unwrap().values.clone();
        assert_eq!(row("Steps"), ["20", "10"]);
        assert_eq!(row("LoRAs"), ["none", "ink wash 0.8"]);
        assert_eq!(
            (row("Clip skip"), row("Time")),
            (vec!["–".into(), "2".into()], vec!["4.9 s".into(), "2.5 s".into()])
        );
        assert!(same.iter().any(|row| row.name == "Prompt") && same.iter().any(|row| row.name == "Seed"));
        assert!(same.iter().all(|row| row.name != "Version"));
    }

    #[test]
    fn a_picture_that_does_not_say_how_it_was_made_differs_in_all() {
        let (differ, _) = differences(&[compared(Some(Request::default()), 1.0), compared(None, 1.0)]);
        assert!(differ.iter().all(|row| row.values[1] == NOTHING) && differ.len() > 4);
    }
}
