//! Translates what AUTOMATIC1111's clients send into the fields of our own interface.

use serde_json::{Map, Value, json};

use super::controlnet;
use super::inpaint;
use super::lenient::Lenient;
use super::options::Options;
use super::sampler::{chosen, short};
use super::title::bare;
use crate::engine::EngineHandle;
use crate::job::Request;
use crate::service::catalogue::Catalogue;

/// What a client asked for.
pub(super) struct Translated {
    /// For `request::read`.
    pub fields: Map<String, Value>,
    pub notices: Vec<String>,
    pub send_images: bool,
    pub save_images: bool,
    /// The settings that were asked to stay.
    pub kept: Map<String, Value>,
}

/// Why nothing can be drawn.
#[derive(Debug, PartialEq)]
pub(super) enum Untranslatable {
    NoPicture,
    Model(String),
    /// Of ControlNet: what would make its picture.
    Module(String),
}

/// Keys that ask for something else than a plain picture: said when they do.
const SWITCHES: [(&str, &str); 3] = [
    ("enable_hr", "the second pass in high resolution (enable_hr) is not done; the picture has the size of the first"),
    ("restore_faces", "faces are not restored (restore_faces)"),
    ("tiling", "the picture does not tile (tiling)"),
];
/// Of `override_settings`: what is done, and what only says how the other program shows things.
const OVERRIDES: [&str; 5] =
    ["sd_model_checkpoint", "sd_vae", "CLIP_stop_at_last_layers", "randn_source", "samples_format"];

pub(super) fn translated(
    body: Map<String, Value>,
    is_img2img: bool,
    options: &Options,
    catalogue: &Catalogue,
) -> Result<Translated, Untranslatable> {
    let mut asked = Lenient::new(body);
    let mut fields = Map::new();
    let send_images = asked.flag("send_images").unwrap_or(true);
    let save_images = asked.flag("save_images").unwrap_or(false);
    if is_img2img && !inpaint::fill(&mut asked, &mut fields) {
        return Err(Untranslatable::NoPicture);
    }
    fields.insert("prompt".into(), asked.text("prompt").into());
    // An absent negative prompt is an empty one there.
    fields.insert("negative_prompt".into(), asked.text("negative_prompt").into());
    sampling(&mut asked, &mut fields);
    let overrides = overrides(&mut asked);
    let setting = |name: &str| overrides.get(name).cloned().unwrap_or_else(|| options.get(name));
    model(&setting, catalogue, &mut asked, &mut fields)?;
    let skip = asked.number("clip_skip").or_else(|| setting("CLIP_stop_at_last_layers").as_f64());
    if let Some(skip) = skip.filter(|skip| *skip > 1.0) {
        fields.insert("clip_skip".into(), (skip.min(12.0) as u64).into());
    }
    // Its graphics card's noise, where that is asked for.
    if setting("randn_source").as_str().is_some_and(|source| ["gpu", "nv"].contains(&source.to_lowercase().as_str())) {
        fields.insert("rng".into(), "philox".into());
    }
    controlnet::fill(&mut asked, &mut fields).map_err(Untranslatable::Module)?;
    unsupported(&mut asked);
    let stays = asked.flag("override_settings_restore_afterwards") == Some(false);
    let kept = if stays { overrides } else { Map::new() };
    Ok(Translated { fields, notices: asked.notices, send_images, save_images, kept })
}

fn sampling(asked: &mut Lenient, fields: &mut Map<String, Value>) {
    let (sampler, sigmas) = chosen(asked);
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            fields.insert(name.into(), value);
        }
    };
    put("scheduler", sampler.map(|sampler| sampler.id().into()));
    put("sigmas", sigmas.map(|sigmas| sigmas.id().into()));
    put("steps", asked.whole_in("steps", 1, Request::MAX_STEPS).map(Value::from));
    put("guidance_scale", asked.number_in("cfg_scale", 0.0, Request::MAX_GUIDANCE).map(Value::from));
    put("seed", asked.seed("seed").map(Value::from));
    let most = Request::MAX_SIDE_PX;
    put("width", asked.whole_in("width", Request::MIN_SIDE_PX, most).map(Value::from));
    put("height", asked.whole_in("height", Request::MIN_SIDE_PX, most).map(Value::from));
    let variation = asked.number_in("subseed_strength", 0.0, 1.0).filter(|strength| *strength > 0.0);
    if variation.is_some() {
        put("variation_seed", asked.seed("subseed").map(Value::from));
        put("variation_strength", variation.map(Value::from));
    }
    let most = EngineHandle::QUEUE_LENGTH as u32;
    let each = asked.whole_in("batch_size", 1, most).unwrap_or(1);
    let count = each * asked.whole_in("n_iter", 1, most).unwrap_or(1);
    if count > most {
        asked.note(format!("{count} pictures are more than the queue holds; {most} were made"));
    }
    put("count", Some(count.min(most).into()));
}

/// What differs from the options for this one picture.
fn overrides(asked: &mut Lenient) -> Map<String, Value> {
    let given = asked.given("override_settings").and_then(Value::as_object).cloned().unwrap_or_default();
    let mut known = Map::new();
    for (name, value) in given {
        if value.is_null() {
            continue;
        }
        if OVERRIDES.contains(&name.as_str()) {
            known.insert(name, value);
        } else {
            asked.note(format!("override_settings.{} has no effect here", short(&name)));
        }
    }
    known
}

fn model(
    setting: &impl Fn(&str) -> Value,
    catalogue: &Catalogue,
    asked: &mut Lenient,
    fields: &mut Map<String, Value>,
) -> Result<(), Untranslatable> {
    let name = setting("sd_model_checkpoint");
    let name = bare(name.as_str().unwrap_or_default());
    if !name.is_empty() {
        if catalogue.model(name).is_none() {
            return Err(Untranslatable::Model(short(name)));
        }
        fields.insert("model".into(), name.into());
    }
    let vae = setting("sd_vae");
    let vae = vae.as_str().unwrap_or_default();
    if !["", "automatic", "none"].contains(&vae.to_lowercase().as_str()) {
        if catalogue.vae(vae).is_some() {
            fields.insert("vae".into(), vae.into());
        } else {
            asked.note(format!("the VAE {} is not there; the model's own was taken", short(vae)));
        }
    }
    Ok(())
}

/// Says what was asked and is not done.
fn unsupported(asked: &mut Lenient) {
    for (name, sentence) in SWITCHES {
        if asked.flag(name) == Some(true) {
            asked.note(sentence);
        }
    }
    let script = short(asked.text("script_name"));
    if !["", "none"].contains(&script.to_lowercase().as_str()) {
        asked.note(format!("there is no script {script}"));
    }
    let always = asked.given("alwayson_scripts").and_then(Value::as_object).cloned().unwrap_or_default();
    // Many clients send every script that they know, with nothing in it.
    let has_arguments =
        |value: &Value| value["args"] != json!([]) && value["args"] != json!({}) && !value["args"].is_null();
    let others = always.iter().filter(|(name, value)| !controlnet::is_called(name) && has_arguments(value));
    for (name, _) in others {
        asked.note(format!("there is no script {}", short(name)));
    }
    if asked.given("styles").and_then(Value::as_array).is_some_and(|styles| !styles.is_empty()) {
        asked.note("there are no styles here; they were passed over");
    }
    if !["", "none"].contains(&asked.text("refiner_checkpoint").to_lowercase().as_str()) {
        asked.note("a second model (refiner_checkpoint) is not used");
    }
    // 0 and 1 are what samplers take by themselves.
    for name in ["s_churn", "s_noise", "eta"] {
        if asked.number(name).is_some_and(|value| value.abs() > 1e-9 && (value - 1.0).abs() > 1e-9) {
            asked.note(format!("{name} has no effect here"));
        }
    }
}
