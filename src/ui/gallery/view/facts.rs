//! A picture's settings as lines of a table, in the order of the prompt panel.

use std::path::Path;
use std::time::SystemTime;

use chrono::{DateTime, Local, NaiveDate};

use crate::job::{ModelRef, Request};
use crate::sampling::{NoiseKind, PredictionChoice, SigmaChoice};
use crate::store::pictures::programs::{PictureSettings, Program, bare_name};
use crate::ui::action::SettingsPart;

/// One line: what it is called, what it is, and what of the prompt panel it can be used for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    pub label: &'static str,
    pub value: String,
    pub part: Option<SettingsPart>,
}

impl Fact {
    fn new(label: &'static str, value: impl Into<String>, part: impl Into<Option<SettingsPart>>) -> Self {
        Self { label, value: value.into(), part: part.into() }
    }
}

/// What is drawn and what it is drawn with; then how.
pub(super) fn of_settings(settings: &PictureSettings, size_px: Option<[u32; 2]>) -> [Vec<Fact>; 2] {
    let request = &settings.request;
    // Of another program only what its file says.
    let says = |field: &str| settings.is_exact || settings.fields.contains(&field);
    let mut what = Vec::new();
    if let Some(model) = model_name(settings) {
        what.push(Fact::new("Model", model, SettingsPart::Model));
    }
    what.push(match settings.strength {
        None => Fact::new("Mode", "Create", None),
        Some(_) => Fact::new("Mode", "Edit", None),
    });
    if let Some(strength) = settings.strength {
        what.push(Fact::new("Strength", number(strength), SettingsPart::Strength));
    }
    if let Some([width, height]) = size_px {
        what.push(Fact::new("Size", format!("{width} × {height}"), SettingsPart::Size));
    }
    if let Some([width, height]) = request.worked_px {
        what.push(Fact::new("Worked at", format!("{width} × {height}"), None));
    }
    if says("seed") {
        what.push(Fact::new("Seed", request.seed.to_string(), SettingsPart::Seed));
    }
    if let Some(variation) = request.variation {
        let value = format!("{} of seed {}", number(variation.strength), variation.seed);
        what.push(Fact::new("Variation", value, None));
    }
    [what, how(settings, request, says)]
}

fn how(settings: &PictureSettings, request: &Request, says: impl Fn(&str) -> bool) -> Vec<Fact> {
    let mut how = Vec::new();
    let own = request.scheduler.map(|scheduler| scheduler.label().to_owned());
    match own.or_else(|| settings.sampler.clone()) {
        Some(sampler) => how.push(Fact::new("Sampler", sampler, SettingsPart::Sampler)),
        None if settings.is_exact => how.push(Fact::new("Sampler", "the model’s own", SettingsPart::Sampler)),
        None => {}
    }
    match request.sigmas {
        Some(SigmaChoice::Karras) => how.push(Fact::new("Schedule", "Karras", SettingsPart::Schedule)),
        Some(SigmaChoice::Exponential) => how.push(Fact::new("Schedule", "Exponential", SettingsPart::Schedule)),
        Some(SigmaChoice::Default) => how.push(Fact::new("Schedule", "as trained", SettingsPart::Schedule)),
        None if settings.is_exact => how.push(Fact::new("Schedule", "the model’s own", SettingsPart::Schedule)),
        None => {}
    }
    if says("steps") {
        how.push(Fact::new("Steps", request.steps.to_string(), SettingsPart::Steps));
    }
    if let Some(guidance) = request.guidance {
        how.push(Fact::new("Guidance", number(guidance), SettingsPart::Guidance));
    }
    let loras = loras(settings);
    if !loras.is_empty() {
        let words: Vec<String> = loras.iter().map(|(name, weight)| format!("{name} {}", number(*weight))).collect();
        how.push(Fact::new("LoRAs", words.join(", "), SettingsPart::Loras));
    }
    let file_name = |path: &Path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    if let Some(vae) = request.vae.as_deref().map(file_name).or_else(|| settings.vae.clone()) {
        how.push(Fact::new("VAE", vae, None));
    }
    if let Some(skip) = request.clip_skip {
        how.push(Fact::new("Clip skip", skip.to_string(), None));
    }
    for (label, value, usual) in
        [("Rescale", request.guidance_rescale, 0.0), ("Guided to", request.guidance_until, 1.0)]
    {
        if (value - usual).abs() > f64::EPSILON {
            how.push(Fact::new(label, number(value), None));
        }
    }
    if request.noise == NoiseKind::Philox {
        how.push(Fact::new("Noise", "as of a graphics card", None));
    }
    if request.prediction != PredictionChoice::Auto {
        how.push(Fact::new("Predicts", request.prediction.id(), None));
    }
    if let Some(branch) = &request.branch {
        let value = if branch.is_decoding() {
            "another picture’s latents, decoded again".to_owned()
        } else {
            format!("step {} of {} of another", branch.step, branch.steps)
        };
        how.push(Fact::new("Went on from", value, None));
    }
    how
}

/// The LoRAs of a picture by their names, with their weights.
#[must_use]
pub fn loras(settings: &PictureSettings) -> Vec<(String, f64)> {
    let stem = |path: &Path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let ours = settings.request.loras.iter().map(|lora| (stem(&lora.file), lora.weight));
    let mut loras: Vec<(String, f64)> = ours.collect();
    for lora in &settings.loras {
        let name = bare_name(&lora.name);
        if loras.iter().all(|(known, _)| known != name) {
            loras.push((name.to_owned(), lora.weight));
        }
    }
    // Those that only the prompt names.
    for tag in crate::prompt::lora_tags(&settings.request.prompt) {
        let name = bare_name(&tag.name);
        if loras.iter().all(|(known, _)| known != name) {
            loras.push((name.to_owned(), tag.unet_weight));
        }
    }
    loras
}

/// As a person calls it; `None` where the file does not say.
#[must_use]
pub fn model_name(settings: &PictureSettings) -> Option<String> {
    let name = |path: &Path, stem: bool| {
        let name = if stem { path.file_stem() } else { path.file_name() };
        name.unwrap_or_default().to_string_lossy().into_owned()
    };
    match &settings.request.model {
        ModelRef::Folder(path) => Some(name(path, false)),
        ModelRef::File(path) => Some(name(path, true)),
        built_in if settings.is_exact => built_in.built_in_name().map(str::to_owned),
        _ => settings.model.as_deref().map(|name| bare_name(name).to_owned()),
    }
}

/// When it was made, and by which program if that was another.
pub(super) fn of_file(modified: Option<SystemTime>, settings: Option<&PictureSettings>) -> Vec<Fact> {
    let mut facts = Vec::new();
    if let Some(modified) = modified {
        facts.push(Fact::new("Made", made(modified.into(), Local::now().date_naive()), None));
    }
    if let Some(program) = settings.map(|settings| settings.program).filter(|program| *program != Program::Inkwick) {
        facts.push(Fact::new("Program", program.name(), None));
    }
    facts
}

/// "today 14:02".
fn made(time: DateTime<Local>, today: NaiveDate) -> String {
    let day = match (today - time.date_naive()).num_days() {
        0 => "today".to_owned(),
        1 => "yesterday".to_owned(),
        _ => time.format("%-d %B %Y").to_string(),
    };
    format!("{day} {}", time.format("%H:%M"))
}

/// Without digits that nobody chose: 0.65, 4, 0.333.
pub(super) fn number(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone as _;

    use super::*;
    use crate::job::LoraRef;
    use crate::sampling::SchedulerName;
    use crate::store::pictures::programs::NamedLora;

    fn value<'a>(facts: &'a [Vec<Fact>], label: &str) -> Option<&'a str> {
        facts.iter().flatten().find(|fact| fact.label == label).map(|fact| fact.value.as_str())
    }

    #[test]
    fn our_own_picture_says_everything_in_the_panels_order() {
        let request = Request {
            prompt: "a fox <lora:wet ink:0.5>".into(),
            seed: u64::MAX,
            scheduler: Some(SchedulerName::Euler),
            steps: 23,
            guidance: Some(4.0),
            loras: vec![LoraRef::new("/l/wet ink.safetensors", 0.5)],
            ..Request::default()
        };
        let settings = PictureSettings { request, is_exact: true, strength: Some(0.65), ..PictureSettings::default() };
        let facts = of_settings(&settings, Some([512, 768]));
        let labels: Vec<&str> = facts[0].iter().map(|fact| fact.label).collect();
        assert_eq!(labels, ["Model", "Mode", "Strength", "Size", "Seed"]);
        for (label, wanted) in [
            ("Model", "Built-in"),
            ("Mode", "Edit"),
            ("Strength", "0.65"),
            ("Seed", "18446744073709551615"),
            ("Size", "512 × 768"),
            ("Steps", "23"),
            ("Guidance", "4"),
            ("LoRAs", "wet ink 0.5"),
            ("Schedule", "the model’s own"),
        ] {
            assert_eq!(value(&facts, label), Some(wanted), "{label}");
        }
    }

    #[test]
    fn of_another_programs_picture_nothing_is_made_up() {
        let settings = PictureSettings {
            program: Program::Automatic1111,
            fields: vec!["steps"],
            model: Some("SD/toon.safetensors".into()),
            sampler: Some("DDIM CFG++".into()),
            loras: vec![NamedLora { name: "a/ink.pt".into(), weight: 1.0 }],
            ..PictureSettings::default()
        };
        let facts = of_settings(&settings, None);
        assert_eq!(value(&facts, "Model"), Some("toon"));
        assert_eq!((value(&facts, "Seed"), value(&facts, "Schedule"), value(&facts, "Size")), (None, None, None));
        assert_eq!((value(&facts, "Sampler"), value(&facts, "LoRAs")), (Some("DDIM CFG++"), Some("ink 1")));
        assert_eq!(value(&[of_file(None, Some(&settings))], "Program"), Some(Program::Automatic1111.name()));
    }

    #[test]
    fn times_and_numbers_read_well() {
        let time = Local.with_ymd_and_hms(2026, 11, 29, 9, 5, 0).unwrap();
        let day = |number| NaiveDate::from_ymd_opt(2026, 11, number).unwrap();
        assert_eq!(made(time, day(29)), "today 09:05");
        assert_eq!(made(time, day(30)), "yesterday 09:05");
        assert_eq!(made(time, NaiveDate::from_ymd_opt(2027, 1, 1).unwrap()), "29 November 2026 09:05");
        assert_eq!([4.0, 0.65, 1.0 / 3.0, 0.0, 100.0].map(number), ["4", "0.65", "0.333", "0", "100"]);
    }
}
