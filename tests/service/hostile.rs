//! What nobody should send: each field wrong, pictures that are none, names that are paths, bodies without end.

use std::io::Write as _;
use std::net::TcpStream;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use inkwick::service::ServiceOptions;
use serde_json::{Value, json};

use crate::scene::{Scene, apple, png};
use crate::socket::Server;

/// Fields of a job with values that are wrong, and a word of what is allowed.
const WRONG: &[(&str, &str, &str)] = &[
    ("operation", r#""paint""#, "image_inpaint"),
    ("prompt", "7", "a text"),
    ("negative_prompt", "[]", "a text"),
    ("prompt_syntax", r#""fancy""#, "weighted, plain"),
    ("clip_skip", "0", "from 1 to 12"),
    ("model", r#""nothing""#, "Built-in"),
    ("model", "1", "a text"),
    ("vae", r#""nothing""#, "/v1/vaes"),
    ("loras", r#""ink""#, "a list"),
    ("loras", r#"["nothing"]"#, "/v1/loras"),
    ("loras", r#"[{"name": "ink", "weight": 1e9}]"#, "from -100 to 100"),
    ("loras", r#"[{"weight": 1}]"#, "a name"),
    ("loras", r#"[{"nme": "ink"}]"#, "allowed are"),
    ("embeddings", r#"["nothing"]"#, "/v1/embeddings"),
    ("embeddings", "[1]", "a name"),
    ("steps", "0", "from 1 to 1000"),
    ("steps", "1001", "from 1 to 1000"),
    ("steps", "2.5", "a whole number"),
    ("steps", r#""20""#, "a whole number"),
    ("guidance_scale", "-1", "from 0 to 100"),
    ("guidance_scale", "1e300", "from 0 to 100"),
    ("scheduler", r#""Euler A""#, "euler-a"),
    ("sigmas", r#""beta""#, "karras"),
    ("prediction", r#""w""#, "epsilon"),
    ("seed", "-1", "from 0 to"),
    ("seed", "18446744073709551616", "from 0 to"),
    ("rng", r#""gpu""#, "philox"),
    ("variation_seed", "4", "variation_strength"),
    ("variation_strength", "2", "from 0 to 1"),
    ("guidance_rescale", "true", "from 0 to 1"),
    ("guidance_until", "1.1", "from 0 to 1"),
    ("width", "7", "from 8 to 8192"),
    ("height", "8193", "from 8 to 8192"),
    ("width", "65", "a multiple of 8"),
    ("height", "47", "40 and 48 would do"),
    ("init_image", r#""""#, "base64"),
    ("init_image", r#""http://127.0.0.1/a.png""#, "base64"),
    ("init_image", r#""/etc/passwd""#, "init_image"),
    ("init_image", "{}", "a text"),
    ("mask_image", r#""aGVsbG8=""#, "init_image"),
    ("mask_channel", r#""alpha""#, "init_image"),
    ("fit_mask", "true", "init_image"),
    ("strength", "0.5", "init_image"),
    ("resize", r#""crop""#, "init_image"),
    ("extend", "[1, 2, 3, 4]", "init_image"),
    ("image_guidance", "1", "init_image"),
    ("mask_blur", "513", "from 0 to 512"),
    ("mask_grow", "-513", "from -512 to 512"),
    ("mask_invert", "1", "true or false"),
    ("inpaint_area", r#""all""#, "whole, masked"),
    ("padding", "-1", "from 0 to 512"),
    ("masked_content", r##""#12345""##, "#a0c8ff"),
    ("soft_inpaint", r#""yes""#, "true or false"),
    ("colour_match", "0", "true or false"),
    ("composite", "[]", "true or false"),
    ("attention", r#""sliced:0""#, "sliced:N"),
    ("vae_tiling", "true", "auto, on, off"),
    ("memory", r#""most""#, "auto, low, high"),
    ("count", "0", "from 1 to"),
    ("count", "100000", "from 1 to"),
    ("previews", r#""all""#, "true or false"),
    ("negative", r#""a""#, "negative_prompt"),
    ("device", r#""cpu""#, "allowed are"),
    ("controls", r#""scribble""#, "a list"),
    ("controls", "[{}]", "network"),
    ("controls", r#"[{"network": "nothing"}]"#, "/v1/controls"),
    ("controls", r#"[{"netwerk": "scribble"}]"#, "allowed are"),
    ("regions", r#""left""#, "a list"),
    ("regions", r#"[{"prompt": "a"}]"#, "mask"),
    ("regions", r#"[{"prompt": "a", "maks": "x"}]"#, "allowed are"),
    ("regions", r#"[{"prompt": "a", "mask": "x"}]"#, "mask"),
    ("regions", r#"[{"prompt": "a", "weight": 2}]"#, "weight"),
    ("references", r#""left""#, "a list"),
    ("references", r"[{}]", "image"),
    ("references", r#"[{"imgae": "x"}]"#, "allowed are"),
    ("references", r#"[{"image": "x"}]"#, "image"),
    ("references", r#"[{"image": "x", "adapter": "../../etc/passwd"}]"#, "nothing called"),
    ("references", r#"[{"image": "x", "weight": 11}]"#, "weight"),
];

#[track_caller]
fn assert_names(scene: &Scene, body: &Value, field: &str, word: &str) {
    let answer = scene.post("/v1/jobs", body);
    assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{field}: {}", answer.text());
    let error = answer.json()["error"].clone();
    let named = error["field"].as_str().unwrap();
    assert!(named == field || named.starts_with(&format!("{field}[")), "{field}: {error}");
    assert!(error["message"].as_str().unwrap().contains(word), "{field}, {word}: {error}");
}

#[test]
fn every_wrong_field_is_named_with_what_is_allowed_and_nothing_is_begun() {
    let scene = Scene::new();
    for (field, value, word) in WRONG {
        let mut body = apple(1);
        body[*field] = serde_json::from_str(value).unwrap();
        assert_names(&scene, &body, field, word);
        let estimated = scene.post("/v1/estimate", &body);
        assert_eq!(estimated.status, StatusCode::BAD_REQUEST, "the estimate reads the same: {field}");
    }
    assert_names(&scene, &json!({}), "prompt", "must be given");
    let long = "a".repeat(50_001);
    assert_names(&scene, &json!({"prompt": long}), "prompt", "50000 characters");
    assert_names(&scene, &json!({"prompt": "a", "negative_prompt": long}), "negative_prompt", "50000 characters");
    for body in [json!([]), json!("x"), json!(null), json!(7)] {
        assert_names(&scene, &body, "body", "object");
    }
    assert_eq!(scene.get("/v1/jobs").json()["jobs"], json!([]));
}

/// Whoever adds a field sees that its wrong values are tried.
#[test]
fn the_list_of_wrong_values_has_every_field() {
    let scene = Scene::new();
    let answer = scene.post("/v1/jobs", &json!({"prompt": "a", "no such field": 1}));
    let message = answer.json()["error"]["message"].as_str().unwrap().to_owned();
    let allowed = message.split("allowed are ").nth(1).unwrap();
    for field in allowed.split(", ") {
        assert!(WRONG.iter().any(|(tried, ..)| *tried == field), "{field} is not tried");
    }
    assert!(allowed.split(", ").count() > 30, "{allowed}");
}

#[test]
fn contradictions_are_refused() {
    let scene = Scene::new();
    let (photo, mask) = (png(16, 16, [9; 4]), png(16, 16, [255; 4]));
    let with = |fields: Value| {
        let mut body = apple(1);
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        body
    };
    let cases = [
        (with(json!({"operation": "image_generation", "init_image": photo})), "operation"),
        (with(json!({"operation": "image_transform"})), "init_image"),
        (with(json!({"operation": "image_transform", "init_image": photo, "mask_image": mask})), "operation"),
        (with(json!({"operation": "image_inpaint"})), "init_image"),
        (with(json!({"operation": "image_inpaint", "init_image": photo})), "mask_image"),
        (with(json!({"init_image": photo, "mask_image": png(8, 16, [255; 4])})), "mask_image"),
        (with(json!({"init_image": photo, "extend": [8192, 8192, 8192, 8192]})), "extend"),
        (with(json!({"init_image": photo, "extend": [1, 2, 3]})), "extend"),
        (with(json!({"scheduler": "ddim", "sigmas": "karras"})), "sigmas"),
    ];
    for (body, field) in cases {
        assert_names(&scene, &body, field, "");
    }
}

#[test]
fn pictures_that_are_none_and_pictures_that_would_not_end_are_refused() {
    use base64::Engine as _;
    let base64 = |bytes: &[u8]| base64::prelude::BASE64_STANDARD.encode(bytes);
    let scene = Scene::with(ServiceOptions { max_picture_pixels: 10_000, ..ServiceOptions::default() });
    let whole = crate::scene::decoded(&png(64, 64, [1, 2, 3, 255]));
    // A header that promises four hundred million pixels.
    let mut bomb = whole.clone();
    bomb[16..24].copy_from_slice(&[0, 0, 0x4E, 0x20, 0, 0, 0x4E, 0x20]);
    let cases = vec![
        png(101, 100, [0; 4]),
        base64(&bomb),
        base64(b"GIF89a"),
        base64(b"hello, this is no picture at all"),
        base64(&[]),
        "%%%".into(),
        "data:image/png;base64,".into(),
        "data:,x".into(),
        "file:///etc/passwd".into(),
    ];
    for picture in cases {
        let answer = scene.post("/v1/jobs", &json!({"prompt": "a", "init_image": picture}));
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", answer.text());
        assert_eq!(answer.json()["error"]["field"], "init_image");
    }
}

#[test]
fn of_a_picture_that_is_cut_short_what_is_there_is_taken_and_said() {
    use base64::Engine as _;
    let scene = Scene::new();
    let whole = crate::scene::decoded(&png(64, 64, [1, 2, 3, 255]));
    let mut said = 0;
    for end in (1..whole.len() - 24).step_by(7) {
        let cut = base64::prelude::BASE64_STANDARD.encode(&whole[..end]);
        let answer = scene.post("/v1/jobs", &json!({"prompt": "a", "steps": 1, "init_image": cut}));
        let text = answer.text();
        assert!(text.contains("init_image"), "{end}: {text}");
        if answer.status == StatusCode::ACCEPTED {
            said += usize::from(!answer.json()["notices"].as_array().unwrap().is_empty());
        } else {
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{end}: {text}");
            said += 1;
        }
        let ends = |scene: &Scene| {
            scene.get("/v1/jobs").json()["jobs"].as_array().unwrap().iter().all(|job| job["state"] == "complete")
        };
        scene.until("the end", ends);
    }
    assert_eq!(said, (1..whole.len() - 24).step_by(7).count());
}

#[test]
fn a_name_is_never_a_path() {
    let scene = Scene::new();
    // Files that exist, outside the folders of models.
    let lora = scene.home.path().join("secret.safetensors");
    std::fs::write(&lora, b"secret").unwrap();
    let models = scene.home.path().join("models");
    std::fs::create_dir_all(models.join("loras")).unwrap();
    std::fs::write(models.join("loras/ink.safetensors"), b"x").unwrap();
    let paths = [
        lora.to_str().unwrap(),
        "../secret.safetensors",
        "../../secret",
        "loras/../../secret.safetensors",
        "Cargo.toml",
        "./Cargo.toml",
    ];
    for path in paths {
        for (field, body) in [
            ("model", json!({"prompt": "a", "model": path})),
            ("vae", json!({"prompt": "a", "vae": path})),
            ("loras", json!({"prompt": "a", "loras": [path]})),
            ("embeddings", json!({"prompt": "a", "embeddings": [path]})),
            ("prompt", json!({"prompt": format!("a <lora:{path}:1>")})),
        ] {
            assert_names(&scene, &body, field, "");
        }
    }
    // And its place on the disk is not told.
    let answer = scene.post("/v1/jobs", &json!({"prompt": "a <lora:none:1>"})).text();
    assert!(!answer.contains(scene.home.path().to_str().unwrap()), "{answer}");
    scene.submit(&json!({"prompt": "a <lora:ink:0.5>"}));
    let id = scene.submit(&json!({"prompt": "a", "loras": [{"name": "ink", "weight": 0.5}]}));
    let complete = scene.events(&id).pop().unwrap();
    assert!(!complete.data.to_string().contains(scene.home.path().to_str().unwrap()), "{}", complete.data["metadata"]);
    let png = String::from_utf8_lossy(&scene.get(&format!("/v1/jobs/{id}/image")).body).into_owned();
    assert!(png.contains("ink.safetensors") && !png.contains(scene.home.path().to_str().unwrap()));
}

#[test]
fn bodies_are_bounded_and_must_be_json() {
    let scene = Scene::with(ServiceOptions { max_body_bytes: 1000, ..ServiceOptions::default() });
    let post = |body: Body| scene.ask(Request::post("/v1/jobs").body(body).unwrap());
    assert_eq!(post(Body::from(vec![b' '; 1001])).status, StatusCode::PAYLOAD_TOO_LARGE);
    // Without a length, in pieces.
    let pieces = futures_util::stream::iter((0..100).map(|_| Ok::<_, std::io::Error>(vec![b' '; 100])));
    assert_eq!(post(Body::from_stream(pieces)).status, StatusCode::PAYLOAD_TOO_LARGE);
    let deep = format!("{}{}", "[".repeat(400), "]".repeat(400));
    for text in ["{", "nonsense", "{\"prompt\": \"\\ud800\"}", "\u{0}", &deep] {
        let answer = post(Body::from(text.to_owned()));
        assert_eq!(
            (answer.status, &answer.json()["error"]["kind"]),
            (StatusCode::BAD_REQUEST, &json!("request")),
            "{text}"
        );
    }
    assert_eq!(post(Body::from(&b"\xff\xfe"[..])).status, StatusCode::BAD_REQUEST);
    assert_eq!(post(Body::empty()).status, StatusCode::BAD_REQUEST);
}

#[test]
fn bodies_that_never_end_stand_in_nobodys_way() {
    let scene = Scene::new();
    let server = Server::start(&scene);
    let half_sent: Vec<TcpStream> = (0..32)
        .map(|_| {
            let mut stream = TcpStream::connect(server.address).unwrap();
            stream
                .write_all(b"POST /v1/jobs HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{\"pro")
                .unwrap();
            stream
        })
        .collect();
    assert_eq!(server.post("/v1/jobs", &apple(1)).0, 202);
    drop(half_sent);
}

#[test]
fn jobs_that_are_none_are_not_found() {
    let scene = Scene::new();
    let id = scene.submit(&apple(1));
    let other = format!("00000000-{}", id.rsplit('-').next().unwrap());
    for id in
        ["1", "x", "%00", "..%2f..%2fetc", other.as_str(), &format!("{id}0"), &format!("{id}%20"), &"9".repeat(3000)]
    {
        for path in [format!("/v1/jobs/{id}"), format!("/v1/jobs/{id}/image"), format!("/v1/jobs/{id}/stream")] {
            let answer = scene.get(&path);
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}: {}", answer.text());
        }
        assert_eq!(scene.delete(&format!("/v1/jobs/{id}")).status, StatusCode::NOT_FOUND);
    }
    let path = format!("/v1/jobs/{id}/move");
    for body in [json!({}), json!({"position": -1}), json!({"position": 64}), json!({"position": 0, "x": 1}), json!([])]
    {
        assert_eq!(scene.post(&path, &body).status, StatusCode::BAD_REQUEST, "{body}");
    }
    for body in
        [json!({}), json!({"prompt": 1}), json!({"prompt": "a", "model": "none"}), json!({"prompt": "a", "x": 1})]
    {
        assert_eq!(scene.post("/v1/tokens", &body).status, StatusCode::BAD_REQUEST, "{body}");
    }
    // More than any picture takes are counted all the same.
    let endless = scene.post("/v1/tokens", &json!({"prompt": "word ".repeat(5000)}));
    assert_eq!(endless.status, StatusCode::OK);
    assert!(endless.json()["tokens"].as_u64().unwrap() >= 5000, "{}", endless.json()["tokens"]);
}
