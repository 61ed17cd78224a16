//! Mochi Diffusion: `Key: value` pairs in the caption (IPTC), joined by `; ` in older versions and by lines in newer ones.

use crate::store::pictures::programs::loose;
use crate::store::pictures::programs::picture_settings::PictureSettings;
use crate::store::pictures::programs::program::Program;

const VERSION: &str = "Metadata Version";
/// What a caption may speak of; anything else belongs to the value before it.
const KEYS: [&str; 18] = [
    VERSION,
    "Date",
    "Model",
    "Engine",
    "Model Key",
    "Size",
    "Quality",
    "Starting Image",
    "ControlNet Image",
    "Input Images",
    "Include in Image",
    "Exclude from Image",
    "Scheduler",
    "ML Compute Unit",
    "Seed",
    "Steps",
    "Guidance Scale",
    "Generator",
];

pub(crate) fn claims(caption: &str) -> bool {
    caption.contains("Include in Image:") || caption.contains("Generator: Mochi Diffusion")
}

pub(crate) fn read(caption: &str) -> PictureSettings {
    let mut settings = PictureSettings::new(Program::Mochi);
    settings.foreign_noise("NumPy's generator");
    let (mut prompt, mut negative) = (None, None);
    for (key, value) in pairs(caption) {
        let number: Option<f64> = value.trim().parse().ok();
        match (key, loose::whole_in(&value), number) {
            ("Include in Image", ..) => prompt = Some(value),
            ("Exclude from Image", ..) => negative = Some(value),
            ("Model", ..) => settings.model(&value),
            ("Steps", Some(steps), _) => settings.steps(steps),
            ("Seed", Some(seed), _) => settings.seed(seed),
            ("Guidance Scale", _, Some(guidance)) => settings.guidance(guidance),
            // Apple's pipeline has the single-step solver under this name.
            ("Scheduler", ..) => settings.sampling(&value, None),
            ("Size", ..) => match loose::size_in(&value) {
                Some(size) => settings.size(size),
                None => settings.unreadable(key, &value),
            },
            ("Steps" | "Seed" | "Guidance Scale", ..) => settings.unreadable(key, &value),
            ("Starting Image" | "Input Images", ..) if !value.is_empty() => {
                settings.note(format!("the picture began with another one, which is not in its file ({value})"));
            }
            ("ControlNet Image", ..) if !value.is_empty() => {
                settings.note(format!("ControlNet is not used here ({value})"));
            }
            _ => {}
        }
    }
    settings.prompts(prompt, negative);
    settings
}

fn pairs(caption: &str) -> Vec<(&'static str, String)> {
    let is_newer = caption.trim_start().starts_with(VERSION);
    let fields: Vec<&str> = if is_newer { caption.lines().collect() } else { caption.split("; ").collect() };
    let mut pairs: Vec<(&'static str, String)> = Vec::new();
    for field in fields {
        let known = field
            .split_once(':')
            .and_then(|(key, value)| Some((*KEYS.iter().find(|known| **known == key.trim())?, value)));
        match (known, pairs.last_mut()) {
            (Some((key, value)), _) => {
                let value = value.strip_prefix(' ').unwrap_or(value);
                pairs.push((key, if is_newer { unescaped(value) } else { value.to_owned() }));
            }
            // An older prompt with the separator in it, which was not escaped.
            (None, Some((_, value))) if !is_newer => {
                value.push_str("; ");
                value.push_str(field);
            }
            _ => {}
        }
    }
    pairs
}

fn unescaped(value: &str) -> String {
    let mut plain = String::with_capacity(value.len());
    let mut letters = value.chars();
    while let Some(letter) = letters.next() {
        match (letter, letter == '\\') {
            (_, false) => plain.push(letter),
            (_, true) => match letters.next() {
                Some('n') => plain.push('\n'),
                Some('r') => plain.push('\r'),
                Some('\\') | None => plain.push('\\'),
                Some(other) => plain.extend(['\\', other]),
            },
        }
    }
    plain
}
