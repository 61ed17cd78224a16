//! NovelAI: PNG texts, of which `Comment` holds JSON; the same, as one JSON, hides in the picture's lowest bits.

use serde_json::{Map, Value};

use crate::sampling::NoiseKind;
use crate::store::pictures::programs::fields::Fields;
use crate::store::pictures::programs::loose;
use crate::store::pictures::programs::program::Program;
use crate::store::pictures::programs::texts::Texts;
use crate::store::pictures::programs::told::Told;

/// The picture's texts, if they are of this program.
pub(crate) fn read(texts: &Texts) -> Option<Told> {
    let comment = texts.get("Comment").and_then(loose::object);
    let is_named = texts.get("Software").is_some_and(|software| software.contains("NovelAI"));
    let is_alike = comment.as_ref().is_some_and(|map| map.contains_key("uc") && map.contains_key("steps"));
    if !is_named && !is_alike {
        return None;
    }
    let mut told = Told::new(Program::NovelAi);
    // As AUTOMATIC1111 shows, which reproduces its pictures on a card.
    told.noise(NoiseKind::Philox);
    if let Some(source) = texts.get("Source") {
        // `Stable Diffusion XL 7BCCAA2C`: a name, and a hash behind it.
        match source.trim().rsplit_once(' ') {
            Some((name, hash)) if hash.len() == 8 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
                told.model(name);
                told.hash(hash);
            }
            _ => told.model(source),
        }
    }
    comment_fields(&mut told, Fields::new(comment.unwrap_or_default()), texts.get("Description"));
    Some(told)
}

/// The texts that hide in a picture's pixels, as the file's own.
pub(crate) fn texts_of(map: Map<String, Value>) -> Texts {
    let mut texts = Texts::default();
    for (name, value) in map {
        texts.add(&name, loose::text(&value).unwrap_or_else(|| value.to_string()));
    }
    texts
}

fn comment_fields(told: &mut Told, mut fields: Fields, description: Option<&str>) {
    fields.pass_over(&[
        "signed_hash",
        "hide_debug_overlay",
        "request_type",
        "legacy",
        "legacy_v3_extend",
        "legacy_uc",
        "version",
        "autoSmea",
        "add_original_image",
        "prefer_brownian",
        "deliberate_euler_ancestral_bug",
        "explike_fine_detail",
        "minimize_sigma_inf",
        "uncond_per_vibe",
        "wonky_vibe_correlation",
        "dynamic_thresholding_percentile",
        "dynamic_thresholding_mimic_scale",
        "controlnet_strength",
        "extra_noise_seed",
        "qualityToggle",
        "ucPreset",
        "params_version",
        "use_coords",
        "noise",
        "stream",
    ]);
    fields.whole(told, "steps", Told::steps);
    fields.number(told, "scale", Told::guidance);
    fields.number(told, "cfg_rescale", Told::rescale);
    fields.whole(told, "seed", Told::seed);
    fields.size(told, "width", "height");
    fields.number(told, "strength", Told::strength);
    let schedule = fields.text("noise_schedule");
    if let Some(sampler) = fields.text("sampler") {
        told.sampling(&sampler, schedule.as_deref());
    }
    fields.whole(told, "n_samples", |told, pictures| {
        if pictures > 1 {
            told.note(format!("it is one of {pictures} pictures of a batch: only the first comes from its seed alone"));
        }
    });
    if fields.take_any(&["sm", "sm_dyn"]).is_some() {
        told.note("SMEA is not used here");
    }
    if fields.take("dynamic_thresholding").is_some() {
        told.note("dynamic thresholding (Decrisper) is not used here");
    }
    fields.number(told, "uncond_scale", |told, scale| {
        if (scale - 1.0).abs() > f64::EPSILON {
            told.note(format!("the negative prompt's own strength {scale} has no place in Inkwick"));
        }
    });
    for name in ["skip_cfg_below_sigma", "skip_cfg_above_sigma"] {
        fields.number(told, name, |told, sigma| {
            if sigma != 0.0 {
                told.note(format!(
                    "guidance was left out for some noise levels ({name} {sigma}), which is not done here"
                ));
            }
        });
    }
    fields.note_those(told, "ControlNet is not used here", &["controlnet"]);
    fields.note_those(told, "reference pictures (vibes) are not used here", &["reference_", "director_reference"]);
    let (positive, negative) =
        (caption(told, &mut fields, "v4_prompt"), caption(told, &mut fields, "v4_negative_prompt"));
    let words = fields.words("prompt").filter(|prompt| !prompt.is_empty());
    let prompt = words.or(positive).or_else(|| description.map(str::to_owned));
    let uc = fields.words("uc").filter(|uc| !uc.is_empty());
    if prompt.as_ref().is_some_and(|prompt| prompt.contains(['{', '[']) || prompt.contains("::")) {
        told.note("brackets in the prompt weigh otherwise in NovelAI: {more}, [less], 1.2::more::");
    }
    told.prompts(prompt, uc.or(negative));
    fields.note_rest(told);
}

/// The base of a prompt in parts; prompts of single characters are told.
fn caption(told: &mut Told, fields: &mut Fields, name: &str) -> Option<String> {
    let mut caption = fields.inside(name).inside("caption");
    for character in caption.list("char_captions") {
        if let Some(words) = character.get("char_caption").and_then(loose::text).filter(|words| !words.is_empty()) {
            told.note(format!("prompts of single characters are not used here: {words}"));
        }
    }
    caption.words("base_caption").filter(|words| !words.is_empty())
}
