//! InvokeAI before 3.0: JSON in `sd-metadata`, and a command line in `Dream`.

use serde_json::{Map, Value};

use crate::sampling::NoiseKind;
use crate::store::pictures::programs::fields::Fields;
use crate::store::pictures::programs::loose;
use crate::store::pictures::programs::picture_settings::PictureSettings;
use crate::store::pictures::programs::program::Program;

pub(crate) fn read(map: Map<String, Value>) -> PictureSettings {
    let mut settings = begun();
    let mut fields = Fields::new(map);
    if let Some(model) = fields.text("model_weights") {
        settings.model(&model);
    }
    if let Some(hash) = fields.text("model_hash") {
        settings.hash(&hash);
    }
    // Grids and old files have `images`, of which the first is as good as any.
    let mut image = fields.inside("image");
    if !image.has("prompt")
        && let Some(Value::Object(first)) = fields.list("images").into_iter().next()
    {
        image = Fields::new(first);
    }
    image.pass_over(&["type", "orig_hash", "sampler_name", "precision", "rand_seeds", "extra_generation_params"]);
    image.whole(&mut settings, "steps", PictureSettings::steps);
    image.number(&mut settings, "cfg_scale", PictureSettings::guidance);
    image.whole(&mut settings, "seed", PictureSettings::seed);
    image.size(&mut settings, "width", "height");
    if let Some(sampler) = image.text("sampler") {
        settings.sampling(&sampler, None);
    }
    image.number(&mut settings, "strength", PictureSettings::strength);
    if image.take_any(&["init_image_path", "init_mask", "mask_image_path"]).is_some() {
        settings.note("the picture began with another one, which is not in its file");
    }
    variations(&mut settings, &image.list("variations"));
    image.note_those(&mut settings, "the second, larger pass (high resolution fix) is not made here", &["hires"]);
    image.note_those(
        &mut settings,
        "the picture was worked on afterwards, which is not done here",
        &["postprocessing"],
    );
    for name in ["threshold", "perlin"] {
        image.number(&mut settings, name, |settings, number| {
            if number != 0.0 {
                settings.note(format!("{name} {number} has no place in Inkwick"));
            }
        });
    }
    let parts = image.list("prompt");
    let words: Vec<String> = parts
        .iter()
        .filter_map(|part| part.get("prompt").and_then(loose::text).or_else(|| loose::text(part)))
        .collect();
    if words.len() > 1 {
        settings.note("the prompt has parts with weights of their own, which Inkwick joins");
    }
    if !words.is_empty() {
        with_negative(&mut settings, &words.join(" "));
    }
    image.note_rest(&mut settings);
    settings
}

fn begun() -> PictureSettings {
    let mut settings = PictureSettings::new(Program::InvokeAi);
    // Drawn on the card.
    settings.noise(NoiseKind::Philox);
    settings
}

fn variations(settings: &mut PictureSettings, list: &[Value]) {
    let read = |value: &Value| {
        let (seed, weight) = match value {
            Value::Array(pair) => (pair.first()?, pair.get(1)?),
            other => (other.get("seed")?, other.get("weight")?),
        };
        Some((loose::whole(seed)?, loose::number(weight)?))
    };
    if let Some((seed, weight)) = list.first().and_then(read) {
        settings.variation(seed, weight);
    }
    if list.len() > 1 {
        settings.note(format!("only the first of its {} variations can be mixed in", list.len()));
    }
}

/// What should not be in the picture stands in square brackets within the prompt.
fn with_negative(settings: &mut PictureSettings, prompt: &str) {
    let (mut positive, mut negative, mut rest) = (String::new(), Vec::new(), prompt);
    while let Some((before, inside, after)) = rest
        .split_once('[')
        .and_then(|(before, inside)| inside.split_once(']').map(|(inside, after)| (before, inside, after)))
    {
        positive.push_str(before.trim_end());
        negative.push(inside.trim());
        rest = after;
    }
    positive.push_str(rest);
    settings.prompts(Some(positive.trim().to_owned()), Some(negative.join(", ")));
}

/// `"a red apple" -s 50 -S 42 -W512 -H512 -C7.5 -A k_lms`: letters and values with or without a space between.
pub(crate) fn read_dream(text: &str) -> Option<PictureSettings> {
    let text = text.trim().strip_prefix("!dream").unwrap_or(text.trim()).trim();
    let (prompt, options) = match text.strip_prefix('"') {
        Some(quoted) => quoted.rsplit_once('"')?,
        None => text.find(" -").map_or((text, ""), |end| text.split_at(end)),
    };
    let mut settings = begun();
    let mut words = options.split_whitespace().peekable();
    let (mut width, mut height) = (None, None);
    while let Some(word) = words.next() {
        let Some(option) = word.strip_prefix('-') else { continue };
        let letter_end = option.chars().next().map_or(0, char::len_utf8);
        let (letter, joined) = option.split_at(letter_end);
        let value =
            if joined.is_empty() { words.next_if(|next| !next.starts_with('-')).unwrap_or_default() } else { joined };
        let taken = match letter {
            "s" => loose::whole_in(value).map(|steps| settings.steps(steps)),
            "S" => loose::whole_in(value).map(|seed| settings.seed(seed)),
            "W" => {
                width = loose::whole_in(value);
                Some(())
            }
            "H" => {
                height = loose::whole_in(value);
                Some(())
            }
            "C" => value.parse().ok().map(|guidance| settings.guidance(guidance)),
            "A" => {
                settings.sampling(value, None);
                Some(())
            }
            "f" => value.parse().ok().map(|strength| settings.strength(strength)),
            "n" | "g" | "N" => Some(()),
            _ => {
                settings.note(format!("the option -{letter} {value} has no place in Inkwick"));
                Some(())
            }
        };
        if taken.is_none() {
            settings.unreadable(&format!("-{letter}"), value);
        }
    }
    if let (Some(width), Some(height)) = (width, height) {
        settings.size((width, height));
    }
    with_negative(&mut settings, prompt);
    Some(settings)
}
