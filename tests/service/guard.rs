//! Who may ask: tokens, names of this machine, pages of browsers.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use inkwick::service::{AccessToken, ServiceOptions};

use crate::scene::Scene;

fn ask(scene: &Scene, method: &str, path: &str, headers: &[(&str, &str)]) -> StatusCode {
    let request = headers
        .iter()
        .fold(Request::builder().method(method).uri(path), |request, (name, value)| request.header(*name, *value));
    scene.ask(request.body(Body::empty()).unwrap()).status
}

#[test]
fn a_token_is_taken_as_bearer_or_password_and_nothing_else() {
    let options = ServiceOptions { token: AccessToken::new(" s3cret:with colon \n"), ..ServiceOptions::default() };
    let scene = Scene::with(options);
    let basic = |pair: &str| format!("Basic {}", BASE64_STANDARD.encode(pair));
    let right = [
        "Bearer s3cret:with colon".to_owned(),
        "bearer s3cret:with colon".into(),
        basic("anyone:s3cret:with colon"),
        basic(":s3cret:with colon"),
    ];
    for value in right {
        assert_eq!(ask(&scene, "GET", "/v1/jobs", &[("authorization", &value)]), StatusCode::OK, "{value}");
    }
    let wrong = [
        String::new(),
        "Bearer".into(),
        "Bearer ".into(),
        "Bearer s3cret".into(),
        "s3cret:with colon".into(),
        basic("s3cret:with colon"),
        basic("a:"),
        "Basic %%%".into(),
    ];
    for value in wrong {
        assert_eq!(ask(&scene, "GET", "/v1/jobs", &[("authorization", &value)]), StatusCode::UNAUTHORIZED, "{value}");
    }
    for path in ["/v1/jobs", "/metrics", "/v1/models", "/nothing", "/healthy"] {
        assert_eq!(ask(&scene, "GET", path, &[]), StatusCode::UNAUTHORIZED, "{path}");
    }
    for path in ["/health", "/ready"] {
        assert_eq!(ask(&scene, "GET", path, &[]), StatusCode::OK, "{path}");
    }
    assert!(AccessToken::new("  \n").is_none(), "an empty token keeps nobody out");
}

#[test]
fn a_name_that_was_pointed_here_is_refused() {
    let scene = Scene::with(ServiceOptions { allowed_hosts: vec!["studio".into()], ..ServiceOptions::default() });
    for host in ["localhost:7860", "127.0.0.1", "[::1]:7860", "studio:7860"] {
        assert_eq!(ask(&scene, "GET", "/v1/jobs", &[("host", host)]), StatusCode::OK, "{host}");
    }
    for host in ["evil.example", "evil.example:7860", "localhost.evil.example", ""] {
        assert_eq!(ask(&scene, "GET", "/health", &[("host", host)]), StatusCode::FORBIDDEN, "{host}");
    }
    assert_eq!(
        ask(&scene, "GET", "/health", &[("host", "localhost"), ("host", "evil.example")]),
        StatusCode::BAD_REQUEST
    );
    assert_eq!(ask(&scene, "GET", "http://evil.example/health", &[("host", "localhost")]), StatusCode::FORBIDDEN);
}

#[test]
fn pages_of_other_sites_may_not_ask_unless_they_are_named() {
    let scene =
        Scene::with(ServiceOptions { allowed_origins: vec!["https://ok.example".into()], ..ServiceOptions::default() });
    let host = ("host", "127.0.0.1:7860");
    for origin in ["https://evil.example", "null", "http://127.0.0.1:8000", "http://localhost:7860", "file://"] {
        for method in ["GET", "POST", "OPTIONS"] {
            assert_eq!(
                ask(&scene, method, "/v1/jobs", &[host, ("origin", origin)]),
                StatusCode::FORBIDDEN,
                "{method} {origin}"
            );
        }
    }
    assert_eq!(ask(&scene, "GET", "/v1/jobs", &[host, ("sec-fetch-site", "cross-site")]), StatusCode::FORBIDDEN);
    for origin in ["http://127.0.0.1:7860", "https://ok.example"] {
        assert_eq!(ask(&scene, "GET", "/v1/jobs", &[host, ("origin", origin)]), StatusCode::OK, "{origin}");
    }
    let preflight = Request::options("/v1/jobs")
        .header("host", "127.0.0.1:7860")
        .header("origin", "https://ok.example")
        .header("access-control-request-method", "POST");
    let answer = scene.ask(preflight.body(Body::empty()).unwrap());
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    assert_eq!(answer.headers["access-control-allow-origin"], "https://ok.example");
    assert!(answer.headers["access-control-allow-headers"].to_str().unwrap().contains("authorization"));
}
