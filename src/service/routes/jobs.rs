//! `/v1/jobs`: asking for pictures, following them, taking them back.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::sse::{KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::engine::EngineHandle;
use crate::job::Destination;
use crate::service::answer::{Refusal, json_of, name_of, ok, status_of};
use crate::service::body;
use crate::service::fields::Fields;
use crate::service::jobs::stream::{events, metadata_of, progress};
use crate::service::jobs::{Ended, Happening, Order, Previews, Record, State as JobState};
use crate::service::remote::TASK;
use crate::service::request::{self, Manner};
use crate::service::state::Service;

type Shared = State<Arc<Service>>;

/// `POST /v1/jobs`: fields, or a task as bytes from another Inkwick.
pub(in crate::service) async fn submit(
    State(service): Shared,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let is_task = body::is(&headers, TASK);
    let (body, _place) = body::bytes(&service, &headers, body).await?;
    let records = service.aside(move |service| {
        let asked = if is_task {
            request::read_task(&body, &service.catalogue, &service.options)?
        } else {
            request::read(body::json_in(&body)?, Manner::Strict, &service.catalogue, &service.options)?
        };
        let order = Order {
            requests: asked.requests,
            notices: asked.notices,
            previews: if asked.previews { Previews::Newest } else { Previews::None },
            destination: Destination::Front,
        };
        service.jobs.submit(order).map_err(|error| service.refusal(error))
    });
    let records = records.await??;
    let jobs: Vec<Value> = records.iter().map(|record| links(record)).collect();
    let mut answer = jobs.first().cloned().unwrap_or_default();
    answer["notices"] = records.first().map(|record| notices(record)).unwrap_or_default();
    answer["jobs"] = jobs.into();
    Ok(json_of(StatusCode::ACCEPTED, &answer))
}

/// `GET /v1/jobs`.
pub(in crate::service) async fn list(State(service): Shared) -> Response {
    let jobs: Vec<Value> = service.jobs.all().iter().map(|record| view(&service, record)).collect();
    ok(&json!({ "jobs": jobs }))
}

/// `GET /v1/jobs/{id}`.
pub(in crate::service) async fn show(State(service): Shared, Path(id): Path<String>) -> Result<Response, Refusal> {
    let record = find(&service, &id).await?;
    Ok(ok(&view(&service, &record)))
}

/// `DELETE /v1/jobs/{id}`: a job that has not ended is cancelled, one that has is let go.
pub(in crate::service) async fn cancel(State(service): Shared, Path(id): Path<String>) -> Result<Response, Refusal> {
    let record = find(&service, &id).await?;
    if record.state() == JobState::Ended {
        service.jobs.forget(&record);
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let of_job = Arc::clone(&record);
    service.aside(move |service| service.jobs.cancel(&of_job)).await?;
    Ok(json_of(StatusCode::ACCEPTED, &view(&service, &record)))
}

/// `POST /v1/jobs/{id}/move`: `{"position": 0}` is the next to run.
pub(in crate::service) async fn move_to(
    State(service): Shared,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let record = find(&service, &id).await?;
    let mut fields = Fields::of(body::json(&service, &headers, body).await?.0, "")?;
    let last = EngineHandle::QUEUE_LENGTH as u32 - 1;
    let position = fields.small("position", 0, last)?;
    let missing = || Refusal {
        field: Some("position".to_owned()),
        ..Refusal::new(
            StatusCode::BAD_REQUEST,
            "request",
            format!("position must be given: a whole number from 0 to {last}"),
        )
    };
    let position = position.ok_or_else(missing)?;
    fields.finish()?;
    if record.is_elsewhere {
        let sentence = "jobs of the queue that nodes share are drawn in their order; cancel it and ask anew";
        return Err(Refusal::new(StatusCode::CONFLICT, "request", sentence));
    }
    if service.jobs.move_to(&record, position as usize) {
        Ok(ok(&view(&service, &record)))
    } else {
        Err(Refusal::new(StatusCode::CONFLICT, "request", "this job does not wait any more"))
    }
}

/// `GET /v1/jobs/{id}/image`: the PNG, with its metadata inside.
pub(in crate::service) async fn image(State(service): Shared, Path(id): Path<String>) -> Result<Response, Refusal> {
    let record = find(&service, &id).await?;
    let ended = record.ended();
    match ended.as_deref() {
        Some(Ended::Complete(picture)) => {
            Ok(([(header::CONTENT_TYPE, "image/png")], picture.png.clone()).into_response())
        }
        Some(Ended::Failed { kind, message }) => Err(Refusal::new(status_of(*kind), &name_of(*kind), message.clone())),
        Some(Ended::Cancelled) => Err(Refusal::new(StatusCode::GONE, "cancelled", "this job was cancelled")),
        None => Err(Refusal::new(StatusCode::CONFLICT, "unfinished", "this job has no picture yet").after(1)),
    }
}

/// `GET /v1/jobs/{id}/stream`: server-sent events up to the outcome.
pub(in crate::service) async fn stream(
    State(service): Shared,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let record = find(&service, &id).await?;
    let after = match headers.get("last-event-id") {
        None => 0,
        Some(given) => given.to_str().ok().and_then(|number| number.trim().parse::<u64>().ok()).ok_or_else(|| {
            Refusal::new(StatusCode::BAD_REQUEST, "request", "Last-Event-ID must be the number of an event of this job")
        })?,
    };
    if record.state() == JobState::Ended && after >= record.newest() {
        // So that a browser which has read the outcome does not connect again and again.
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let keep_alive = KeepAlive::new().interval(service.options.keep_alive);
    let headers = [(header::CACHE_CONTROL, "no-store"), (header::HeaderName::from_static("x-accel-buffering"), "no")];
    Ok((headers, Sse::new(events(record, after)).keep_alive(keep_alive)).into_response())
}

/// Here, or in the queue that nodes share.
async fn find(service: &Arc<Service>, id: &str) -> Result<Arc<Record>, Refusal> {
    if let Some(record) = service.jobs.find(id) {
        return Ok(record);
    }
    let wanted = id.to_owned();
    let found = service.aside(move |service| service.jobs.find_anywhere(&wanted)).await??;
    found.ok_or_else(|| Refusal::no_job(id))
}

fn links(record: &Record) -> Value {
    let id = &record.id;
    json!({ "job_id": id, "sse_url": format!("/v1/jobs/{id}/stream"), "image_url": format!("/v1/jobs/{id}/image") })
}

fn notices(record: &Record) -> Value {
    record.notices().iter().map(|notice| Value::from(&**notice)).collect()
}

fn position_of(happening: &Happening) -> Option<usize> {
    if let Happening::Queued { position } = happening { Some(*position) } else { None }
}

/// A job as lists show it.
fn view(service: &Service, record: &Record) -> Value {
    let mut view = links(record);
    view["created"] = record.created.into();
    view["notices"] = notices(record);
    let last = record.last(|happening| matches!(happening, Happening::Progress { .. }).then(|| happening.clone()));
    view["progress"] = last.as_ref().map(progress).unwrap_or_default();
    let ended = record.ended();
    view["state"] = match ended.as_deref() {
        Some(Ended::Complete(picture)) => {
            view["seed"] = picture.request.seed.into();
            view["metadata"] = metadata_of(picture);
            "complete"
        }
        Some(Ended::Cancelled) => "cancelled",
        Some(Ended::Failed { kind, message }) => {
            view["error"] = json!({"kind": name_of(*kind), "message": message});
            "failed"
        }
        None => match service.jobs.position(record) {
            Some(position) => {
                view["position"] = position.into();
                "queued"
            }
            None if record.is_elsewhere && record.state() == JobState::Waiting => {
                view["position"] = record.last(position_of).into();
                "queued"
            }
            None => "running",
        },
    }
    .into();
    view
}
