//! A request's body: whole, within the limit, and JSON; and the places of those that are read and unpacked at once.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, StatusCode, header};
use futures_util::StreamExt as _;
use serde_json::{Map, Value};
use tokio::sync::SemaphorePermit;
use tokio::time::timeout;

use super::answer::Refusal;
use super::state::Service;

/// Slower than this is nobody on a network worth the name.
const MOST: Duration = Duration::from_mins(2);

/// One that stops half-way must not keep its place.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Up to this a body waits for nobody while it comes: it is the pictures in it that take room, when they are unpacked.
const SMALL_BYTES: u64 = 1 << 20;

/// Held until what came is unpacked.
pub(super) type Place<'a> = Option<SemaphorePermit<'a>>;

pub(super) async fn bytes<'a>(
    service: &'a Service,
    headers: &HeaderMap,
    body: Body,
) -> Result<(Bytes, Place<'a>), Refusal> {
    let most = service.options.max_body_bytes;
    let too_large = || {
        let sentence = format!("a body may have up to {most} bytes; send smaller pictures");
        Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "request", sentence)
    };
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > most as u64) {
        return Err(too_large());
    }
    let place = async || service.bodies.acquire().await.ok();
    let is_small = announced.is_some_and(|length| length <= SMALL_BYTES);
    let large = if is_small { None } else { place().await };
    let slow = |sentence| Refusal::new(StatusCode::REQUEST_TIMEOUT, "request", sentence);
    let read = async {
        let mut read = Vec::with_capacity(announced.unwrap_or(0) as usize);
        let mut parts = body.into_data_stream();
        loop {
            let part = timeout(LONGEST_PAUSE, parts.next()).await;
            let Some(part) = part.map_err(|_| slow("the body stopped coming for ten seconds"))? else { break };
            let part =
                part.map_err(|_| Refusal::new(StatusCode::BAD_REQUEST, "request", "the body did not come whole"))?;
            if read.len() + part.len() > most {
                return Err(too_large());
            }
            read.extend_from_slice(&part);
        }
        Ok(Bytes::from(read))
    };
    let read = timeout(MOST, read).await.map_err(|_| slow("the body took longer than two minutes to come"))??;
    Ok((read, if is_small { place().await } else { large }))
}

/// An empty body is an empty object.
pub(super) async fn json<'a>(
    service: &'a Service,
    headers: &HeaderMap,
    body: Body,
) -> Result<(Value, Place<'a>), Refusal> {
    let (bytes, place) = bytes(service, headers, body).await?;
    Ok((json_in(&bytes)?, place))
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
pub(super) async fn object<'a>(
    service: &'a Service,
    headers: &HeaderMap,
    body: Body,
) -> Result<(Map<String, Value>, Place<'a>), Refusal> {
    match json(service, headers, body).await? {
        (Value::Object(object), place) => Ok((object, place)),
        _ => Err(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "request", "the body must be an object")),
    }
}

/// Whether a body says that it is of this type.
pub(super) fn is(headers: &HeaderMap, kind: &str) -> bool {
    let given = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    given.split(';').next().is_some_and(|given| given.trim().eq_ignore_ascii_case(kind))
}
