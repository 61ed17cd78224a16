//! A request's body: whole, within the limit, and JSON.

use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderMap, StatusCode, header};
use serde_json::{Map, Value};

use super::answer::Refusal;
use super::state::Service;

/// Slower than this is nobody on a network worth the name; one that stops half-way must not keep its place.
const MOST: Duration = Duration::from_mins(2);

pub(super) async fn bytes(service: &Service, headers: &HeaderMap, body: Body) -> Result<Bytes, Refusal> {
    let most = service.options.max_body_bytes;
    let too_large = || {
        let sentence = format!("a body may have up to {most} bytes; send smaller pictures");
        Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "request", sentence)
    };
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > most as u64) {
        return Err(too_large());
    }
    let read = tokio::time::timeout(MOST, to_bytes(body, most)).await;
    let slow =
        |_| Refusal::new(StatusCode::REQUEST_TIMEOUT, "request", "the body took longer than two minutes to come");
    read.map_err(slow)?.map_err(|error| {
        if error.to_string().contains("length limit") {
            too_large()
        } else {
            Refusal::new(StatusCode::BAD_REQUEST, "request", "the body did not come whole")
        }
    })
}

/// An empty body is an empty object.
pub(super) async fn json(service: &Service, headers: &HeaderMap, body: Body) -> Result<Value, Refusal> {
    json_in(&bytes(service, headers, body).await?)
}

/// As [`json`], of a body that has come.
pub(super) fn json_in(bytes: &[u8]) -> Result<Value, Refusal> {
    if bytes.is_empty() {
        return Ok(Value::Object(serde_json::Map::new()));
    }
    serde_json::from_slice(bytes)
        .map_err(|error| Refusal::new(StatusCode::BAD_REQUEST, "request", format!("the body is not JSON ({error})")))
}

/// A body that must be an object.
pub(super) async fn object(service: &Service, headers: &HeaderMap, body: Body) -> Result<Map<String, Value>, Refusal> {
    match json(service, headers, body).await? {
        Value::Object(object) => Ok(object),
        _ => Err(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "request", "the body must be an object")),
    }
}

/// Whether a body says that it is of this type.
pub(super) fn is(headers: &HeaderMap, kind: &str) -> bool {
    let given = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    given.split(';').next().is_some_and(|given| given.trim().eq_ignore_ascii_case(kind))
}
