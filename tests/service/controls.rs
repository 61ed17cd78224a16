//! Pictures that steer, by our own interface and by the ControlNet extension's.

use std::sync::Arc;

use axum::http::StatusCode;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use inkwick::job::{
    Control, ControlKind, ControlMode, ControlNetworkRef, Reference, ReferenceAdapter, ReferenceUse, Region, Request,
};
use inkwick::mask::MaskPlane;
use inkwick::raster::{Picture, PreprocessSettings, Preprocessor, ResizeMode};
use inkwick::store::paths::Paths;
use inkwick::store::pictures::picture_file;
use serde_json::{Value, json};

use crate::scene::{Answer, Scene, decoded, pixels};

/// A bright square on grey, and its file in base64.
fn drawing() -> (Picture, String) {
    let pixel = |index: u32| {
        let (x, y) = (index % 48, index / 48);
        let value = if (12..30).contains(&x) && (10..28).contains(&y) { 230 } else { 40 };
        [value, value, value / 2, 255]
    };
    let picture = Picture::from_rgba(48, 40, (0..48 * 40).flat_map(pixel).collect()).unwrap();
    (picture.clone(), file_of(&picture))
}

fn file_of(picture: &Picture) -> String {
    BASE64_STANDARD.encode(picture_file::encode("a.png".as_ref(), picture, None).unwrap())
}

fn half_mask() -> (MaskPlane, String) {
    let values: Vec<u8> = (0..48 * 40).map(|index| if index % 48 < 24 { 255 } else { 0 }).collect();
    let grey = values.iter().flat_map(|value| [*value, *value, *value, 255]).collect();
    let file = file_of(&Picture::from_rgba(48, 40, grey).unwrap());
    (MaskPlane::from_values(48, 40, values).unwrap(), file)
}

/// What a finished job's picture says that it was made with.
fn request_in(scene: &Scene, png: &[u8]) -> Request {
    let file = scene.home.path().join("made.png");
    std::fs::write(&file, png).unwrap();
    picture_file::read_request(&file).unwrap().unwrap()
}

fn made_by(scene: &Scene, body: &Value) -> Request {
    let id = scene.submit(body);
    scene.events(&id);
    request_in(scene, &scene.get(&format!("/v1/jobs/{id}/image")).body)
}

fn body(controls: &Value) -> Value {
    json!({"prompt": "a castle", "steps": 2, "width": 48, "height": 40, "controls": controls})
}

#[test]
fn a_job_is_steered_as_it_asks() {
    let scene = Scene::new();
    let ((picture, file), (plane, mask)) = (drawing(), half_mask());
    let made = made_by(
        &scene,
        &body(&json!([
            {"network": "scribble", "image": file, "preprocess": "canny", "low": 50, "high": 120, "weight": 0.5, "from": 0.1,
             "to": 0.8, "mode": "prompt", "resize": "fit", "type": "canny", "mask": mask},
            {"network": "Scribble", "image": format!("data:image/png;base64,{file}")},
        ])),
    );
    let settings = PreprocessSettings { low: 50, high: 120, ..PreprocessSettings::default() };
    let edges = Arc::new(Preprocessor::Canny.made_of(&picture, settings, None));
    let first = Control {
        weight: 0.5,
        from: 0.1,
        to: 0.8,
        mode: ControlMode::Prompt,
        resize: Some(ResizeMode::Fit),
        kind: Some(ControlKind::Canny),
        mask: Some(Arc::new(plane)),
        ..Control::new(ControlNetworkRef::Scribble, edges)
    };
    assert_eq!(made.controls, [first, Control::new(ControlNetworkRef::Scribble, Arc::new(picture))]);
}

#[test]
fn areas_have_words_of_their_own() {
    let scene = Scene::new();
    let (plane, mask) = half_mask();
    let regions = json!([
        {"mask": mask, "prompt": "a pear", "negative_prompt": "fog", "weight": 0.5},
        {"mask": mask, "prompt": "grass"},
    ]);
    let asked =
        |regions: &Value| json!({"prompt": "a castle", "steps": 2, "width": 48, "height": 40, "regions": regions});
    let made = made_by(&scene, &asked(&regions));
    let plane = Arc::new(plane);
    let pear = Region { negative: Some("fog".into()), weight: 0.5, ..Region::new(Arc::clone(&plane), "a pear") };
    assert_eq!(made.regions, [pear, Region::new(plane, "grass")]);
    for (region, field, words) in [
        (json!({"prompt": "a pear"}), "regions[0].mask", "base64"),
        (json!({"mask": mask}), "regions[0].prompt", "given"),
        (json!({"mask": mask, "prompt": "a", "weight": 2}), "regions[0].weight", "from 0 to 1"),
        (json!({"mask": mask, "prompt": "a".repeat(100_000)}), "regions[0].prompt", "characters"),
        (json!({"mask": mask, "prompt": "a", "mode": "hard"}), "regions[0].mode", "allowed are"),
    ] {
        let answer = scene.post("/v1/jobs", &asked(&json!([region])));
        let said = answer.json();
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{said}");
        assert_eq!(said["error"]["field"], field, "{said}");
        assert!(said["error"]["message"].as_str().unwrap().contains(words), "{said}");
    }
}

/// An IP-Adapter of the reference with its image encoder, in the models folder.
fn with_adapter(scene: &Scene) {
    let data = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/data/ip-adapter");
    let home = Paths::under(scene.home.path()).models_folder.join("ip-adapters");
    std::fs::create_dir_all(home.join("image_encoder")).unwrap();
    std::fs::copy(data.join("sd1-plus.safetensors"), home.join("sd1-plus.safetensors")).unwrap();
    for entry in std::fs::read_dir(data.join("image_encoder")).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), home.join("image_encoder").join(entry.file_name())).unwrap();
    }
}

#[test]
fn a_prompt_speaks_of_pictures() {
    let scene = Scene::new();
    with_adapter(&scene);
    let listed = scene.get("/v1/adapters").json();
    assert_eq!(listed["adapters"].as_array().unwrap().len(), 1, "the encoder is none: {listed}");
    assert_eq!(
        (&listed["adapters"][0]["name"], &listed["adapters"][0]["has_encoder"]),
        (&json!("sd1-plus"), &json!(true))
    );
    assert!(!listed.to_string().contains(scene.home.path().to_str().unwrap()), "no paths: {listed}");
    let ((picture, file), (plane, mask)) = (drawing(), half_mask());
    let asked = |references: &Value| json!({"prompt": "a castle", "steps": 2, "width": 48, "height": 40, "references": references});
    let all = json!([
        {"image": file, "adapter": "sd1-plus", "weight": 0.5, "from": 0.1, "to": 0.8, "use": "style", "mask": mask},
        {"image": format!("data:image/png;base64,{file}")},
    ]);
    let made = made_by(&scene, &asked(&all));
    let picture = Arc::new(picture);
    // A picture says of what it was made by names alone.
    let adapter = ReferenceAdapter { file: "sd1-plus.safetensors".into(), encoder: None };
    let first = Reference {
        weight: 0.5,
        from: 0.1,
        to: 0.8,
        used: ReferenceUse::Style,
        mask: Some(Arc::new(plane)),
        ..Reference::through(adapter, Arc::clone(&picture))
    };
    assert_eq!(made.references, [first, Reference::new(picture)]);
    let small = BASE64_STANDARD.encode(b"no picture at all");
    for (reference, field, words) in [
        (json!({"adapter": "sd1-plus"}), "references[0].image", "base64"),
        (json!({"image": small}), "references[0].image", "picture"),
        (json!({"image": file, "adapter": "nobody"}), "references[0].adapter", "sd1-plus"),
        (json!({"image": file, "adapter": "/etc/passwd"}), "references[0].adapter", "nothing called"),
        (json!({"image": file, "adapter": "image_encoder"}), "references[0].adapter", "nothing called"),
        (json!({"image": file, "weight": 0.5}), "references[0].weight", "for adapters"),
        (json!({"image": file, "adapter": "sd1-plus", "weight": 11}), "references[0].weight", "from -10 to 10"),
        (json!({"image": file, "adapter": "sd1-plus", "from": 0.5, "to": 0.5}), "references[0]", "later one"),
        (json!({"image": file, "adapter": "sd1-plus", "use": "face"}), "references[0].use", "composition"),
        (json!({"image": file, "adapter": "sd1-plus", "noise": 1}), "references[0].noise", "allowed are"),
        (json!("left"), "references[0]", "object"),
    ] {
        let answer = scene.post("/v1/jobs", &asked(&json!([reference])));
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{reference}: {}", answer.text());
        let error = &answer.json()["error"];
        assert_eq!(error["field"], field, "{reference}: {error}");
        assert!(error["message"].as_str().unwrap().contains(words), "{reference}: {error}");
    }
    let many: Vec<Value> = (0..5).map(|_| json!({"image": file})).collect();
    assert_eq!(scene.post("/v1/jobs", &asked(&json!(many))).status, StatusCode::BAD_REQUEST);
}

#[test]
fn what_is_wrong_with_a_control_is_named() {
    let scene = Scene::new();
    let file = drawing().1;
    let small = file_of(&Picture::filled(5, 5, [255; 4]));
    for (control, field, words) in [
        (json!({"image": file}), "controls[0].network", "/v1/controls"),
        (json!({"network": "scribble"}), "controls[0].image", "base64"),
        (json!({"network": "scribble", "image": "no picture"}), "controls[0].image", "base64"),
        (json!({"network": "nobody", "image": file}), "controls[0].network", "allowed are scribble"),
        (json!({"network": "/etc/passwd", "image": file}), "controls[0].network", "nothing called"),
        (json!({"network": "../models", "image": file}), "controls[0].network", "nothing called"),
        (json!({"network": "scribble", "image": file, "weight": 11}), "controls[0].weight", "from -10 to 10"),
        (json!({"network": "scribble", "image": file, "from": 0.5, "to": 0.5}), "controls[0]", "later one"),
        (json!({"network": "scribble", "image": file, "mode": "strict"}), "controls[0].mode", "balanced"),
        (json!({"network": "scribble", "image": file, "preprocess": "dream"}), "controls[0].preprocess", "canny"),
        (json!({"network": "scribble", "image": file, "mask": small}), "controls[0]", "as large as its picture"),
        (json!({"network": "scribble", "image": file, "guess": true}), "controls[0].guess", "allowed are"),
        (json!(3), "controls[0]", "object"),
    ] {
        let answer = scene.post("/v1/jobs", &body(&json!([control])));
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{control}: {}", answer.text());
        let error = &answer.json()["error"];
        assert_eq!(error["field"], field, "{control}: {error}");
        assert!(error["message"].as_str().unwrap().contains(words), "{control}: {error}");
    }
    let many: Vec<Value> = (0..17).map(|_| json!({"network": "scribble", "image": file})).collect();
    assert_eq!(scene.post("/v1/jobs", &body(&json!(many))).status, StatusCode::BAD_REQUEST);
}

/// The tiny network of the reference, under a name of its own.
fn with_network(scene: &Scene, name: &str) {
    let from = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/data/control/sd1");
    let to = Paths::under(scene.home.path()).models_folder.join("control").join(name);
    std::fs::create_dir_all(&to).unwrap();
    for file in ["config.json", "diffusion_pytorch_model.safetensors"] {
        std::fs::copy(from.join(file), to.join(file)).unwrap();
    }
}

#[test]
fn networks_are_listed_and_found_by_their_names() {
    let scene = Scene::new();
    with_network(&scene, "edges");
    let listed = scene.get("/v1/controls").json();
    let names: Vec<&str> =
        listed["controls"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["scribble", "edges"]);
    assert!(!listed.to_string().contains(scene.home.path().to_str().unwrap()), "no paths: {listed}");
    let made = made_by(&scene, &body(&json!([{"network": "edges", "image": drawing().1}])));
    assert_eq!(made.controls[0].network.name(), "edges");
    assert_eq!(scene.get("/controlnet/model_list").json()["model_list"], json!(["scribble", "edges"]));
}

/// As webuiapi's `ControlNetUnit.to_dict` writes it.
fn unit(image: &str) -> Value {
    json!({
        "image": image, "mask": null, "module": "canny", "model": "edges [d14c016b]", "weight": 0.7,
        "resize_mode": "Resize and Fill", "low_vram": false, "processor_res": 512, "threshold_a": 64, "threshold_b": 64,
        "guidance_start": 0.0, "guidance_end": 0.6, "control_mode": "ControlNet is more important", "pixel_perfect": false,
        "hr_option": "Both", "enabled": true,
    })
}

fn a1111(scene: &Scene, path: &str, units: &[Value], more: &Value) -> (Answer, Vec<Control>, String) {
    let mut asked = json!({
        "prompt": "a castle", "steps": 2, "width": 48, "height": 40, "seed": 3,
        "alwayson_scripts": {"ControlNet": {"args": units}, "ADetailer": {"args": []}},
    });
    asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let answer = scene.post(path, &asked);
    if answer.status != StatusCode::OK {
        return (answer, Vec::new(), String::new());
    }
    let body = answer.json();
    let png = decoded(body["images"][0].as_str().unwrap());
    let info: Value = serde_json::from_str(body["info"].as_str().unwrap()).unwrap();
    let request = request_in(scene, &png);
    (answer, request.controls, info["notices"].to_string())
}

#[test]
fn the_extensions_units_are_drawn_with() {
    let scene = Scene::new();
    with_network(&scene, "edges");
    let (picture, file) = drawing();
    let (answer, controls, notices) = a1111(&scene, "/sdapi/v1/txt2img", &[unit(&file)], &json!({}));
    assert_eq!(notices, "[]", "all of it is done");
    let [control] = &controls[..] else { panic!("one unit: {}", answer.text()) };
    let settings = PreprocessSettings { low: 64, high: 64, ..PreprocessSettings::default() };
    assert!(**control.picture.as_ref().unwrap() == Preprocessor::Canny.made_of(&picture, settings, None));
    assert_eq!(control.network.name(), "edges");
    assert_eq!((control.mode, control.resize), (ControlMode::Control, Some(ResizeMode::Pad)));
    assert!((control.weight - 0.7).abs() < 1e-9 && (control.to - 0.6).abs() < 1e-9);
    // The older ways to say the same.
    let older = json!({"input_image": {"image": file, "mask": half_mask().1}, "model": "edges", "module": "none",
        "resize_mode": 1, "guessmode": 1});
    let (_, controls, _) = a1111(&scene, "/sdapi/v1/txt2img", &[older], &json!({}));
    assert!(**controls[0].picture.as_ref().unwrap() == picture && controls[0].mask.is_some());
    assert_eq!((controls[0].mode, controls[0].resize), (ControlMode::Prompt, Some(ResizeMode::Crop)));
    // What does nothing says so, and what is off says nothing.
    let mut off = unit(&file);
    off["enabled"] = false.into();
    let (_, controls, notices) = a1111(&scene, "/sdapi/v1/txt2img", &[off], &json!({}));
    assert!(controls.is_empty() && notices == "[]", "{notices}");
    let (_, controls, notices) = a1111(&scene, "/sdapi/v1/txt2img", &[unit("")], &json!({}));
    assert!(controls.is_empty() && notices.contains("no picture"), "{notices}");
    // In img2img the picture that is changed stands in.
    let init = json!({"init_images": [file], "denoising_strength": 0.5});
    let (_, controls, _) = a1111(&scene, "/sdapi/v1/img2img", &[unit("")], &init);
    assert_eq!(controls.len(), 1);
    // A network and a module that are not here.
    for (name, value, words) in [("model", "nobody", "nobody"), ("module", "depth_midas", "depth_midas")] {
        let mut wrong = unit(&file);
        wrong[name] = value.into();
        let answer = a1111(&scene, "/sdapi/v1/txt2img", &[wrong], &json!({})).0;
        assert!(answer.status.is_client_error(), "{}", answer.text());
        assert!(answer.text().contains(words), "{}", answer.text());
    }
}

#[test]
fn the_echo_of_a_request_holds_no_picture_of_its_units() {
    let scene = Scene::new();
    with_network(&scene, "edges");
    let noise = (0..120 * 120 * 4u32)
        .map(|index| if index % 4 == 3 { 255 } else { (index.wrapping_mul(2_654_435_761) >> 9) as u8 });
    let file = file_of(&Picture::from_rgba(120, 120, noise.collect()).unwrap());
    assert!(file.len() > 10_000);
    let (answer, ..) = a1111(&scene, "/sdapi/v1/txt2img", &[unit(&file)], &json!({}));
    let echo = answer.json()["parameters"].to_string();
    assert!(echo.len() < 4_000 && echo.contains("edges"), "{} letters", echo.len());
}

#[test]
fn modules_are_listed_and_tried() {
    let scene = Scene::new();
    assert_eq!(scene.get("/controlnet/version").json(), json!({"version": 2}));
    let modules = scene.get("/controlnet/module_list").json();
    assert!(modules["module_list"].as_array().unwrap().contains(&json!("canny")), "{modules}");
    let (picture, file) = drawing();
    for name in ["controlnet_input_images", "controlnet_images"] {
        let asked = json!({"controlnet_module": "canny", name: [file]});
        let answer = scene.post("/controlnet/detect", &asked);
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        let made = pixels(&decoded(answer.json()["images"][0].as_str().unwrap()));
        let wanted = Preprocessor::Canny.made_of(&picture, PreprocessSettings::default(), None);
        assert!(made.into_raw() == wanted.rgba());
    }
    for wrong in
        [json!({"controlnet_module": "canny"}), json!({"controlnet_module": "dream", "controlnet_images": [file]})]
    {
        assert!(scene.post("/controlnet/detect", &wrong).status.is_client_error(), "{wrong}");
    }
}
