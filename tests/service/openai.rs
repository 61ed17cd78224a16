//! OpenAI's interface: what its package and its kin send, whole, streamed, and wrong.

use std::io::BufRead;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use inkwick::service::ServiceOptions;
use serde_json::{Value, json};

use crate::scene::{Answer, Scene, decoded, pixels, png};
use crate::socket::{Server, head_of};

const GENERATIONS: &str = "/v1/images/generations";

/// A form as the package sends it: texts, then files.
fn edit(scene: &Scene, texts: &[(&str, &str)], files: &[(&str, Vec<u8>)]) -> Answer {
    let mut body = Vec::new();
    for (name, text) in texts {
        body.extend(format!("--XyZ\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n").bytes());
    }
    for (name, bytes) in files {
        let head =
            format!("Content-Disposition: form-data; name=\"{name}\"; filename=\"a.png\"\r\nContent-Type: image/png");
        body.extend(format!("--XyZ\r\n{head}\r\n\r\n").bytes());
        body.extend(bytes);
        body.extend(b"\r\n");
    }
    body.extend(b"--XyZ--\r\n");
    let request = Request::post("/v1/images/edits").header("content-type", "multipart/form-data; boundary=XyZ");
    scene.ask(request.body(Body::from(body)).unwrap())
}

#[track_caller]
fn pictures(answer: &Answer) -> Vec<Vec<u8>> {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let body = answer.json();
    assert!(body["created"].as_i64().unwrap() > 0 && body["usage"]["total_tokens"] == 0);
    body["data"].as_array().unwrap().iter().map(|one| decoded(one["b64_json"].as_str().unwrap())).collect()
}

/// Name and data of each event of a stream.
fn streamed(text: &str) -> Vec<(String, Value)> {
    let event = |block: &str| {
        let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        Some((field("event:")?.to_owned(), serde_json::from_str(field("data:")?).unwrap()))
    };
    text.split("\n\n").filter_map(event).collect()
}

#[test]
fn pictures_come_in_every_size_and_format() {
    let scene = Scene::new();
    let body = json!({
        "model": "gpt-image-1", "prompt": "a cat", "n": 2, "size": "96x64", "quality": "high", "moderation": "low",
        "background": "opaque", "user": "somebody", "seed": 3, "steps": 2, "made_up": {"a": 1},
    });
    let answer = scene.post(GENERATIONS, &body);
    let found = pictures(&answer);
    assert_eq!(found.iter().map(|file| pixels(file).dimensions()).collect::<Vec<_>>(), [(96, 64); 2]);
    assert!(String::from_utf8_lossy(&found[1]).contains("Seed: 4"));
    assert_eq!((&answer.json()["size"], &answer.json()["output_format"]), (&json!("96x64"), &json!("png")));
    assert!(answer.json()["notices"][0].as_str().unwrap().contains("built-in"), "a model of theirs");
    assert!(answer.json()["notices"][1].as_str().unwrap().contains("quality"), "{}", answer.json()["notices"]);
    let large = |quality: u32| {
        let body = json!({"prompt": "a", "steps": 1, "output_format": "jpeg", "output_compression": quality});
        pictures(&scene.post(GENERATIONS, &body)).remove(0)
    };
    assert_eq!(image::guess_format(&large(90)).unwrap(), image::ImageFormat::Jpeg);
    let webp = pictures(&scene.post(GENERATIONS, &json!({"prompt": "a", "steps": 1, "output_format": "webp"})));
    assert_eq!(image::guess_format(&webp[0]).unwrap(), image::ImageFormat::WebP);
    assert_eq!(pixels(&webp[0]).dimensions(), (256, 256), "the model's own size");
}

#[test]
fn a_size_between_those_that_a_model_draws_comes_to_the_next_smaller_and_is_said() {
    let scene = Scene::new();
    for (size, wanted, words) in [
        ("100x100", (96, 96), &["width 100 was taken as 96", "height 100 was taken as 96"][..]),
        ("63x64", (56, 64), &["width 63 was taken as 56"]),
        ("64x96", (64, 96), &[]),
    ] {
        let body = json!({"prompt": "a", "steps": 1, "size": size, "style": "vivid"});
        let answer = scene.post(GENERATIONS, &body);
        assert_eq!(pixels(&pictures(&answer)[0]).dimensions(), wanted, "{size}");
        let notices = answer.json()["notices"].clone();
        assert_eq!(notices.as_array().unwrap().len(), words.len() + 1, "{notices}");
        assert!(
            words.iter().chain(&["style has no effect"]).all(|word| notices.to_string().contains(word)),
            "{notices}"
        );
        let streamed = streamed(
            &scene
                .post(GENERATIONS, &{
                    let mut body = body.clone();
                    body["stream"] = true.into();
                    body
                })
                .text(),
        );
        assert_eq!(streamed[0].1["notices"], notices, "the stream says the same");
    }
}

#[test]
fn a_picture_by_its_address_can_be_fetched() {
    let scene = Scene::new();
    let request = Request::post(GENERATIONS).header("host", "localhost:7860");
    let body = json!({"prompt": "a", "steps": 1, "response_format": "url"}).to_string();
    let answer = scene.ask(request.body(Body::from(body)).unwrap()).json();
    let path = answer["data"][0]["url"].as_str().unwrap().strip_prefix("http://localhost:7860").unwrap().to_owned();
    assert_eq!(pixels(&scene.get(&path).body).dimensions(), (256, 256));
}

#[test]
fn a_mask_changes_what_is_transparent_in_it() {
    let scene = Scene::new();
    let photo = decoded(&png(64, 32, [10, 200, 30, 255]));
    // Opaque white everywhere but on the left, where it is fully transparent.
    let mut mask = image::RgbaImage::from_pixel(64, 32, image::Rgba([255; 4]));
    (0..16).for_each(|x| (0..32).for_each(|y| mask.put_pixel(x, y, image::Rgba([255, 255, 255, 0]))));
    let mut bytes = std::io::Cursor::new(Vec::new());
    mask.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    let texts = [("prompt", "a tree"), ("n", "1"), ("steps", "2"), ("seed", "5"), ("size", "auto")];
    let answer = edit(&scene, &texts, &[("image", photo.clone()), ("mask", bytes.into_inner())]);
    let picture = pixels(&pictures(&answer)[0]);
    assert_eq!(picture.dimensions(), (64, 32));
    assert_eq!(picture.get_pixel(60, 5).0, [10, 200, 30, 255], "opaque stays");
    assert_ne!(picture.get_pixel(4, 5).0, [10, 200, 30, 255], "transparent changes");

    // Without a mask the picture's own transparency says it.
    let mut open = pixels(&photo);
    (0..16).for_each(|x| (0..32).for_each(|y| open.get_pixel_mut(x, y).0[3] = 0));
    let mut bytes = std::io::Cursor::new(Vec::new());
    open.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    let picture = pixels(&pictures(&edit(&scene, &texts, &[("image", bytes.into_inner())]))[0]);
    assert_eq!(picture.get_pixel(60, 5).0, [10, 200, 30, 255], "opaque stays");
    assert_ne!(picture.get_pixel(4, 5).0, [10, 200, 30, 255], "transparent changes");
    let empty = edit(&scene, &texts, &[("image", Vec::new())]);
    assert!(empty.json()["error"]["message"].as_str().unwrap().starts_with("image must be"), "{}", empty.text());

    let two = edit(&scene, &texts, &[("image[]", photo.clone()), ("image[]", photo.clone())]);
    assert_eq!(pictures(&two).len(), 1);
    assert!(two.json()["notices"].to_string().contains("only the first"));
    for (texts, files, param) in [
        (&texts[..], vec![("image", photo.clone()), ("mask", photo.clone())], "mask"),
        (&texts[..], vec![("image", photo.clone()), ("mask", b"no picture".to_vec())], "mask"),
        (&texts[..], vec![("image", b"no picture".to_vec())], "image"),
        (&texts[..], vec![], "image"),
        (&texts[..], vec![("image", photo.clone()); 17], "image"),
        (&texts[1..], vec![("image", photo.clone())], "prompt"),
    ] {
        let answer = edit(&scene, texts, &files);
        assert_eq!((answer.status, &answer.json()["error"]["param"]), (StatusCode::BAD_REQUEST, &json!(param)));
    }
    for kind in ["application/json", "multipart/form-data", "multipart/form-data; boundary=other"] {
        let request = Request::post("/v1/images/edits").header("content-type", kind);
        assert_eq!(scene.ask(request.body(Body::from("--XyZ--")).unwrap()).status, StatusCode::BAD_REQUEST, "{kind}");
    }
}

#[test]
fn a_stream_has_partial_pictures_and_then_each_picture_whole() {
    let (scene, gate) = Scene::stepped(ServiceOptions::default());
    let server = Server::start(&scene);
    let body = json!({"prompt": "a", "steps": 3, "n": 2, "stream": true, "partial_images": 2, "size": "64x64"});
    let mut reader = server.begin("POST", GENERATIONS, &body.to_string());
    assert_eq!(head_of(&mut reader), 200);
    for index in 0..2 {
        // After the first step, and after the second.
        for part in 0..2 {
            let (name, data) = next_event(&mut reader);
            assert_eq!((name.as_str(), &data["type"]), ("image_generation.partial_image", &json!(name)), "{index}");
            assert_eq!(data["partial_image_index"], part);
            assert!(pixels(&decoded(data["b64_json"].as_str().unwrap())).width() > 0);
            gate.send(()).unwrap();
        }
        gate.send(()).unwrap();
        let (name, data) = next_event(&mut reader);
        assert_eq!((name.as_str(), &data["type"]), ("image_generation.completed", &json!(name)), "{index}");
        assert_eq!(pixels(&decoded(data["b64_json"].as_str().unwrap())).dimensions(), (64, 64));
        assert!(data["usage"].is_object() && data["created_at"].is_number());
    }
    drop(gate);
    let none = scene.post(GENERATIONS, &json!({"prompt": "a", "steps": 3, "stream": true}));
    assert_eq!(none.headers["content-type"], "text/event-stream");
    assert_eq!(streamed(&none.text()).len(), 1, "{}", none.text());
    let failed = scene.post(GENERATIONS, &json!({"prompt": "this must fail", "stream": true, "n": 3})).text();
    let failed = streamed(&failed);
    assert_eq!((failed.len(), failed[0].0.as_str()), (1, "error"));
    server.stop.ask();
    server.join();
}

#[test]
fn a_reader_that_comes_late_has_every_partial_picture_that_was_asked_for() {
    let (scene, gate) = Scene::stepped(ServiceOptions::default());
    let body = json!({"prompt": "a", "steps": 8, "stream": true, "partial_images": 3, "size": "64x64"});
    let request = Request::post(GENERATIONS).body(Body::from(body.to_string())).unwrap();
    let unread = scene.begin(request);
    for step in 1..=8 {
        let told = |scene: &Scene| scene.get("/v1/jobs").json()["jobs"][0]["progress"]["step"] == step;
        scene.until("the step is told", told);
        gate.send(()).unwrap();
    }
    scene.until("it is complete", |scene| scene.get("/v1/jobs").json()["jobs"][0]["state"] == "complete");
    let text = scene.finish(unread).text();
    let events = streamed(&text);
    let kinds: Vec<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
    let partial = "image_generation.partial_image";
    assert_eq!(kinds, [partial, partial, partial, "image_generation.completed"]);
    let shown: Vec<&Value> = events[..3].iter().map(|(_, data)| &data["b64_json"]).collect();
    assert!(shown[0] != shown[1] && shown[1] != shown[2], "each of another step");
}

/// Reads to the end of the next event.
fn next_event(reader: &mut impl BufRead) -> (String, Value) {
    let mut text = String::new();
    loop {
        assert!(reader.read_line(&mut text).unwrap() > 0, "the stream ended: {text}");
        if let Some(event) = streamed(&text).pop().filter(|_| text.ends_with("\n\n")) {
            return event;
        }
    }
}

#[test]
fn wrong_values_are_refused_in_their_shape() {
    let scene = Scene::new();
    for (fields, param) in [
        (json!({"prompt": ""}), "prompt"),
        (json!({"prompt": 7}), "prompt"),
        (json!({"n": 0}), "n"),
        (json!({"n": 11}), "n"),
        (json!({"n": "many"}), "n"),
        (json!({"size": "big"}), "size"),
        (json!({"size": "0x64"}), "size"),
        (json!({"size": "64x99999"}), "size"),
        (json!({"model": "nothing"}), "model"),
        (json!({"model": "/etc/passwd"}), "model"),
        (json!({"output_format": "gif"}), "output_format"),
        (json!({"output_compression": 101}), "output_compression"),
        (json!({"response_format": "path"}), "response_format"),
        (json!({"partial_images": 4}), "partial_images"),
        (json!({"steps": 0}), "steps"),
        (json!({"prompt": "a <lora:/etc/passwd:1>"}), "prompt"),
    ] {
        let mut body = json!({"prompt": "a"});
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let answer = scene.post(GENERATIONS, &body);
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{fields}: {}", answer.text());
        let error = answer.json()["error"].clone();
        assert_eq!((&error["param"], &error["type"]), (&json!(param), &json!("invalid_request_error")), "{fields}");
        assert!(!error["message"].as_str().unwrap().is_empty());
    }
    assert_eq!(scene.post(GENERATIONS, &json!([])).status, StatusCode::BAD_REQUEST);
    let failed = scene.post(GENERATIONS, &json!({"prompt": "this must fail"}));
    assert_eq!((failed.status, &failed.json()["error"]["code"]), (StatusCode::BAD_REQUEST, &json!("request")));
}

#[test]
fn the_server_is_known_by_its_options_and_its_models() {
    let scene = Scene::new();
    // As SillyTavern's stable-diffusion.cpp source asks.
    let options = Request::options(GENERATIONS).body(Body::empty()).unwrap();
    assert_eq!(scene.ask(options).status, StatusCode::OK);
    assert_eq!(scene.get("/v1/models/Built-in").json()["object"], "model");
    let unknown = scene.get("/v1/models/nothing");
    assert_eq!((unknown.status, &unknown.json()["error"]["code"]), (StatusCode::NOT_FOUND, &json!("model_not_found")));
}

#[test]
fn a_client_that_goes_away_takes_its_jobs_along() {
    for stream in [false, true] {
        let (scene, _gate) = Scene::gated(ServiceOptions::default());
        let server = Server::start(&scene);
        let body = json!({"prompt": "a", "n": 3, "stream": stream}).to_string();
        let reader = server.begin("POST", GENERATIONS, &body);
        scene.until("its jobs", |scene| scene.get("/v1/jobs").json()["jobs"].as_array().unwrap().len() == 3);
        drop(reader);
        scene.until("their end", |scene| scene.get("/metrics").text().contains("outcome=\"cancelled\"} 3"));
        server.stop.ask();
        server.join();
    }
}
