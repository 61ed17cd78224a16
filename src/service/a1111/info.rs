//! The answer's `info`: how each picture was made, as clients parse it.

use chrono::Local;
use serde_json::{Value, json};

use crate::job::ModelRef;
use crate::sampling::SchedulerName;
use crate::service::jobs::Picture;

/// Of all pictures of a request; `asked` stands in where none was made.
#[must_use]
pub(super) fn info(pictures: &[&Picture], prompt: &str, negative: &str, batch_size: u64, notices: &[String]) -> Value {
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
        "denoising_strength": pictures.first().and_then(|picture| picture.settings["strength"].as_f64()),
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
