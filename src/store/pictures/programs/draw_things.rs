//! Draw Things: JSON in the user comment, of EXIF or of XMP; the same in words in the description.

use serde_json::{Map, Value};

use crate::sampling::NoiseKind;
use crate::store::pictures::programs::fields::Fields;
use crate::store::pictures::programs::infotext::pairs_in;
use crate::store::pictures::programs::loose;
use crate::store::pictures::programs::program::Program;
use crate::store::pictures::programs::told::Told;

/// Numbers that its newer records have for names.
const SAMPLERS: [&str; 20] = [
    "DPM++ 2M Karras",
    "Euler a",
    "DDIM",
    "PLMS",
    "DPM++ SDE Karras",
    "UniPC",
    "LCM",
    "Euler A Substep",
    "DPM++ SDE Substep",
    "TCD",
    "Euler A Trailing",
    "DPM++ SDE Trailing",
    "DPM++ 2M AYS",
    "Euler A AYS",
    "DPM++ SDE AYS",
    "DPM++ 2M Trailing",
    "DDIM Trailing",
    "UniPC Trailing",
    "UniPC AYS",
    "TCD Trailing",
];
const SEED_MODES: [&str; 4] = ["Legacy", "Torch CPU Compatible", "Scale Alike", "NVIDIA GPU Compatible"];

pub(crate) fn claims(map: &Map<String, Value>) -> bool {
    map.contains_key("c") && ["uc", "sampler", "seed_mode", "v2", "model"].iter().any(|name| map.contains_key(*name))
}

pub(crate) fn read(map: Map<String, Value>) -> Told {
    let mut told = Told::new(Program::DrawThings);
    let mut fields = Fields::new(map);
    // All of it once more, with longer names and, for some, numbers.
    let mut second = fields.inside("v2");
    fields.pass_over(&["profile", "tanque"]);
    number_of(&mut told, &mut fields, "scale", &mut second, "guidanceScale", Told::guidance);
    number_of(&mut told, &mut fields, "strength", &mut second, "strength", Told::strength);
    whole_of(&mut told, &mut fields, "steps", &mut second, "steps", Told::steps);
    whole_of(&mut told, &mut fields, "seed", &mut second, "seed", Told::seed);
    whole_of(&mut told, &mut fields, "clip_skip", &mut second, "clipSkip", Told::clip_skip);
    match fields.text("size") {
        Some(size) => match loose::size_in(&size) {
            Some(size) => told.size(size),
            None => told.unreadable("the size", &size),
        },
        None => second.size(&mut told, "width", "height"),
    }
    if let Some(sampler) =
        fields.take("sampler").or_else(|| second.take("sampler")).as_ref().and_then(|it| name_in(&SAMPLERS, it))
    {
        told.sampling(&sampler, None);
    }
    let mode = fields.take("seed_mode").or_else(|| second.take("seedMode"));
    seed_mode(&mut told, mode.as_ref().and_then(|it| name_in(&SEED_MODES, it)).as_deref());
    if let Some(model) = fields.text("model").or_else(|| second.text("model")) {
        told.model(&model);
    }
    let loras = [fields.list("lora"), fields.list("loras"), second.list("loras")].concat();
    for lora in &loras {
        let file = lora.get("model").or_else(|| lora.get("file")).and_then(loose::text);
        if let Some(file) = file {
            told.lora(&file, lora.get("weight").and_then(loose::number).unwrap_or(1.0));
        }
    }
    number_of(&mut told, &mut fields, "mask_blur", &mut second, "maskBlur", |told, blur| {
        told.set("inpaint.mask_blur_px", |request| request.inpaint.mask_blur_px = blur.round() as u32);
    });
    if fields.take_any(&["control", "controls"]).or_else(|| second.take("controls")).is_some() {
        told.note("ControlNet is not used here");
    }
    if let Some(batch) = second.take("batchSize").as_ref().and_then(loose::whole).filter(|batch| *batch > 1) {
        told.note(format!("it is one of {batch} pictures of a batch: only the first comes from its seed alone"));
    }
    fields.note_those(&mut told, "the refiner is not used here", &["refiner"]);
    fields.note_those(
        &mut told,
        "the second, larger pass (hires fix) is not made here",
        &["hires_fix", "first_stage", "second_stage"],
    );
    fields.note_those(&mut told, "the picture was enlarged afterwards, which is not done here", &["upscaler"]);
    fields.pass_over(&[
        "shift",
        "sharpness",
        "target_size",
        "original_size",
        "negative_original_size",
        "crop",
        "aesthetic_score",
    ]);
    let (prompt, negative) = (fields.words("c"), fields.words("uc"));
    told.prompts(prompt, negative);
    fields.note_rest(&mut told);
    told
}

fn number_of(
    told: &mut Told,
    first: &mut Fields,
    name: &str,
    second: &mut Fields,
    other: &str,
    use_it: impl FnOnce(&mut Told, f64),
) {
    if first.has(name) { first.number(told, name, use_it) } else { second.number(told, other, use_it) }
}

fn whole_of(
    told: &mut Told,
    first: &mut Fields,
    name: &str,
    second: &mut Fields,
    other: &str,
    use_it: impl FnOnce(&mut Told, u64),
) {
    if first.has(name) { first.whole(told, name, use_it) } else { second.whole(told, other, use_it) }
}

/// A name, or a number that stands for one.
fn name_in(names: &[&str], value: &Value) -> Option<String> {
    match loose::whole(value) {
        Some(number) => names.get(usize::try_from(number).ok()?).map(|name| (*name).to_owned()),
        None => loose::text(value),
    }
}

fn seed_mode(told: &mut Told, mode: Option<&str>) {
    match mode.map(str::to_lowercase).as_deref() {
        Some("torch cpu compatible") => told.noise(NoiseKind::Torch),
        Some("nvidia gpu compatible") => told.noise(NoiseKind::Philox),
        Some(mode) => told.foreign_noise(&format!("the seed mode “{mode}”")),
        None => {}
    }
}

/// The description: the prompt, the negative prompt behind a minus, and a line of pairs.
pub(crate) fn read_description(text: &str) -> Option<Told> {
    let (words, line) = text.trim().rsplit_once('\n')?;
    let pairs = pairs_in(line);
    if pairs.len() < 3 || !pairs.iter().any(|(key, _)| matches!(*key, "Seed Mode" | "Guidance Scale")) {
        return None;
    }
    let mut told = Told::new(Program::DrawThings);
    for (key, value) in pairs {
        let value = value.trim();
        let number: Option<f64> = value.parse().ok();
        match (key, loose::whole_in(value), number) {
            ("Steps", Some(steps), _) => told.steps(steps),
            ("Seed", Some(seed), _) => told.seed(seed),
            ("Guidance Scale", _, Some(guidance)) => told.guidance(guidance),
            ("Strength", _, Some(strength)) => told.strength(strength),
            ("Sampler", ..) => told.sampling(value, None),
            ("Model", ..) => told.model(value),
            ("Seed Mode", ..) => seed_mode(&mut told, Some(value)),
            ("Size", ..) => match loose::size_in(value) {
                Some(size) => told.size(size),
                None => told.unreadable(key, value),
            },
            ("Shift", ..) => {}
            _ => told.note(format!("the picture says more that Inkwick does not use ({key}: {value})")),
        }
    }
    let (prompt, negative) = words.split_once("\n-").unwrap_or((words, ""));
    told.prompts(Some(prompt.trim().to_owned()), Some(negative.trim().to_owned()));
    Some(told)
}
