//! NovelAI: PNG texts, of which `Comment` holds JSON; the same, as one JSON, hides in the picture's lowest bits.

use serde_json::{Map, Value};

use crate::sampling::NoiseKind;
use crate::store::pictures::programs::fields::Fields;
use crate::store::pictures::programs::loose;
use crate::store::pictures::programs::novel_ai_emphasis::converted;
use crate::store::pictures::programs::picture_settings::PictureSettings;
use crate::store::pictures::programs::program::Program;
use crate::store::pictures::programs::texts::Texts;

/// The picture's texts, if they are of this program.
pub(crate) fn read(texts: &Texts) -> Option<PictureSettings> {
    let comment = texts.get("Comment").and_then(loose::object);
    let is_named = texts.get("Software").is_some_and(|software| software.contains("NovelAI"));
    let is_alike = comment.as_ref().is_some_and(|map| map.contains_key("uc") && map.contains_key("steps"));
    if !is_named && !is_alike {
        return None;
    }
    let mut settings = PictureSettings::new(Program::NovelAi);
    // As AUTOMATIC1111 shows, which reproduces its pictures on a card.
    settings.noise(NoiseKind::Philox);
    if let Some(source) = texts.get("Source") {
        // `Stable Diffusion XL 7BCCAA2C`: a name, and a hash behind it.
        match source.trim().rsplit_once(' ') {
            Some((name, hash)) if hash.len() == 8 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
                settings.model(name);
                settings.hash(hash);
            }
            _ => settings.model(source),
        }
    }
    comment_fields(&mut settings, Fields::new(comment.unwrap_or_default()), texts.get("Description"));
    Some(settings)
}

/// The texts that hide in a picture's pixels, as the file's own.
pub(crate) fn texts_of(map: Map<String, Value>) -> Texts {
    let mut texts = Texts::default();
    for (name, value) in map {
        texts.add(&name, loose::text(&value).unwrap_or_else(|| value.to_string()));
    }
    texts
}

fn comment_fields(settings: &mut PictureSettings, mut fields: Fields, description: Option<&str>) {
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
    fields.whole(settings, "steps", PictureSettings::steps);
    fields.number(settings, "scale", PictureSettings::guidance);
    fields.number(settings, "cfg_rescale", PictureSettings::rescale);
    fields.whole(settings, "seed", PictureSettings::seed);
    fields.size(settings, "width", "height");
    fields.number(settings, "strength", PictureSettings::strength);
    let schedule = fields.text("noise_schedule");
    if let Some(sampler) = fields.text("sampler") {
        settings.sampling(&sampler, schedule.as_deref());
    }
    fields.whole(settings, "n_samples", |settings, pictures| {
        if pictures > 1 {
            settings
                .note(format!("it is one of {pictures} pictures of a batch: only the first comes from its seed alone"));
        }
    });
    if fields.take_any(&["sm", "sm_dyn"]).is_some() {
        settings.note("SMEA is not used here");
    }
    if fields.take("dynamic_thresholding").is_some() {
        settings.note("dynamic thresholding (Decrisper) is not used here");
    }
    fields.number(settings, "uncond_scale", |settings, scale| {
        if (scale - 1.0).abs() > f64::EPSILON {
            settings.note(format!("the negative prompt's own strength {scale} has no place in Inkwick"));
        }
    });
    for name in ["skip_cfg_below_sigma", "skip_cfg_above_sigma"] {
        fields.number(settings, name, |settings, sigma| {
            if sigma != 0.0 {
                settings.note(format!(
                    "guidance was left out for some noise levels ({name} {sigma}), which is not done here"
                ));
            }
        });
    }
    fields.note_those(settings, "ControlNet is not used here", &["controlnet"]);
    fields.note_those(settings, "reference pictures (vibes) are not used here", &["reference_", "director_reference"]);
    let (positive, negative) =
        (caption(settings, &mut fields, "v4_prompt"), caption(settings, &mut fields, "v4_negative_prompt"));
    let words = fields.words("prompt").filter(|prompt| !prompt.is_empty());
    let prompt = words.or(positive).or_else(|| description.map(str::to_owned));
    let uc = fields.words("uc").filter(|uc| !uc.is_empty());
    let negative = uc.or(negative);
    if [&prompt, &negative].into_iter().flatten().any(|text| text.contains("::")) {
        settings.note("weights such as 1.2::more:: in the prompt are read as words here; write (more:1.2)");
    }
    settings.prompts(prompt.as_deref().map(converted), negative.as_deref().map(converted));
    fields.note_rest(settings);
}

/// The base of a prompt in parts; prompts of single characters become notices.
fn caption(settings: &mut PictureSettings, fields: &mut Fields, name: &str) -> Option<String> {
    let mut caption = fields.inside(name).inside("caption");
    for character in caption.list("char_captions") {
        if let Some(words) = character.get("char_caption").and_then(loose::text).filter(|words| !words.is_empty()) {
            settings.note(format!("prompts of single characters are not used here: {words}"));
        }
    }
    caption.words("base_caption").filter(|words| !words.is_empty())
}
