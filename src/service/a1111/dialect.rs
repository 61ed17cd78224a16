//! Translates what AUTOMATIC1111's clients send into the fields of our own interface.

use serde_json::{Map, Value};

use super::controlnet;
use super::inpaint;
use super::lenient::{Lenient, asks, number_of, shown};
use super::options::Options;
use super::sampler::{chosen, short};
use super::title::bare;
use super::unsupported::unsupported;
use super::untranslatable::Untranslatable;
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

/// Of `override_settings`: what is done, and what only says how the other program shows things.
const OVERRIDES: [&str; 4] = ["sd_model_checkpoint", "sd_vae", "randn_source", "samples_format"];
/// The same, and a number.
const CLIP_SKIP: &str = "CLIP_stop_at_last_layers";
/// More than any text encoder has.
const MOST_CLIP_SKIP: f64 = 12.0;

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
    if is_img2img {
        inpaint::fill(&mut asked, &mut fields)?;
    }
    if asked.given("prompt").is_none() {
        asked.note("no prompt was given, so nothing says what the picture shows");
    }
    fields.insert("prompt".into(), asked.words("prompt").into());
    // An absent negative prompt is an empty one there.
    fields.insert("negative_prompt".into(), asked.words("negative_prompt").into());
    sampling(&mut asked, &mut fields);
    let overrides = overrides(&mut asked);
    let setting = |name: &str| overrides.get(name).cloned().unwrap_or_else(|| options.get(name));
    model(&setting, catalogue, &mut asked, &mut fields)?;
    clip_skip(&setting, &mut asked, &mut fields);
    let format = setting("samples_format");
    if send_images
        && let Some(format) = format.as_str().filter(|format| !["", "png"].contains(&format.to_lowercase().as_str()))
    {
        asked.note(format!("samples_format {} is not done; pictures are sent as PNG", short(format)));
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
    let given = match asked.given("override_settings").cloned() {
        Some(Value::Object(given)) => given,
        other => {
            if other.as_ref().is_some_and(asks) {
                asked.note("override_settings is no object and was passed over");
            }
            Map::new()
        }
    };
    let mut known = Map::new();
    for (name, value) in given {
        if value.is_null() {
            continue;
        }
        if name == CLIP_SKIP {
            match number_of(&value) {
                Some(number) => drop(known.insert(name, number.into())),
                None => asked.note(format!("override_settings.{name} is no number and was passed over")),
            }
        } else if OVERRIDES.contains(&name.as_str()) {
            if value.is_string() {
                known.insert(name, value);
            } else if asks(&value) {
                asked.note(format!("override_settings.{name} is no text and was passed over"));
            }
        } else {
            asked.note(format!("override_settings.{} has no effect here", short(&name)));
        }
    }
    known
}

fn clip_skip(setting: &impl Fn(&str) -> Value, asked: &mut Lenient, fields: &mut Map<String, Value>) {
    let own = asked.number("clip_skip").map(|skip| ("clip_skip", skip));
    let Some((name, skip)) = own.or_else(|| Some((CLIP_SKIP, setting(CLIP_SKIP).as_f64()?))) else { return };
    let taken = skip.round().min(MOST_CLIP_SKIP);
    if taken > 1.0 {
        if (taken - skip).abs() > f64::EPSILON {
            asked.note(format!("{name} {} was taken as {taken}", shown(skip)));
        }
        fields.insert("clip_skip".into(), (taken as u64).into());
    }
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
