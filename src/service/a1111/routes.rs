//! Which address of `/sdapi/v1` answers what.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::{get, post};
use serde_json::{Map, Value, json};

use super::refused::Refused;
use super::{extras, generate, lists, progress, title};
use crate::service::answer::{Refusal, ok};
use crate::service::body;
use crate::service::pictures::bytes_of;
use crate::service::state::Service;
use crate::store::pictures::metadata::settings_in;
use crate::store::pictures::programs::infotext::Infotext;

pub(in crate::service) fn routes() -> Router<Arc<Service>> {
    Router::new()
        .route("/txt2img", post(generate::txt2img))
        .route("/img2img", post(generate::img2img))
        .route("/extra-single-image", post(extras::single_image))
        .route("/options", get(options).post(set_options))
        .route("/sd-models", get(lists::models))
        .route("/samplers", get(lists::samplers))
        .route("/schedulers", get(lists::schedulers))
        .route("/upscalers", get(lists::upscalers))
        .route("/latent-upscale-modes", get(lists::none))
        .route("/sd-vae", get(lists::vaes))
        .route("/sd-modules", get(lists::vaes))
        .route("/loras", get(lists::loras))
        .route("/embeddings", get(lists::embeddings))
        .route("/hypernetworks", get(lists::none))
        .route("/face-restorers", get(lists::none))
        .route("/realesrgan-models", get(lists::none))
        .route("/prompt-styles", get(lists::none))
        .route("/scripts", get(lists::scripts))
        .route("/script-info", get(lists::none))
        .route("/extensions", get(lists::none))
        .route("/cmd-flags", get(lists::cmd_flags))
        .route("/memory", get(lists::memory))
        .route("/refresh-checkpoints", post(lists::refresh))
        .route("/refresh-vae", post(lists::refresh))
        .route("/refresh-loras", post(lists::refresh))
        .route("/refresh-embeddings", post(lists::refresh))
        .route("/progress", get(progress::progress))
        .route("/interrupt", post(progress::interrupt))
        .route("/skip", post(progress::skip))
        .route("/png-info", post(png_info))
}

async fn options(State(service): State<Arc<Service>>) -> Response {
    ok(&service.a1111_options.all())
}

/// Clients send the whole object back, with one key changed.
async fn set_options(State(service): State<Arc<Service>>, headers: HeaderMap, body: Body) -> Result<Response, Refused> {
    let (given, _place) = body::object(&service, &headers, body).await?;
    let known = service.aside(move |service| {
        let name = given.get("sd_model_checkpoint").and_then(Value::as_str).map(title::bare).unwrap_or_default();
        if !name.is_empty() && service.catalogue.model(name).is_none() {
            let name: String = name.chars().take(80).collect();
            return Err(Refusal::new(StatusCode::NOT_FOUND, "not_found", format!("model {name} not found")));
        }
        service.a1111_options.set(given);
        Ok(())
    });
    known.await??;
    Ok(ok(&Value::Null))
}

/// `POST /sdapi/v1/png-info`: how a picture was made, by its own words.
async fn png_info(State(service): State<Arc<Service>>, headers: HeaderMap, body: Body) -> Result<Response, Refused> {
    let (given, _place) = body::object(&service, &headers, body).await?;
    let text = service.aside(move |_| -> Result<Option<String>, Refusal> {
        let bytes = bytes_of("image", given.get("image").and_then(Value::as_str).unwrap_or_default())?;
        Ok(settings_in::parameters_in(&bytes))
    });
    let text = text.await??.unwrap_or_default();
    let items = if text.is_empty() { json!({}) } else { json!({ "parameters": text }) };
    let parameters: Map<String, Value> = pairs_of(&text).into_iter().map(|(key, value)| (key, value.into())).collect();
    Ok(ok(&json!({"info": text, "items": items, "parameters": parameters})))
}

/// All that the text says, by its own keys, with the prompts as `Prompt` and `Negative prompt`.
fn pairs_of(text: &str) -> Vec<(String, String)> {
    let Infotext { prompt, negative, pairs, .. } = Infotext::of(text);
    let texts = [("Prompt", prompt), ("Negative prompt", negative.unwrap_or_default())];
    texts.into_iter().chain(pairs).map(|(key, value)| (key.to_owned(), value)).collect()
}
