//! ControlNet as its extension speaks: the units of `alwayson_scripts`, and the addresses under `/controlnet`.

use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::{get, post};
use serde_json::{Map, Value, json};

use super::lenient::{Lenient, asks};
use super::refused::Refused;
use super::sampler::short;
use super::title::bare;
use crate::job::Control;
use crate::raster::{PreprocessSettings, Preprocessor};
use crate::service::answer::{Refusal, ok};
use crate::service::body;
use crate::service::pictures::encoded;
use crate::service::request::preprocessed;
use crate::service::state::Service;
use crate::store::pictures::picture_file;

/// The extension's names for what is done here without a network, and ours.
const MODULES: [(&str, Preprocessor); 11] = [
    ("canny", Preprocessor::Canny),
    ("scribble_xdog", Preprocessor::Scribble),
    ("lineart_standard (from white bg & black line)", Preprocessor::Lineart),
    ("lineart_standard", Preprocessor::Lineart),
    ("tile_resample", Preprocessor::Blur),
    ("blur_gaussian", Preprocessor::Blur),
    ("invert (from white bg & black line)", Preprocessor::Invert),
    ("invert", Preprocessor::Invert),
    ("inpaint_only", Preprocessor::Inpaint),
    ("inpaint_global_harmonious", Preprocessor::Inpaint),
    ("grey", Preprocessor::Grey),
];
/// Names that ask for nothing.
const NOTHING: [&str; 2] = ["", "none"];

/// Whether a script of this name is the extension.
#[must_use]
pub(super) fn is_called(name: &str) -> bool {
    name.eq_ignore_ascii_case("controlnet")
}

/// Puts the units into `fields`, as our own interface has them; `Err` names a module that is not here.
pub(super) fn fill(asked: &mut Lenient, fields: &mut Map<String, Value>) -> Result<(), String> {
    let scripts = asked.given("alwayson_scripts").and_then(Value::as_object);
    let units = scripts.and_then(|scripts| scripts.iter().find(|(name, _)| is_called(name)));
    let units = match units.map(|(_, script)| script.get("args").unwrap_or(script).clone()) {
        Some(Value::Array(units)) => units,
        other => {
            if other.as_ref().is_some_and(asks) {
                asked.note("alwayson_scripts.controlnet.args is no list of units and was passed over");
            }
            Vec::new()
        }
    };
    let init = fields.get("init_image").cloned();
    let mut controls = Vec::new();
    for unit in units {
        let Value::Object(unit) = unit else {
            if asks(&unit) {
                asked.note("a ControlNet unit that is no object was passed over");
            }
            continue;
        };
        let mut unit = Lenient::new(unit);
        let control = control(&mut unit, init.as_ref())?;
        controls.extend(control);
        asked.notices.append(&mut unit.notices);
    }
    if !controls.is_empty() {
        fields.insert("controls".into(), controls.into());
    }
    Ok(())
}

/// One unit; nothing where it is off or has no network.
fn control(unit: &mut Lenient, init: Option<&Value>) -> Result<Option<Value>, String> {
    if unit.flag("enabled") == Some(false) {
        return Ok(None);
    }
    let model = bare(unit.text("model")).to_owned();
    if NOTHING.contains(&model.to_lowercase().as_str()) {
        unit.note("a ControlNet unit without a model does nothing");
        return Ok(None);
    }
    let mut control = Map::new();
    let (image, mask) = pictures(unit);
    // In img2img the picture that is changed stands in.
    let Some(image) = image.or_else(|| init.cloned()) else {
        unit.note(format!("the ControlNet unit of {} has no picture and does nothing", short(&model)));
        return Ok(None);
    };
    let (from, to) = (unit.number_in("guidance_start", 0.0, 1.0), unit.number_in("guidance_end", 0.0, 1.0));
    let (from, to) = (from.unwrap_or(0.0), to.unwrap_or(1.0));
    if from >= to {
        unit.note(format!("the ControlNet unit of {} ends before it starts and does nothing", short(&model)));
        return Ok(None);
    }
    module(unit, &mut control)?;
    control.insert("network".into(), model.into());
    control.insert("image".into(), image);
    if let Some(mask) = mask {
        control.insert("mask".into(), mask);
    }
    let weight = unit.number_in("weight", -Control::MAX_WEIGHT, Control::MAX_WEIGHT).unwrap_or(1.0);
    control.insert("weight".into(), weight.into());
    control.insert("from".into(), from.into());
    control.insert("to".into(), to.into());
    control.insert("mode".into(), mode(unit).into());
    control.insert("resize".into(), resize(unit).into());
    if let Some(kind) = unit.given("union_control_type").and_then(Value::as_str).and_then(kind_of) {
        control.insert("type".into(), kind.into());
    }
    Ok(Some(control.into()))
}

/// The picture and its mask, in each of the ways in which clients send them.
fn pictures(unit: &Lenient) -> (Option<Value>, Option<Value>) {
    let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(Value::from);
    let image = unit.given("image").or_else(|| unit.given("input_image"));
    let both = image.and_then(Value::as_object);
    let inner = |name: &str| both.and_then(|both| both.get(name)).and_then(text);
    let mask = ["mask", "mask_image", "effective_region_mask"].iter().find_map(|name| unit.given(name).and_then(text));
    (image.and_then(text).or_else(|| inner("image")), mask.or_else(|| inner("mask")))
}

/// What is made of the picture first.
fn module(unit: &mut Lenient, control: &mut Map<String, Value>) -> Result<(), String> {
    let name = unit.text("module").trim().to_lowercase();
    if NOTHING.contains(&name.as_str()) {
        return Ok(());
    }
    let kind = preprocessor(&name).ok_or_else(|| short(&name))?;
    control.insert("preprocess".into(), kind.id().into());
    let PreprocessSettings { low, high, radius_px } = thresholds(kind, unit);
    control.insert("low".into(), low.into());
    control.insert("high".into(), high.into());
    control.insert("radius".into(), f64::from(radius_px).into());
    // The extension's own, and its client's, which stand for "as usual".
    let usual = [-1.0, 64.0, 512.0];
    let resolution = unit.number("processor_res").filter(|wanted| usual.iter().all(|own| (own - wanted).abs() > 1e-9));
    if resolution.is_some() && unit.flag("pixel_perfect") != Some(true) {
        unit.note("processor_res has no effect: a picture is looked at in its own size");
    }
    Ok(())
}

fn preprocessor(name: &str) -> Option<Preprocessor> {
    MODULES.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind)
}

fn thresholds(kind: Preprocessor, unit: &Lenient) -> PreprocessSettings {
    let usual = PreprocessSettings::default();
    let given = |name: &str| unit.number(name).filter(|value| *value >= 0.0);
    let edge = |name: &str, usual: u32| given(name).map_or(usual, |value| value.min(2000.0) as u32);
    match kind {
        Preprocessor::Canny => {
            PreprocessSettings { low: edge("threshold_a", usual.low), high: edge("threshold_b", usual.high), ..usual }
        }
        Preprocessor::Blur => {
            let radius_px = given("threshold_a").map_or(usual.radius_px, |value| value.min(256.0) as f32);
            PreprocessSettings { radius_px, ..usual }
        }
        _ => usual,
    }
}

/// By number, or by one of the names that it has had.
fn resize(unit: &Lenient) -> &'static str {
    let text = unit.text("resize_mode").to_lowercase();
    let number = unit.number("resize_mode").map(|number| number as i64);
    if number == Some(0) || text.contains("just") {
        "stretch"
    } else if number == Some(2) || text.contains("fill") || text.contains("outer fit") {
        "pad"
    } else {
        "crop"
    }
}

fn mode(unit: &Lenient) -> &'static str {
    let text = unit.text("control_mode").to_lowercase();
    let number = unit.number("control_mode").or_else(|| unit.number("guessmode")).map(|number| number as i64);
    if number == Some(1) || text.contains("prompt") {
        "prompt"
    } else if number == Some(2) || text.contains("controlnet") {
        "control"
    } else {
        "balanced"
    }
}

/// Of a union network, by the extension's names.
fn kind_of(name: &str) -> Option<&'static str> {
    let name = name.to_lowercase();
    let first = name.split(['/', ' ']).next().unwrap_or_default();
    crate::job::ControlKind::from_id(first).map(crate::job::ControlKind::id)
}

pub(in crate::service) fn routes() -> Router<Arc<Service>> {
    Router::new()
        .route("/version", get(version))
        .route("/model_list", get(models))
        .route("/module_list", get(modules))
        .route("/detect", post(detect))
}

async fn version() -> Response {
    ok(&json!({"version": 2}))
}

async fn models(State(service): State<Arc<Service>>) -> Result<Response, Refused> {
    let names = service.aside(|service| service.catalogue.controls()).await?;
    Ok(ok(&json!({ "model_list": names })))
}

async fn modules() -> Response {
    let names: Vec<&str> = ["none"].into_iter().chain(MODULES.map(|(name, _)| name)).collect();
    ok(&json!({"module_list": names, "module_detail": {}}))
}

/// `POST /controlnet/detect`: what a module makes of pictures, without drawing one.
async fn detect(State(service): State<Arc<Service>>, headers: HeaderMap, body: Body) -> Result<Response, Refused> {
    let (given, _place) = body::object(&service, &headers, body).await?;
    let made = service.aside(move |service| -> Result<Value, Refusal> {
        let mut asked = Lenient::new(given);
        let mut images = asked.take_list("controlnet_input_images");
        images.extend(asked.take_list("controlnet_images"));
        let name = asked.text("controlnet_module").trim().to_lowercase();
        let refused = |sentence: String| Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "request", sentence);
        let kind = preprocessor(&name).ok_or_else(|| refused(no_module(&short(&name))))?;
        if images.is_empty() {
            return Err(refused("No image selected".into()));
        }
        let settings = PreprocessSettings {
            low: asked.number("controlnet_threshold_a").map_or(100, |value| value.clamp(0.0, 2000.0) as u32),
            high: asked.number("controlnet_threshold_b").map_or(200, |value| value.clamp(0.0, 2000.0) as u32),
            ..PreprocessSettings::default()
        };
        let mut pngs = Vec::with_capacity(images.len());
        for image in &images {
            let picture = preprocessed("controlnet_input_images", image, kind, settings, &service.options)?;
            let png = picture_file::encode(Path::new("made.png"), &picture, None);
            let png = png.map_err(|error| refused(error.to_string()))?;
            pngs.push(encoded(&png));
        }
        Ok(json!({"images": pngs, "info": "Success"}))
    });
    Ok(ok(&made.await??))
}

/// For a module that is not here.
#[must_use]
pub(super) fn no_module(name: &str) -> String {
    let known: Vec<&str> = MODULES.iter().map(|(name, _)| *name).collect();
    format!("there is no module {name}; there are none, {} (send its picture ready made)", known.join(", "))
}
