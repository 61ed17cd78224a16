//! Asks for the pictures, waits for them, and answers whole or as a stream.

use std::sync::Arc;

use axum::http::{HeaderMap, header};
use axum::response::sse::{KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use chrono::Utc;
use serde_json::{Map, Value, json};

use super::dialect::{Translated, translated};
use super::output::{Output, base64_of, notices_of, usage};
use super::refused::Refused;
use super::streaming::{Streamed, events};
use crate::job::{Destination, Notice};
use crate::service::answer::ok;
use crate::service::fields::{FieldError, renamed};
use crate::service::jobs::{Ended, Order, Previews, Record};
use crate::service::request::{self, Manner};
use crate::service::state::Service;
use crate::service::waiting::{Waiting, picture_in};

/// What they call fields of ours.
const NAMES: [(&str, &str); 2] = [("init_image", "image"), ("mask_image", "mask")];

/// What does not stand in a client's own fields.
#[derive(Default)]
pub(super) struct Extra {
    /// For our own reader.
    pub fields: Map<String, Value>,
    pub notices: Vec<String>,
}

/// `event` names the events of a stream.
pub(super) async fn generate(
    service: Arc<Service>,
    headers: &HeaderMap,
    body: Map<String, Value>,
    extra: Extra,
    event: &'static str,
) -> Result<Response, Refused> {
    let begun = service.aside(move |service| begin(service, &body, extra)).await??;
    let (waiting, asked) = begun;
    if asked.stream {
        let streamed = Streamed { event, output: asked.output };
        let keep_alive = KeepAlive::new().interval(service.options.keep_alive);
        let headers = [(header::CACHE_CONTROL, "no-store")];
        return Ok((headers, Sse::new(events(service, waiting, streamed)).keep_alive(keep_alive)).into_response());
    }
    let mut ended = Vec::with_capacity(waiting.records.len());
    for record in &waiting.records {
        ended.push(record.wait().await);
    }
    let base = asked.by_url.then(|| base_of(headers));
    let records = waiting.records.clone();
    let answer = service.aside(move |service| answer(service, &records, &ended, asked.output, base.as_deref()));
    Ok(ok(&answer.await??))
}

fn begin(service: &Service, body: &Map<String, Value>, extra: Extra) -> Result<(Waiting, Translated), Refused> {
    let mut asked = translated(body, &service.catalogue)?;
    let mut fields = std::mem::take(&mut asked.fields);
    fields.extend(extra.fields);
    asked.notices.extend(extra.notices);
    let read = request::read(Value::Object(fields), Manner::Fitted, &service.catalogue, &service.options);
    let refused = |error: FieldError| Refused::field(&error.field, error.message);
    let read = read.map_err(|error| refused(error.called(&NAMES)))?;
    let mask = read.requests.first().and_then(|request| request.mask.as_ref());
    if mask.is_some_and(|mask| mask.plane.is_empty()) {
        let sentence = "the mask is transparent nowhere; what is transparent (alpha 0) is what changes";
        return Err(Refused::field("mask", sentence));
    }
    for notice in &asked.notices {
        tracing::info!("asked and not done: {notice}");
    }
    let found = read.notices.into_iter().map(|notice| Notice { message: renamed(&notice.message, &NAMES), ..notice });
    let notices = asked.notices.iter().cloned().map(Notice::from).chain(found).collect();
    let previews = if asked.stream { Previews::Kept(asked.partial_images) } else { Previews::None };
    let order = Order { requests: read.requests, notices, previews, destination: Destination::Front };
    let records = service.jobs.submit(order).map_err(|error| service.refusal(error))?;
    Ok((Waiting { records }, asked))
}

fn answer(
    service: &Service,
    records: &[Arc<Record>],
    ended: &[Arc<Ended>],
    output: Output,
    base: Option<&str>,
) -> Result<Value, Refused> {
    let mut data = Vec::new();
    let mut size = String::new();
    for (record, ended) in records.iter().zip(ended) {
        let picture = picture_in(ended)?;
        size = format!("{}x{}", picture.width, picture.height);
        data.push(match base {
            Some(base) => json!({"url": format!("{base}/v1/jobs/{}/image", record.id)}),
            None => json!({"b64_json": base64_of(picture, output)?}),
        });
    }
    let notices = records.first().map(|record| notices_of(record)).unwrap_or_default();
    if base.is_none() {
        // They are in this answer: nobody asks for them again.
        for record in records {
            service.jobs.forget(record);
        }
    }
    Ok(json!({
        "created": Utc::now().timestamp(),
        "data": data,
        "background": "opaque",
        "output_format": output.format.id(),
        "quality": "auto",
        "size": size,
        "usage": usage(),
        "notices": notices,
    }))
}

/// As the client called this server.
fn base_of(headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    format!("http://{host}")
}
