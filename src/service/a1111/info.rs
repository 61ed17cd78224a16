//! The answer's `info`: how each picture was made, as clients parse it.

use chrono::Local;
use serde_json::{Value, json};

use crate::engine::defaults_of;
use crate::job::{ModelRef, Request};
use crate::sampling::SchedulerName;
use crate::service::jobs::Picture;
use crate::service::names::without_paths;
use crate::store::pictures::metadata::parameters::parameters_of;

/// One picture, as the answer tells of it.
#[derive(Default)]
pub(super) struct Told {
    /// Without pictures; files by their names.
    request: Request,
    width: u32,
    height: u32,
    parameters: String,
    strength: Option<f64>,
}

impl Told {
    #[must_use]
    pub(super) fn made(picture: &Picture) -> Self {
        Self {
            request: picture.request.clone(),
            width: picture.width,
            height: picture.height,
            parameters: picture.parameters.clone(),
            strength: picture.settings["strength"].as_f64(),
        }
    }

    /// One that is not made yet: with the model's own where nothing was asked for.
    #[must_use]
    pub(super) fn asked(request: &Request) -> Self {
        let own = defaults_of(&request.model);
        let photo = request.init.as_ref().map(|init| (init.picture.width(), init.picture.height()));
        let (own_width, own_height) =
            photo.unwrap_or_else(|| own.as_ref().map_or((0, 0), |own| (own.width, own.height)));
        // What is repainted keeps its size.
        let asked = |side: Option<u32>, own: u32| side.filter(|_| request.mask.is_none()).unwrap_or(own);
        let (width, height) = (asked(request.width, own_width), asked(request.height, own_height));
        let request = without_paths(Request {
            width: Some(width),
            height: Some(height),
            scheduler: request.scheduler.or_else(|| own.as_ref()?.scheduler),
            guidance: request.guidance.or_else(|| Some(own.as_ref()?.guidance)),
            ..request.clone()
        });
        let (parameters, strength) = (parameters_of(&request), request.init.as_ref().map(|init| init.strength));
        let request = Request { init: None, mask: None, ..request.without_layers() };
        Self { request, width, height, parameters, strength }
    }
}

/// Of all pictures of a request, or of what was asked where none was made.
#[must_use]
pub(super) fn info(pictures: &[Told], prompt: &str, negative: &str, batch_size: u64, notices: &[String]) -> Value {
    let first = pictures.first().map(|picture| &picture.request);
    let seeds: Vec<u64> = pictures.iter().map(|picture| picture.request.seed).collect();
    let subseeds: Vec<u64> = pictures
        .iter()
        .map(|picture| picture.request.variation.map_or(picture.request.seed, |variation| variation.seed))
        .collect();
    let infotexts: Vec<&str> = pictures.iter().map(|picture| picture.parameters.as_str()).collect();
    let all = |text: &str| vec![text.to_owned(); pictures.len()];
    let model = first.map(|request| match &request.model {
        ModelRef::Folder(path) | ModelRef::File(path) => path.display().to_string(),
        built_in => built_in.built_in_name().unwrap_or_default().to_owned(),
    });
    json!({
        "prompt": prompt,
        "all_prompts": all(prompt),
        "negative_prompt": negative,
        "all_negative_prompts": all(negative),
        "seed": seeds.first().map_or(json!(-1), |seed| json!(seed)),
        "all_seeds": seeds,
        "subseed": subseeds.first().map_or(json!(-1), |seed| json!(seed)),
        "all_subseeds": subseeds,
        "subseed_strength": first.and_then(|request| request.variation).map_or(0.0, |variation| variation.strength),
        "width": pictures.first().map_or(0, |picture| picture.width),
        "height": pictures.first().map_or(0, |picture| picture.height),
        "sampler_name": first.and_then(|request| request.scheduler).map_or("", SchedulerName::label),
        "cfg_scale": first.and_then(|request| request.guidance),
        "steps": first.map_or(0, |request| request.steps),
        "batch_size": batch_size,
        "restore_faces": false,
        "face_restoration_model": null,
        "sd_model_name": model,
        "sd_model_hash": null,
        "sd_vae_name": null,
        "sd_vae_hash": null,
        "seed_resize_from_w": -1,
        "seed_resize_from_h": -1,
        "denoising_strength": pictures.first().and_then(|picture| picture.strength),
        "extra_generation_params": {},
        "index_of_first_image": 0,
        "infotexts": infotexts,
        "styles": [],
        "job_timestamp": Local::now().format("%Y%m%d%H%M%S").to_string(),
        "clip_skip": first.and_then(|request| request.clip_skip).unwrap_or(1),
        "is_using_inpainting_conditioning": false,
        "version": concat!("Inkwick ", env!("CARGO_PKG_VERSION")),
        "notices": notices,
    })
}
