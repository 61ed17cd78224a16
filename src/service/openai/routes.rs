//! Which address answers what.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Map, Value};

use super::form;
use super::generate::{Extra, generate};
use super::refused::Refused;
use crate::service::answer::{Refusal, ok};
use crate::service::body;
use crate::service::pictures::{encoded, has_transparent_part};
use crate::service::routes::lists;
use crate::service::state::Service;

/// Pictures of one edit, as OpenAI has it.
const MOST_IMAGES: usize = 16;

pub(in crate::service) fn routes() -> Router<Arc<Service>> {
    Router::new()
        // SillyTavern knows a server of this kind by this question.
        .route("/v1/images/generations", post(generations).options(what_is_here))
        .route("/v1/images/edits", post(edits).options(what_is_here))
        .route("/v1/models/{*id}", get(model))
}

async fn what_is_here() -> Response {
    (StatusCode::OK, [(header::ALLOW, "POST, OPTIONS")]).into_response()
}

async fn generations(State(service): State<Arc<Service>>, headers: HeaderMap, body: Body) -> Result<Response, Refused> {
    let (Value::Object(given), _) = body::json(&service, &headers, body).await? else {
        return Err(Refused::field("body", "the body must be an object with fields"));
    };
    generate(service, &headers, given, Extra::default(), "image_generation").await
}

async fn edits(State(service): State<Arc<Service>>, headers: HeaderMap, body: Body) -> Result<Response, Refused> {
    let (bytes, place) = body::bytes(&service, &headers, body).await?;
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let not_a_form = || Refused::field("body", "the body must be multipart/form-data with prompt and image");
    let boundary = form::boundary(kind).ok_or_else(not_a_form)?.to_owned();
    let read = service.aside(move |service| {
        let parts = form::parts(&bytes, &boundary).ok_or_else(not_a_form)?;
        fields_of(&parts, service.options.max_picture_pixels)
    });
    let (given, extra) = read.await??;
    drop(place);
    generate(service, &headers, given, extra, "image_edit").await
}

/// What the form says in words, and its pictures for our own reader.
fn fields_of(parts: &[form::Part<'_>], most_pixels: u64) -> Result<(Map<String, Value>, Extra), Refused> {
    let (mut given, mut extra) = (Map::new(), Extra::default());
    let (mut first, mut mask, mut images) = (None, None, 0);
    for part in parts {
        match part.name.as_str() {
            "image" | "image[]" => {
                images += 1;
                if images > MOST_IMAGES {
                    return Err(Refused::field("image", format!("up to {MOST_IMAGES} pictures may be sent")));
                }
                first.get_or_insert(part.content);
            }
            "mask" => mask = Some(part.content),
            _ if !part.is_file => {
                let text = String::from_utf8_lossy(part.content).into_owned();
                given.insert(part.name.clone(), text.into());
            }
            _ => {}
        }
    }
    let image = first.ok_or_else(|| Refused::field("image", "image must be given: a picture's file"))?;
    extra.fields.insert("init_image".into(), encoded(image).into());
    // Where it is transparent, the picture changes; without a mask the picture itself says it.
    let mask = mask.or_else(|| Some(image).filter(|image| has_transparent_part(image, most_pixels)));
    if let Some(mask) = mask {
        extra.fields.insert("mask_image".into(), encoded(mask).into());
        extra.fields.insert("mask_channel".into(), "inverted-alpha".into());
        extra.fields.insert("fit_mask".into(), true.into());
    }
    if images > 1 {
        extra.notices.push("only the first of the pictures was changed".to_owned());
    }
    Ok((given, extra))
}

/// `GET /v1/models/{id}`.
async fn model(State(service): State<Arc<Service>>, Path(id): Path<String>) -> Result<Response, Refused> {
    let list = service.aside(|service| service.catalogue.list()).await?;
    let entry = list.entries.iter().find(|entry| entry.name == id);
    let unknown = || {
        Refusal::new(
            StatusCode::NOT_FOUND,
            "model_not_found",
            "there is no model of that name; GET /v1/models lists what there is",
        )
    };
    Ok(ok(&lists::model(entry.ok_or_else(unknown)?)))
}
