//! AUTOMATIC1111's `parameters`, and all who write the same text: Forge, SD.Next, Fooocus in that scheme,
//! stable-diffusion.cpp, Krita's plugin, and Inkwick itself.

use crate::job::PromptSyntax;
use crate::sampling::{NoiseKind, PredictionChoice};
use crate::store::pictures::programs::infotext::Infotext;
use crate::store::pictures::programs::program::Program;
use crate::store::pictures::programs::told::Told;
use crate::store::pictures::programs::{krita, loose, repainting, stable_diffusion_cpp};

/// Keys that say nothing about how the picture looks, or say again what others say.
const PASSED_OVER: &[&str] = &[
    "App",
    "Backend",
    "Batch pos",
    "Batch size",
    "Civitai metadata",
    "Civitai resources",
    "Created Date",
    "Fooocus V2 Expansion",
    "Hashes",
    "Lora hashes",
    "Negative Template",
    "Operations",
    "Parser",
    "Performance",
    "Pipeline",
    "Prompt syntax",
    "Raw negative prompt",
    "Raw prompt",
    "Refiner hash",
    "Template",
    "TI hashes",
    "TI",
    "User",
    "VAE hash",
    "Version",
];
/// What other features' keys begin with, and what they are called.
const FEATURES: &[(&str, &str)] = &[
    ("Hires", "the second, larger pass (hires fix) is not made here"),
    ("ControlNet", "ControlNet is not used here"),
    ("Refiner", "the refiner is not used here"),
    ("ADetailer", "faces and hands were drawn again by ADetailer, which is not done here"),
    ("RP ", "regional prompts are not used here"),
    ("Face restoration", "faces were restored afterwards, which is not done here"),
    ("Postprocess", "the picture was worked on afterwards, which is not done here"),
    ("Styles", "styles were added to the prompt, which is not done here"),
];

/// Reads such a text; `None` for another format altogether.
pub(crate) fn read(text: &str) -> Option<Told> {
    let text = text.trim_matches(|letter: char| letter.is_whitespace() || letter == '\0');
    if text.is_empty() || serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() {
        return None;
    }
    let (text, record) = stable_diffusion_cpp::split(text);
    let mut info = Infotext::of(text);
    let program = program_of(&info);
    let mut told = Told::new(program);
    told_noise(&mut told, &info);
    let (schedule_key, is_krita) = (["Schedule type", "Scheduler"], program == Program::Krita);
    let schedule = schedule_key.iter().find_map(|key| info.get(key)).map(str::to_owned);
    let has_second_pass = info.pairs.iter().any(|(key, _)| key.starts_with("Hires "));
    // What a person wrote, before styles were added.
    if let Some(raw) = info.get("Raw prompt").map(str::to_owned).filter(|_| program == Program::Fooocus) {
        (info.prompt, info.negative) = (raw, info.get("Raw negative prompt").map(str::to_owned));
    }
    let mut unused: Vec<(&str, String)> = Vec::new();
    for (key, value) in std::mem::take(&mut info.pairs) {
        if key == "Sampler" && is_krita {
            krita::sampling(&mut told, &value);
        } else if key == "Sampler" {
            told.sampling(&value, schedule.as_deref());
        } else if key == "Denoising strength" && has_second_pass {
            // Of the second pass, which began with the first one's picture.
            unused.push(("Hires denoising strength", value));
        } else if !apply(&mut told, key, &value) && !PASSED_OVER.contains(&key) {
            unused.push((key, value));
        }
    }
    told.prompts(Some(info.prompt), info.negative);
    note_features(&mut told, unused);
    if let Some(record) = record {
        stable_diffusion_cpp::apply(&mut told, record);
    }
    Some(told)
}

/// By the version that each of them writes.
fn program_of(info: &Infotext<'_>) -> Program {
    let version = info.get("Version").unwrap_or_default().trim();
    let is_number = |rest: &str| rest.starts_with(|first: char| first.is_ascii_digit());
    if version.starts_with("Inkwick") {
        Program::Inkwick
    } else if version.starts_with("Fooocus") {
        Program::Fooocus
    } else if version.starts_with("stable-diffusion.cpp") {
        Program::StableDiffusionCpp
    } else if version.to_lowercase().starts_with("krita") {
        Program::Krita
    } else if version == "ComfyUI" {
        Program::ComfyUi
    } else if version.strip_prefix('f').is_some_and(is_number)
        || ["neo", "classic", "forge"].contains(&version.to_lowercase().as_str())
    {
        Program::Forge
    } else if info.get("App").is_some_and(|app| app.contains("SD.Next")) {
        Program::SdNext
    } else if version.is_empty() && info.get("Model hash") == Some("unknown") {
        Program::Krita
    } else {
        Program::Automatic1111
    }
}

/// Which generator drew the noise, where the text does not say it.
fn told_noise(told: &mut Told, info: &Infotext<'_>) {
    let usual = match told.program {
        // A card's, unless RNG says otherwise.
        Program::Forge | Program::StableDiffusionCpp | Program::SdNext => Some(NoiseKind::Philox),
        Program::Automatic1111 => {
            let is_hash = |hash: &str| hash.len() >= 6 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
            let version = info.get("Version").and_then(|version| version.trim().strip_prefix('v'));
            let is_named = version.is_some_and(|digits| digits.starts_with(|first: char| first.is_ascii_digit()));
            (is_named || info.get("Model hash").is_some_and(is_hash)).then_some(NoiseKind::Philox)
        }
        Program::Krita | Program::Fooocus | Program::ComfyUi => Some(NoiseKind::Torch),
        _ => None,
    };
    if let Some(noise) = usual {
        told.noise(noise);
    }
}

/// Takes over a pair; `false` for what is not known here.
fn apply(told: &mut Told, key: &str, value: &str) -> bool {
    let whole = loose::whole_in(value);
    let number: Option<f64> = value.trim().parse().ok();
    match key {
        "Steps" => take(told, key, value, whole, Told::steps),
        "Schedule type" | "Scheduler" => {}
        "CFG scale" => take(told, key, value, number, Told::guidance),
        "Image CFG scale" => take(told, key, value, number, Told::image_guidance),
        "Seed" => take(told, key, value, whole, Told::seed),
        "Size" => take(told, key, value, loose::size_in(value), Told::size),
        "Worked size" => {
            let size = loose::size_in(value)
                .and_then(|(width, height)| Some([u32::try_from(width).ok()?, u32::try_from(height).ok()?]));
            take(told, key, value, size, |told, size| {
                told.set("worked_px", |request| request.worked_px = Some(size));
            });
        }
        "Clip skip" => take(told, key, value, whole, Told::clip_skip),
        "Model" => told.model(value),
        "Unet" if told.model.is_none() => told.model(value),
        "Model hash" => told.hash(value),
        "VAE" => told.vae(value),
        "Module 1" if value.to_lowercase().contains("vae") => told.vae(value),
        "Denoising strength" => take(told, key, value, number, Told::strength),
        "Variation seed" => {
            let strength = told.request.variation.map_or(0.0, |variation| variation.strength);
            match whole {
                // A strength of its own follows.
                Some(seed) => told.set("variation", |request| {
                    request.variation = Some(crate::job::Variation { seed, strength });
                }),
                None => told.unreadable(key, value),
            }
        }
        "Variation seed strength" => {
            let seed = told.request.variation.map_or(0, |variation| variation.seed);
            match number {
                Some(strength) => told.set("variation", |request| {
                    request.variation = Some(crate::job::Variation { seed, strength });
                }),
                None => told.unreadable(key, value),
            }
        }
        "RNG" => match value.trim().to_lowercase().as_str() {
            "cpu" => told.noise(NoiseKind::Torch),
            "gpu" | "nv" | "cuda" => told.noise(NoiseKind::Philox),
            _ => told.foreign_noise(value),
        },
        "CFG rescale" | "CFG Rescale" | "Rescale CFG" => take(told, key, value, number, Told::rescale),
        "CFG until" => take(told, key, value, number, |told, until| {
            told.set("guidance_until", |request| request.guidance_until = until);
        }),
        "Prediction" => match PredictionChoice::from_id(value) {
            Some(prediction) => told.set("prediction", |request| request.prediction = prediction),
            None => told.unreadable(key, value),
        },
        "Prompt syntax" if value == "plain" => {
            told.set("prompt_syntax", |request| request.prompt_syntax = PromptSyntax::Plain);
        }
        "Lora weights" => {
            for pair in value.split(", ") {
                let (name, weight) = pair.rsplit_once(':').unwrap_or((pair, "1"));
                told.lora(name, weight.trim().parse().unwrap_or(1.0));
            }
        }
        // What leaves the picture as it is.
        "Eta" | "Eta DDIM" | "ENSD" | "Guidance" | "Sharpness" if number == Some(0.0) => {}
        "Noise multiplier" | "Conditional mask weight" if number == Some(1.0) => {}
        // Of distilled models that are guided otherwise.
        "Guidance" if told.program == Program::StableDiffusionCpp => {}
        "ENSD" => told.note(format!(
            "ENSD {value} shifts the seed of ancestral samplers' later noise, which Inkwick does not do"
        )),
        "Eta" | "Eta DDIM" => told.note(format!("eta {value} cannot be chosen in Inkwick")),
        "Init image hash" | "Init image size" => {
            told.note("the picture began with another one, which is not in its file");
        }
        _ => return repainting::take(told, key, value),
    }
    true
}

fn take<T>(told: &mut Told, key: &str, value: &str, read: Option<T>, use_it: impl FnOnce(&mut Told, T)) {
    match read {
        Some(read) => use_it(told, read),
        None => told.unreadable(key, value),
    }
}

/// What was done with features that are not here, one sentence each; then everything else.
fn note_features(told: &mut Told, unused: Vec<(&str, String)>) {
    let mut rest = unused;
    for (start, sentence) in FEATURES {
        let (those, others): (Vec<_>, Vec<_>) = rest.into_iter().partition(|(key, _)| key.starts_with(start));
        told.note_unused(sentence, those.into_iter());
        rest = others;
    }
    told.note_unused("the picture says more that Inkwick does not use", rest.into_iter());
}
