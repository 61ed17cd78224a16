//! AUTOMATIC1111's interface: what its clients send, written by hand from their sources, and whatever else they may.

use std::io::Read;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use inkwick::service::ServiceOptions;
use serde_json::{Value, json};

use crate::scene::{Answer, Scene, decoded, pixels, png};
use crate::socket::{Server, head_of};

/// The pictures of an answer and its `info`, parsed.
#[track_caller]
fn made(answer: &Answer) -> (Vec<image::RgbaImage>, Value) {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let body = answer.json();
    let images = body["images"].as_array().unwrap().iter().map(|image| pixels(&decoded(image.as_str().unwrap())));
    assert!(body["parameters"].is_object());
    (images.collect(), serde_json::from_str(body["info"].as_str().expect("info is JSON as a string")).unwrap())
}

fn notices(info: &Value) -> String {
    info["notices"].to_string()
}

#[test]
fn open_webui() {
    let scene = Scene::new();
    // Without a password it sends an empty header.
    let empty = Request::get("/sdapi/v1/options").header("authorization", "");
    let mut options = scene.ask(empty.body(Body::empty()).unwrap()).json();
    assert_eq!(options["sd_model_checkpoint"], "Built-in");
    let models = scene.get("/sdapi/v1/sd-models").json();
    let first = &models[0];
    assert_eq!((&first["title"], &first["model_name"]), (&json!("Built-in"), &json!("Built-in")));
    options["sd_model_checkpoint"] = first["title"].clone();
    assert_eq!(scene.post("/sdapi/v1/options", &options).status, StatusCode::OK, "the whole object comes back");
    let body =
        json!({"prompt": "a cat", "batch_size": 2, "width": 64, "height": 48, "steps": 3, "negative_prompt": "dogs"});
    let (images, info) = made(&scene.post("/sdapi/v1/txt2img", &body));
    assert_eq!(images.iter().map(image::RgbaImage::dimensions).collect::<Vec<_>>(), [(64, 48); 2]);
    assert_eq!(info["all_seeds"][1].as_u64(), info["seed"].as_u64().map(|seed| seed + 1));
    assert_eq!(notices(&info), "[]");
}

#[test]
fn librechat() {
    let scene = Scene::new();
    let body = json!({
        "prompt": "a fox", "negative_prompt": "blurry", "cfg_scale": 4.5, "steps": 2, "width": 1024, "height": 1024,
    });
    let (images, info) = made(&scene.post("/sdapi/v1/txt2img", &body));
    assert_eq!(images[0].dimensions(), (1024, 1024));
    assert!(info["infotexts"][0].as_str().unwrap().contains("Negative prompt: blurry\nSteps: 2"), "{info}");
    assert!(info["seed"].is_u64());
}

#[test]
fn sillytavern() {
    let (scene, gate) = Scene::gated(ServiceOptions::default());
    let server = Server::start(&scene);
    for list in ["sd-models", "samplers", "schedulers", "upscalers", "latent-upscale-modes", "sd-vae", "sd-modules"] {
        assert!(scene.get(&format!("/sdapi/v1/{list}")).json().is_array(), "{list}");
    }
    assert_eq!(scene.post("/sdapi/v1/options", &json!({"sd_model_checkpoint": "Built-in"})).status, StatusCode::OK);
    let progress = |scene: &Scene| scene.get("/sdapi/v1/progress").json();
    assert_eq!((&progress(&scene)["progress"], &progress(&scene)["state"]["job_count"]), (&json!(0.0), &json!(0)));
    let body = json!({
        "url": "http://localhost:7860", "auth": "", "prompt": "a castle", "negative_prompt": "", "sampler_name": "DPM++ 2M",
        "scheduler": "Karras", "steps": 3, "cfg_scale": 7, "width": 64, "height": 64, "restore_faces": false,
        "enable_hr": true, "hr_upscaler": "Latent", "hr_scale": 2, "hr_additional_pass": 0, "denoising_strength": 0.7,
        "hr_second_pass_steps": 0, "seed": 5, "override_settings": {"CLIP_stop_at_last_layers": 2, "sd_vae": "none.pt"},
        "override_settings_restore_afterwards": true, "clip_skip": 2, "save_images": true, "send_images": true,
        "do_not_save_grid": false, "do_not_save_samples": false,
    });
    let client = server.begin("POST", "/sdapi/v1/txt2img", &body.to_string());
    scene.until("the job", |scene| progress(scene)["state"]["job_count"] == 1);
    let shown = progress(&scene);
    assert!(shown["progress"].as_f64().unwrap() > 0.0 && shown["eta_relative"].is_number(), "{shown}");
    // Its socket closes in the middle, and it sends an interrupt as well.
    drop(client);
    assert_eq!(scene.post("/sdapi/v1/interrupt", &json!({})).json(), json!({}));
    scene.until("its end", |scene| progress(scene)["state"]["job_count"] == 0);
    // The next one is let through.
    gate.send(()).unwrap();
    let (status, text) = server.post("/sdapi/v1/txt2img", &body);
    assert_eq!(status, 200, "{text}");
    let answer: Value = serde_json::from_str(&text).unwrap();
    let info: Value = serde_json::from_str(answer["info"].as_str().unwrap()).unwrap();
    assert_eq!((&info["seed"], &info["sampler_name"], &info["clip_skip"]), (&json!(5), &json!("DPM++ 2M"), &json!(2)));
    assert!(info["infotexts"][0].as_str().unwrap().contains("Schedule type: Karras"), "{info}");
    for word in ["enable_hr", "none.pt"] {
        assert!(notices(&info).contains(word), "{word}: {info}");
    }
    let saved = walk(&scene.home.path().join("pictures"));
    assert_eq!(saved, 1, "save_images");
    server.stop.ask();
    server.join();
}

fn walk(folder: &std::path::Path) -> usize {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| if entry.path().is_dir() { walk(&entry.path()) } else { 1 }).sum()
}

/// All that the Python package sends each time.
fn webuiapi() -> Value {
    // Too long for json!.
    let text = r#"{
        "enable_hr": false, "hr_scale": 2, "hr_upscaler": "Latent", "hr_second_pass_steps": 0, "hr_resize_x": 0,
        "hr_resize_y": 0, "hr_checkpoint_name": null, "hr_sampler_name": null, "hr_scheduler": null, "hr_prompt": "",
        "hr_negative_prompt": "", "denoising_strength": 0.7, "firstphase_width": 0, "firstphase_height": 0,
        "prompt": "a squirrel", "styles": [], "seed": 1003, "subseed": -1, "subseed_strength": 0.0,
        "seed_resize_from_h": 0, "seed_resize_from_w": 0, "batch_size": 1, "n_iter": 2, "steps": 2, "cfg_scale": 7.0,
        "width": 64, "height": 64, "restore_faces": false, "tiling": false, "do_not_save_samples": false,
        "do_not_save_grid": false, "negative_prompt": "ugly", "eta": 1.0, "s_churn": 0, "s_tmax": 0, "s_tmin": 0,
        "s_noise": 1, "override_settings": {}, "override_settings_restore_afterwards": true, "script_args": [],
        "script_name": "", "send_images": true, "save_images": false, "alwayson_scripts": {"ADetailer": {"args": []}},
        "sampler_name": "Euler a", "scheduler": "Automatic", "use_deprecated_controlnet": false, "sampler_index": "Euler a",
        "comments": {}, "refiner_checkpoint": null, "refiner_switch_at": null, "disable_extra_networks": false
    }"#;
    serde_json::from_str(text).unwrap()
}

#[test]
fn the_python_package_webuiapi() {
    let scene = Scene::new();
    assert_eq!(scene.get("/sdapi/v1/scripts").json(), json!({"txt2img": [], "img2img": []}));
    let (images, info) = made(&scene.post("/sdapi/v1/txt2img", &webuiapi()));
    assert_eq!((images.len(), &info["all_seeds"]), (2, &json!([1003, 1004])));
    assert_eq!((&info["sampler_name"], &info["negative_prompt"]), (&json!("Euler a"), &json!("ugly")));
    assert_eq!(info["infotexts"].as_array().unwrap().len(), 2);

    // Red where it is white, and the photo everywhere else; the mask has another size.
    let photo = png(64, 32, [10, 200, 30, 255]);
    let mut mask = image::RgbaImage::from_pixel(32, 16, image::Rgba([0, 0, 0, 255]));
    (0..16).for_each(|x| (0..16).for_each(|y| mask.put_pixel(x, y, image::Rgba([255; 4]))));
    let mut bytes = std::io::Cursor::new(Vec::new());
    mask.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    let mask = {
        use base64::Engine as _;
        base64::prelude::BASE64_STANDARD.encode(bytes.into_inner())
    };
    let mut body = webuiapi();
    let more = json!({
        "init_images": [format!("data:image/png;base64,{photo}")], "resize_mode": 0, "denoising_strength": 0.75,
        "image_cfg_scale": 1.5, "mask": mask, "mask_blur": 4, "inpainting_fill": 1, "inpaint_full_res": true,
        "inpaint_full_res_padding": 16, "inpainting_mask_invert": 0, "initial_noise_multiplier": 1, "n_iter": 1,
        "include_init_images": false,
    });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let answer = scene.post("/sdapi/v1/img2img", &body);
    let (images, info) = made(&answer);
    assert_eq!(images[0].dimensions(), (64, 32));
    assert_eq!(images[0].get_pixel(60, 20).0, [10, 200, 30, 255], "what is not masked stays");
    assert_ne!(images[0].get_pixel(4, 4).0, [10, 200, 30, 255], "what is masked is made anew");
    assert_eq!(answer.json()["parameters"]["init_images"], Value::Null, "the pictures are not sent back");
    let text = info["infotexts"][0].as_str().unwrap();
    for part in ["Denoising strength: 0.75", "Mask blur: 4", "Inpaint area: Only masked", "Masked area padding: 16"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(info["denoising_strength"], 0.75);

    let image = scene.post("/sdapi/v1/txt2img", &webuiapi()).json()["images"][0].clone();
    let read = scene.post("/sdapi/v1/png-info", &json!({ "image": image })).json();
    assert!(read["info"].as_str().unwrap().starts_with("a squirrel\nNegative prompt: ugly\nSteps: 2"), "{read}");
    assert_eq!((&read["parameters"]["Seed"], &read["parameters"]["Prompt"]), (&json!("1003"), &json!("a squirrel")));
    let bare = scene.post("/sdapi/v1/png-info", &json!({"image": png(4, 4, [1; 4])})).json();
    assert_eq!(bare["info"], "");
    for path in ["cmd-flags", "memory", "embeddings"] {
        assert!(scene.get(&format!("/sdapi/v1/{path}")).json().is_object(), "{path}");
    }
    let loras = scene.get("/sdapi/v1/loras").json();
    assert_eq!(
        (&loras[0]["name"], &loras[1]["name"], loras.as_array().unwrap().len()),
        (&json!("flat-icon"), &json!("pixel-art"), 2)
    );
}

#[test]
fn whatever_a_key_holds_a_picture_comes() {
    let scene = Scene::new();
    let wrong =
        [json!(null), json!(""), json!("x"), json!(-1), json!([]), json!({}), json!(true), json!([1, {"a": 2}])];
    let mut body = webuiapi();
    body["n_iter"] = 1.into();
    for key in body.as_object().unwrap().keys() {
        for value in &wrong {
            let mut body = body.clone();
            // Not the model's own steps for nothing.
            body["steps"] = 1.into();
            body[key.as_str()] = value.clone();
            let answer = scene.post("/sdapi/v1/txt2img", &body);
            let (images, info) = made(&answer);
            let wanted = usize::from(key != "send_images" || *value != json!(""));
            assert_eq!(images.len(), wanted, "{key}: {value}");
            assert!(info["infotexts"].as_array().unwrap().len() == 1, "{key}: {value}");
        }
    }
    let (_, info) = made(&scene.post("/sdapi/v1/txt2img", &json!({"prompt": "a", "made_up": [1, 2], "steps": 1})));
    assert_eq!(notices(&info), "[]", "an unknown key is passed over");
}

#[test]
fn what_is_asked_and_not_done_is_said() {
    let scene = Scene::new();
    for (fields, word) in [
        (json!({"enable_hr": true}), "enable_hr"),
        (json!({"restore_faces": true}), "restore_faces"),
        (json!({"tiling": 1}), "tiling"),
        (json!({"sampler_name": "Restart"}), "Restart"),
        (json!({"sampler_name": "Euler", "scheduler": "KL Optimal"}), "KL Optimal"),
        (json!({"script_name": "X/Y/Z plot"}), "X/Y/Z plot"),
        (json!({"alwayson_scripts": {"controlnet": {"args": [{"module": "canny"}]}}}), "ControlNet"),
        (json!({"styles": ["anime"]}), "styles"),
        (json!({"refiner_checkpoint": "other"}), "refiner_checkpoint"),
        (json!({"override_settings": {"eta_noise_seed_delta": 31337}}), "eta_noise_seed_delta"),
        (json!({"override_settings": {"sd_vae": "no.pt"}}), "no.pt"),
        (json!({"s_churn": 4}), "s_churn"),
        (json!({"cfg_scale": 1000}), "cfg_scale"),
        (json!({"width": "wide"}), "width"),
    ] {
        let mut body = json!({"prompt": "a", "steps": 1, "width": 64, "height": 64});
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let (_, info) = made(&scene.post("/sdapi/v1/txt2img", &body));
        assert!(notices(&info).contains(word), "{fields}: {info}");
    }
    let photo = png(32, 32, [9; 4]);
    for (fields, word) in [
        (json!({"init_images": [photo, photo]}), "init_images"),
        (json!({"resize_mode": 3}), "resize_mode"),
        (json!({"mask": photo, "inpainting_fill": 3}), "inpainting_fill"),
        (json!({"mask": photo, "inpaint_full_res": 0, "width": 64, "height": 64}), "32×32"),
        (json!({"initial_noise_multiplier": 0.9}), "initial_noise_multiplier"),
    ] {
        let mut body = json!({"prompt": "a", "steps": 1, "init_images": [photo]});
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let (_, info) = made(&scene.post("/sdapi/v1/img2img", &body));
        assert!(notices(&info).contains(word), "{fields}: {info}");
    }
}

#[test]
fn what_cannot_be_done_is_refused_in_their_shape() {
    let scene = Scene::new();
    for (path, body, status) in [
        ("img2img", json!({"prompt": "a"}), StatusCode::NOT_FOUND),
        ("img2img", json!({"prompt": "a", "init_images": [7]}), StatusCode::NOT_FOUND),
        ("img2img", json!({"prompt": "a", "init_images": ["%%%"]}), StatusCode::BAD_REQUEST),
        ("img2img", json!({"prompt": "a", "init_images": ["/etc/passwd"]}), StatusCode::BAD_REQUEST),
        ("txt2img", json!({"override_settings": {"sd_model_checkpoint": "/etc/passwd"}}), StatusCode::NOT_FOUND),
        ("txt2img", json!([1]), StatusCode::UNPROCESSABLE_ENTITY),
        ("txt2img", json!({"prompt": "this must fail"}), StatusCode::BAD_REQUEST),
        ("options", json!({"sd_model_checkpoint": "../none"}), StatusCode::NOT_FOUND),
        ("options", json!("x"), StatusCode::UNPROCESSABLE_ENTITY),
        ("png-info", json!({"image": "%"}), StatusCode::BAD_REQUEST),
    ] {
        let answer = scene.post(&format!("/sdapi/v1/{path}"), &body);
        assert_eq!(answer.status, status, "{path} {body}: {}", answer.text());
        assert!(!answer.json()["detail"].as_str().unwrap().is_empty());
    }
    // Options take what they know, of its kind.
    let before = scene.get("/sdapi/v1/options").json();
    let odd =
        json!({"CLIP_stop_at_last_layers": "two", "made_up": 1, "sd_vae": "x".repeat(5000), "samples_save": null});
    assert_eq!(scene.post("/sdapi/v1/options", &odd).status, StatusCode::OK);
    assert_eq!(scene.get("/sdapi/v1/options").json(), before);
    assert_eq!(scene.post("/sdapi/v1/options", &json!({"CLIP_stop_at_last_layers": 2})).status, StatusCode::OK);
    let (_, info) = made(&scene.post("/sdapi/v1/txt2img", &json!({"prompt": "a", "steps": 1})));
    assert_eq!(info["clip_skip"], 2, "the option counts for the next picture");
}

#[test]
fn an_interrupt_ends_a_request_and_a_skip_one_picture_of_it() {
    for (way, pictures) in [("interrupt", 0), ("skip", 2)] {
        let (scene, gate) = Scene::gated(ServiceOptions::default());
        let server = Server::start(&scene);
        let body = json!({"prompt": "a", "steps": 2, "n_iter": 3, "seed": 1, "width": 48, "height": 64}).to_string();
        let mut reader = server.begin("POST", "/sdapi/v1/txt2img", &body);
        scene.until("the first picture", |scene| scene.get("/sdapi/v1/progress").json()["state"]["job"] != "");
        assert_eq!(scene.post(&format!("/sdapi/v1/{way}"), &json!({})).status, StatusCode::OK);
        drop(gate);
        assert_eq!(head_of(&mut reader), 200);
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        let answer: Value = serde_json::from_str(&text).unwrap();
        let info: Value = serde_json::from_str(answer["info"].as_str().unwrap()).unwrap();
        assert_eq!(answer["images"].as_array().unwrap().len(), pictures, "{way}");
        assert!(notices(&info).contains("interrupted"), "{info}");
        // Clients read the first of each, whether or not there is a picture.
        assert_eq!((&info["width"], &info["height"]), (&json!(48), &json!(64)), "{way}: {info}");
        assert!(info["infotexts"][0].as_str().unwrap().contains("Size: 48x64"), "{way}: {info}");
        assert_eq!(info["seed"], info["all_seeds"][0]);
        assert_eq!(info["seed"], if way == "interrupt" { 1 } else { 2 }, "{info}");
        server.stop.ask();
        server.join();
    }
}

#[test]
fn a_client_that_goes_away_takes_its_jobs_along() {
    let (scene, gate) = Scene::gated(ServiceOptions::default());
    let server = Server::start(&scene);
    let body = json!({"prompt": "a", "steps": 2, "n_iter": 5}).to_string();
    let reader = server.begin("POST", "/sdapi/v1/txt2img", &body);
    scene.until("its jobs", |scene| scene.get("/sdapi/v1/progress").json()["state"]["job_count"] == 5);
    drop(reader);
    scene.until("their end", |scene| scene.get("/metrics").text().contains("outcome=\"cancelled\"} 5"));
    // A job that was asked for in our own way stays: its client may come back for it.
    let id = scene.submit(&crate::scene::apple(1));
    scene.post("/sdapi/v1/interrupt", &json!({}));
    drop(gate);
    assert_eq!(crate::scene::names(&scene.events(&id)).last(), Some(&"complete"));
    server.stop.ask();
    server.join();
}

#[test]
fn extras_enlarge_a_picture() {
    let scene = Scene::new();
    let folder = scene.home.path().join("Inkwick");
    let names: Vec<String> = scene
        .get("/sdapi/v1/upscalers")
        .json()
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(names[..2], ["None", "Lanczos"], "{names:?} in {}", folder.display());
    let small = png(20, 10, [200, 30, 60, 255]);
    let ask = |more: Value| {
        let mut body = json!({"image": small, "upscaler_1": "Lanczos"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        scene.post("/sdapi/v1/extra-single-image", &body)
    };
    let size = |answer: &Answer| {
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        pixels(&decoded(answer.json()["image"].as_str().unwrap())).dimensions()
    };
    assert_eq!(size(&ask(json!({"upscaling_resize": 3}))), (60, 30));
    let sized = json!({"resize_mode": 1, "upscaling_resize_w": 40, "upscaling_resize_h": 40});
    assert_eq!(size(&ask(sized.clone())), (40, 40), "cut from its middle");
    let mut whole = sized;
    whole["upscaling_crop"] = json!(false);
    assert_eq!(size(&ask(whole)), (40, 20));
    assert_eq!(size(&ask(json!({"upscaler_1": "None"}))), (20, 10));
    let told = ask(json!({"gfpgan_visibility": 0.5})).json();
    assert!(told["html_info"].as_str().unwrap().contains("GFPGAN is not done here"), "{told}");
    for (wrong, status) in [
        (json!({"upscaler_1": "4x-none"}), StatusCode::NOT_FOUND),
        (json!({"upscaling_resize": 0}), StatusCode::UNPROCESSABLE_ENTITY),
        (json!({"upscaling_resize": 1e9}), StatusCode::UNPROCESSABLE_ENTITY),
        (json!({"image": "no picture"}), StatusCode::BAD_REQUEST),
    ] {
        assert_eq!(ask(wrong.clone()).status, status, "{wrong}");
    }
}
