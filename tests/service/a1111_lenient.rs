//! AUTOMATIC1111's promise: whatever is asked for a picture comes, and what is not done as asked is said.

use axum::http::StatusCode;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::scene::{Answer, Scene, decoded, pixels, png};

/// Asks for a small picture, with `fields` besides.
fn ask(scene: &Scene, path: &str, fields: &Value) -> Answer {
    let mut body = json!({"prompt": "a", "steps": 1, "seed": 3, "width": 64, "height": 64});
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    scene.post(&format!("/sdapi/v1/{path}"), &body)
}

/// The first picture, and the answer's `info`.
#[track_caller]
fn made(answer: &Answer) -> (image::RgbaImage, Value) {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let body = answer.json();
    let info = serde_json::from_str(body["info"].as_str().unwrap()).unwrap();
    (pixels(&decoded(body["images"][0].as_str().unwrap())), info)
}

/// The notices of a picture that came.
#[track_caller]
fn said(answer: &Answer) -> Vec<String> {
    serde_json::from_value(made(answer).1["notices"].clone()).unwrap()
}

/// The base64 as `base64 FILE` writes it: in lines.
fn in_lines(base64: &str) -> String {
    let lines: Vec<_> = base64.as_bytes().chunks(76).map(String::from_utf8_lossy).collect();
    lines.join("\n") + "\n"
}

/// Of another alphabet, and without padding.
fn url_safe(base64: &str) -> String {
    base64.replace('+', "-").replace('/', "_").trim_end_matches('=').to_owned()
}

fn png_of(picture: &image::RgbaImage) -> String {
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    BASE64_STANDARD.encode(bytes.into_inner())
}

/// White on the left, black on the right.
fn left(width: u32, height: u32) -> String {
    png_of(&image::RgbaImage::from_fn(width, height, |x, _| {
        image::Rgba(if x < width / 2 { [255; 4] } else { [0, 0, 0, 255] })
    }))
}

/// Of many colours, so that its base64 has every letter.
fn photo() -> String {
    png_of(&image::RgbaImage::from_fn(64, 64, |x, y| {
        let [red, green, blue, _] = (x * 64 + y).wrapping_mul(0x9E37_79B9).to_le_bytes();
        image::Rgba([red, green, blue, 255])
    }))
}

#[test]
fn a_sampler_that_is_not_here_gives_its_nearest_and_a_schedule_that_does_not_fit_is_left_out() {
    let scene = Scene::new();
    for (fields, sampler, schedule, word) in [
        (json!({"sampler_name": "DPM++ SDE Karras"}), "DPM++ 2M SDE", Some("Karras"), "DPM++ SDE Karras"),
        (json!({"sampler_name": "DPM++ SDE", "scheduler": "Karras"}), "DPM++ 2M SDE", Some("Karras"), "DPM++ SDE"),
        (json!({"sampler_name": "DPM++ 2S a Karras"}), "DPM2 a", Some("Karras"), "DPM++ 2S a"),
        (json!({"sampler_name": "DPM++ 2M SDE Heun Exponential"}), "DPM++ 2M SDE", Some("Exponential"), "Heun"),
        // The built-in model's own takes no sigmas.
        (json!({"scheduler": "Karras"}), "DDIM", None, "the schedule karras is left out"),
        (json!({"sampler_name": "nonsense", "scheduler": "Karras"}), "DDIM", None, "nonsense"),
        (json!({"sampler_name": "LCM", "steps": 60}), "LCM", Some("Uniform"), "60 steps were taken as 50"),
    ] {
        let (_, info) = made(&ask(&scene, "txt2img", &fields));
        let text = info["infotexts"][0].as_str().unwrap();
        assert_eq!(info["sampler_name"], sampler, "{fields}: {info}");
        assert_eq!(
            text.split("Schedule type: ").nth(1).map(|rest| rest.split(',').next().unwrap()),
            schedule,
            "{text}"
        );
        assert!(info["notices"].to_string().contains(word), "{fields}: {info}");
    }
}

#[test]
fn pictures_come_in_every_base64_and_as_a_list_or_alone() {
    let scene = Scene::new();
    let photo = photo();
    for text in [in_lines(&photo), url_safe(&photo), url_safe(&in_lines(&photo))] {
        made(&ask(&scene, "img2img", &json!({"init_images": [text]})));
        made(&ask(&scene, "img2img", &json!({"init_images": text})));
        let read = scene.post("/sdapi/v1/png-info", &json!({"image": text}));
        assert_eq!(read.status, StatusCode::OK, "{}", read.text());
        scene.submit(&json!({"prompt": "a", "steps": 1, "init_image": text, "mask_image": in_lines(&left(64, 64))}));
    }
    let wrong = ask(&scene, "img2img", &json!({"init_images": ["%%%"]}));
    let detail = wrong.json()["detail"].as_str().unwrap().to_owned();
    assert!(wrong.status == StatusCode::BAD_REQUEST && detail.starts_with("init_images must be"), "{detail}");
    assert!(detail.contains("AVIF"), "{detail}");
    let wrong = ask(&scene, "img2img", &json!({"init_images": [photo], "mask": "%%%"}));
    assert!(wrong.json()["detail"].as_str().unwrap().starts_with("mask must be"), "{}", wrong.text());
}

#[test]
fn a_mask_in_a_list_is_a_mask_and_one_that_is_none_is_refused() {
    let scene = Scene::new();
    let photo = png(64, 64, [10, 200, 30, 255]);
    for mask in [json!(left(64, 64)), json!([left(64, 64)])] {
        let fields = json!({"init_images": [photo], "mask": mask, "mask_blur": 0, "inpainting_fill": "original"});
        let (picture, info) = made(&ask(&scene, "img2img", &fields));
        assert_eq!(picture.get_pixel(60, 30).0, [10, 200, 30, 255], "what is not masked stays: {info}");
        assert_ne!(picture.get_pixel(4, 30).0, [10, 200, 30, 255], "what is masked changes: {info}");
        assert_eq!(info["notices"], json!([]));
    }
    for mask in [json!([photo, photo]), json!({"image": photo}), json!(5), json!(true)] {
        let answer = ask(&scene, "img2img", &json!({"init_images": [photo], "mask": mask}));
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{mask}: {}", answer.text());
        assert!(answer.json()["detail"].as_str().unwrap().contains("mask"));
    }
    for mask in [json!(null), json!(""), json!([]), json!([null])] {
        let notices = said(&ask(&scene, "img2img", &json!({"init_images": [photo], "mask": mask})));
        assert_eq!(notices, [""; 0], "{mask}");
    }
}

#[test]
fn every_field_that_is_not_done_as_it_says_is_said_once() {
    let scene = Scene::new();
    for (fields, word) in [
        (json!({"seed": "abc"}), "seed is no number"),
        (json!({"seed": -5}), "seed -5"),
        (json!({"seed": 1e30}), "18446744073709551615"),
        (json!({"prompt": ["a", "b"]}), "prompt is no text"),
        (json!({"prompt": 5}), "prompt is no text"),
        (json!({"prompt": null}), "no prompt was given"),
        (json!({"negative_prompt": {"a": 1}}), "negative_prompt is no text"),
        (json!({"styles": "x"}), "styles"),
        (json!({"seed_resize_from_w": 32}), "seed_resize_from_w"),
        (json!({"firstphase_width": 32}), "firstphase_width"),
        (json!({"s_churn": 1}), "s_churn"),
        (json!({"infotext": "a\nSteps: 3"}), "infotext"),
        (json!({"save_images": "sometimes"}), "save_images"),
        (json!({"disable_extra_networks": true}), "disable_extra_networks"),
        (json!({"override_settings": {"samples_format": "jpg"}}), "samples_format jpg"),
        (json!({"override_settings": [1]}), "override_settings"),
        (json!({"override_settings": {"CLIP_stop_at_last_layers": 99}}), "CLIP_stop_at_last_layers 99"),
        (json!({"override_settings": {"sd_vae": 7}}), "sd_vae is no text"),
        (json!({"sampler_name": 5}), "sampler_name is no text"),
        (json!({"alwayson_scripts": "x"}), "alwayson_scripts"),
        (json!({"alwayson_scripts": {"controlnet": {"args": "x"}}}), "controlnet.args"),
        (json!({"alwayson_scripts": {"controlnet": {"args": ["x"]}}}), "ControlNet unit"),
        (json!({"steps": 2.5}), "steps 2.5"),
        (json!({"width": 67}), "width 67 was taken as 64"),
        (json!({"prompt": "a <lora:nope:1>"}), "there is no LoRA nope"),
        (json!({"prompt": "a <lora:flat-icon:1000>"}), "the weight of <lora:flat-icon>"),
    ] {
        let notices = said(&ask(&scene, "txt2img", &fields));
        let found = notices.iter().filter(|notice| notice.contains(word)).count();
        assert_eq!(found, 1, "{fields}: {notices:?}");
    }
    let photo = png(64, 64, [9; 4]);
    for (fields, word) in [
        (json!({"inpainting_fill": 4}), "inpainting_fill 4"),
        (json!({"inpainting_fill": "latent nothing"}), "inpainting_fill latent nothing"),
        (json!({"inpainting_fill": "x"}), "inpainting_fill x"),
        (json!({"resize_mode": 9}), "resize_mode 9"),
        (json!({"latent_mask": photo}), "latent_mask"),
    ] {
        let mut all = json!({"init_images": [photo], "mask": left(64, 64)});
        all.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let notices = said(&ask(&scene, "img2img", &all));
        assert_eq!(notices.iter().filter(|notice| notice.contains(word)).count(), 1, "{fields}: {notices:?}");
    }
    let (_, info) = made(&scene.post("/sdapi/v1/txt2img", &json!({})));
    assert!(info["notices"].to_string().contains("no prompt was given"), "an empty body: {info}");
}

#[test]
fn what_clients_always_send_is_not_spoken_of() {
    let scene = Scene::new();
    let always = json!({
        "seed": -1, "subseed": -1, "subseed_strength": 0, "seed_resize_from_w": -1, "seed_resize_from_h": 0,
        "firstphase_width": 0, "firstphase_height": 0, "s_churn": 0, "s_noise": 1, "eta": 1.0, "styles": [],
        "infotext": "", "save_images": false, "tiling": null, "enable_hr": false, "override_settings": {},
        "script_name": "None", "script_args": [], "alwayson_scripts": {"ADetailer": {"args": [false, {}]}},
        "sampler_name": "Euler a", "scheduler": "Automatic", "refiner_checkpoint": "None", "comments": {},
        "disable_extra_networks": false, "clip_skip": 1,
    });
    assert_eq!(said(&ask(&scene, "txt2img", &always)), [""; 0]);
    // A LoRA that is not here is an error where nobody expects otherwise.
    let own = scene.post("/v1/jobs", &json!({"prompt": "a <lora:nope:1>"}));
    assert_eq!(own.status, StatusCode::BAD_REQUEST, "{}", own.text());
}
