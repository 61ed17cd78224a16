//! The document of the interface: it has every route, every field as the reader reads it, and every answer that is given.

use std::collections::BTreeSet;
use std::path::Path;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use inkwick::service::{AccessToken, ServiceOptions};
use serde_json::{Value, json};

use crate::scene::{Scene, png};

fn document(scene: &Scene) -> Value {
    let answer = scene.get("/openapi.json");
    assert_eq!(
        (answer.status, &answer.headers["content-type"]),
        (StatusCode::OK, &"application/json".parse().unwrap())
    );
    answer.json()
}

/// What the routers say in their source: `.route("…"` and `.route_service("…"`.
fn routes() -> BTreeSet<String> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/service");
    let mut found = BTreeSet::new();
    let files = [
        ("router.rs", ""),
        ("openai/routes.rs", ""),
        ("a1111/routes.rs", "/sdapi/v1"),
        ("a1111/controlnet.rs", "/controlnet"),
    ];
    for (file, before) in files {
        let text = std::fs::read_to_string(source.join(file)).unwrap();
        let text = text.replace(".route_service(\"", ".route(\"");
        let places = text.split(".route(\"").skip(1).map(|rest| rest.split('"').next().unwrap().replace('*', ""));
        found.extend(places.map(|place| format!("{before}{place}")));
    }
    found
}

#[test]
fn every_route_is_described_and_every_description_is_a_route() {
    let scene = Scene::new();
    let document = document(&scene);
    let described: BTreeSet<String> = document["paths"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(described, routes());
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let address = path.replace("{id}", "nothing");
            let request = Request::builder().method(method.to_uppercase().as_str()).uri(&address);
            let answer = scene.ask(request.header("content-type", "application/json").body(Body::from("{}")).unwrap());
            let status = answer.status.as_u16().to_string();
            assert!(answer.status != StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
            assert!(
                operation["responses"].get(&status).is_some(),
                "{method} {path} gives {status}, which is not named"
            );
            assert!(!operation["summary"].as_str().unwrap().is_empty() && operation["tags"][0].is_string());
            let names: Vec<&Value> =
                operation["parameters"].as_array().into_iter().flatten().map(|one| &one["name"]).collect();
            assert_eq!(path.contains("{id}"), names.contains(&&json!("id")), "{path}: {names:?}");
        }
    }
    // Each name that is used is there.
    let text = document.to_string();
    for name in text.split("#/components/schemas/").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        assert!(document["components"]["schemas"].get(name).is_some(), "{name}");
    }
}

#[test]
fn a_jobs_fields_are_described_as_they_are_read() {
    let scene = Scene::new();
    let document = document(&scene);
    let job = &document["components"]["schemas"]["Job"];
    let answer = scene.post("/v1/jobs", &json!({"prompt": "a", "no such field": 1})).json();
    let message = answer["error"]["message"].as_str().unwrap().to_owned();
    let read: BTreeSet<&str> = message.split("allowed are ").nth(1).unwrap().split(", ").collect();
    let described: BTreeSet<&str> = job["properties"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(described, read);
    assert_eq!((&job["required"], &job["additionalProperties"]), (&json!(["prompt"]), &json!(false)));
    let photo = png(16, 16, [9; 4]);
    for (name, shape) in job["properties"].as_object().unwrap() {
        assert!(shape["description"].as_str().is_some_and(|sentence| sentence.len() > 10), "{name}: {shape}");
        // The ends of what is described are taken, and what lies beyond is not.
        let mut tried: Vec<(Value, bool)> = Vec::new();
        for (end, beyond) in [("minimum", -1.0), ("maximum", 1.0)] {
            if let Some(number) = shape[end].as_f64().filter(|number| number.abs() < 1e15) {
                tried.push((shape[end].clone(), true));
                let step =
                    if shape["type"] == "integer" { json!((number + beyond) as i64) } else { json!(number + beyond) };
                tried.push((step, false));
            }
        }
        tried.extend(shape["enum"].as_array().into_iter().flatten().map(|word| (word.clone(), true)));
        if shape.get("enum").is_some() {
            tried.push((json!("no such word"), false));
        }
        for (value, is_taken) in tried {
            let mut body = json!({"prompt": "a", "init_image": photo, "variation_strength": 0.5});
            body[name.as_str()] = value.clone();
            let answer = scene.post("/v1/estimate", &body);
            let names_it = answer.json()["error"]["field"] == name.as_str();
            // Two fields can contradict each other; that is said of another field, or in other words.
            let is_out_of_range = names_it && answer.json()["error"]["message"].as_str().unwrap().contains("must be");
            assert_eq!(!is_out_of_range, is_taken, "{name}: {value}: {}", answer.text());
        }
    }
    assert_eq!(job["properties"]["seed"]["maximum"], json!(u64::MAX));
    let example = scene.post("/v1/jobs", &job["example"]);
    assert_eq!(example.status, StatusCode::ACCEPTED, "the example is one: {}", example.text());
}

#[test]
fn the_page_needs_nothing_from_elsewhere_and_the_token_is_asked_for_where_there_is_one() {
    let scene = Scene::new();
    let page = scene.get("/docs");
    assert!(page.headers["content-type"].to_str().unwrap().starts_with("text/html"));
    assert!(page.headers["content-security-policy"].to_str().unwrap().contains("connect-src 'self'"));
    let text = page.text();
    assert!(!text.contains("http://") && !text.contains("https://") && text.contains("/openapi.json"));
    assert_eq!(document(&scene).get("security"), None);

    let scene = Scene::with(ServiceOptions { token: AccessToken::new("s3cret"), ..ServiceOptions::default() });
    assert_eq!(scene.get("/openapi.json").status, StatusCode::UNAUTHORIZED);
    let with_token = Request::get("/openapi.json").header("authorization", "Bearer s3cret");
    let document = scene.ask(with_token.body(Body::empty()).unwrap()).json();
    assert_eq!(document["security"], json!([{"bearer": []}, {"basic": []}]));
    assert_eq!(document["paths"]["/health"]["get"]["security"], json!([{}]), "it is open");
}
