//! `/openapi.json`: every address, what it takes and every answer, and `/docs`, a page to try it.
//!
//! A job's fields are described as their reader reads them (`Fields::known`), so that the document cannot differ from it;
//! `tests/service/openapi.rs` holds it against the routes.

mod answers;
mod job_fields;
mod operation;
mod others;
mod own;
mod schema;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::answer::{Refusal, ok};
use super::fields::{FieldError, Kind};
use super::request;
use super::state::Service;

const PAGE: &str = include_str!("page.html");

/// `GET /openapi.json`.
pub(super) async fn document(State(service): State<Arc<Service>>) -> Result<Response, Refusal> {
    Ok(ok(&service.aside(described).await??))
}

/// `GET /docs`: asks this server alone, and needs nothing from elsewhere.
pub(super) async fn page() -> Response {
    let policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; \
                  img-src data: blob:; frame-ancestors 'none'; base-uri 'none'";
    let headers = [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CONTENT_SECURITY_POLICY, policy)];
    (headers, PAGE).into_response()
}

/// A field's shape, as a tool's arguments are described too.
#[must_use]
pub(super) fn shape_of_field(name: &str, kind: &Kind) -> Value {
    job_fields::field(name, kind)
}

fn described(service: &Service) -> Result<Value, FieldError> {
    let known = request::known_fields(&service.catalogue, &service.options)?;
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for operation in own::all().into_iter().chain(others::all()) {
        let item = paths.entry(operation.path).or_default();
        item.insert(operation.method.to_owned(), operation.described());
    }
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Inkwick",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Pictures by Stable Diffusion: jobs with live progress, and other programs' interfaces.",
        },
        "paths": paths,
        "components": {
            "schemas": answers::all(job_fields::job(&known), job_fields::in_lists(&known)),
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}, "basic": {"type": "http", "scheme": "basic"}},
        },
    });
    if service.options.token.is_some() {
        document["security"] = json!([{"bearer": []}, {"basic": []}]);
    }
    Ok(document)
}
