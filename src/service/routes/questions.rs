//! What a picture will take and how long a prompt is, before anything is asked for.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};

use crate::engine::{defaults_of, work_grid};
use crate::job::{Estimate, EstimateQuestion, ModelRef};
use crate::service::answer::{Refusal, ok};
use crate::service::body;
use crate::service::fields::{FieldError, Fields};
use crate::service::names::{controls_here, model_here, references_here};
use crate::service::remote::ESTIMATE;
use crate::service::request::{self, Manner};
use crate::service::state::Service;
use crate::store::models::wildcards;

/// `POST /v1/estimate`: takes what `/v1/jobs` takes.
pub(in crate::service) async fn estimate(
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    if body::is(&headers, ESTIMATE) {
        let (body, _place) = body::bytes(&service, &headers, body).await?;
        return whole_estimate(&service, &body).await;
    }
    let (body, _place) = body::json(&service, &headers, body).await?;
    let answer = service.aside(move |service| -> Result<Option<Value>, FieldError> {
        let asked = request::read(body, Manner::Strict, &service.catalogue, &service.options)?;
        Ok(asked.requests.first().and_then(|request| {
            let question = EstimateQuestion::of(request, &defaults_of(&request.model)?, work_grid(&request.model));
            let estimate = service.estimator.answer(&question)?;
            Some(json!({
                "seconds": estimate.seconds(1.0),
                "seconds_per_call": estimate.seconds_per_call,
                "calls": estimate.calls,
                "peak_bytes": estimate.peak_bytes,
                "free_bytes": estimate.free_bytes,
                "fits": !estimate.is_too_large(),
                "width": question.size_px[0],
                "height": question.size_px[1],
                "pictures": asked.requests.len(),
            }))
        }))
    });
    Ok(ok(&answer.await??.ok_or_else(not_estimated)?))
}

fn not_estimated() -> Refusal {
    let sentence = "this cannot be estimated: the model cannot be read, or cannot draw this";
    Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "unsupported", sentence)
}

/// For another Inkwick, whose window shows all of it.
async fn whole_estimate(service: &Arc<Service>, body: &[u8]) -> Result<Response, Refusal> {
    let question: EstimateQuestion = serde_json::from_slice(body)
        .map_err(|error| Refusal::new(StatusCode::BAD_REQUEST, "request", format!("this is no question ({error})")))?;
    if !question.is_in_range() {
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "request", "a number in this question is out of range"));
    }
    let answer = service.aside(move |service| -> Result<Option<Estimate>, FieldError> {
        let model = model_here(&question.model, &service.catalogue)?;
        let controls = controls_here(question.controls.clone(), &service.catalogue)?;
        let references = references_here(question.references.clone(), &service.catalogue)?;
        Ok(service.estimator.answer(&EstimateQuestion { model, controls, references, ..question }))
    });
    let estimate = answer.await??.ok_or_else(not_estimated)?;
    Ok(ok(&serde_json::to_value(estimate).unwrap_or_default()))
}

/// `POST /v1/tokens`: `{"prompt", "model"}`.
pub(in crate::service) async fn tokens(
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let (body, _place) = body::json(&service, &headers, body).await?;
    let answer = service.aside(move |service| -> Result<Option<Value>, FieldError> {
        let mut fields = Fields::of(body, "")?;
        let prompt = fields.text("prompt")?.ok_or_else(|| FieldError::new("prompt", "prompt must be given: a text"))?;
        let model = match fields.text("model")? {
            None => ModelRef::BuiltIn,
            Some(name) => request::model_called(&name, &service.catalogue)?,
        };
        fields.finish()?;
        let lists = wildcards::lists(&[&prompt], service.catalogue.paths());
        Ok(service.tokens.count(&model, &prompt, &lists).map(|(windows, room)| {
            let tokens: usize = windows.iter().map(|window| window.tokens).sum();
            let each: Vec<Value> =
                windows.iter().map(|window| json!({"tokens": window.tokens, "begins": window.begins})).collect();
            json!({"tokens": tokens, "window_room": room, "windows": each})
        }))
    });
    let unknown = || {
        let sentence = "the model's tokenizer cannot be read, or takes no prompt as long as this";
        Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "unsupported", sentence)
    };
    Ok(ok(&answer.await??.ok_or_else(unknown)?))
}
