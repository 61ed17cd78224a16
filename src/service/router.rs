//! Which route answers what.

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};

use super::a1111;
use super::answer::Refusal;
use super::guard::guard;
use super::mcp;
use super::openai;
use super::openapi;
use super::routes::{jobs, lists, questions, watch};
use super::state::Service;

/// All routes, each behind the guard.
pub fn router(service: Arc<Service>) -> Router {
    Router::new()
        .route("/v1/jobs", get(jobs::list).post(jobs::submit))
        .route("/v1/jobs/{id}", get(jobs::show).delete(jobs::cancel))
        .route("/v1/jobs/{id}/move", post(jobs::move_to))
        .route("/v1/jobs/{id}/image", get(jobs::image))
        .route("/v1/jobs/{id}/stream", get(jobs::stream))
        .route("/v1/models", get(lists::models))
        .route("/v1/schedulers", get(lists::schedulers))
        .route("/v1/loras", get(lists::loras))
        .route("/v1/embeddings", get(lists::embeddings))
        .route("/v1/vaes", get(lists::vaes))
        .route("/v1/controls", get(lists::controls))
        .route("/v1/adapters", get(lists::adapters))
        .route("/v1/devices", get(lists::devices))
        .route("/v1/estimate", post(questions::estimate))
        .route("/v1/tokens", post(questions::tokens))
        .route("/health", get(watch::health))
        .route("/ready", get(watch::ready))
        .route("/metrics", get(watch::metrics))
        .route("/openapi.json", get(openapi::document))
        .route("/docs", get(openapi::page))
        .route_service("/mcp", mcp::over_http(&service))
        .nest("/sdapi/v1", a1111::routes())
        .nest("/controlnet", a1111::control_routes())
        .merge(openai::routes())
        .fallback(nothing_here)
        .method_not_allowed_fallback(another_method)
        .layer(from_fn_with_state(Arc::clone(&service), guard))
        .with_state(service)
}

async fn nothing_here() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "not_found", "there is nothing at this address")
}

async fn another_method() -> Refusal {
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "request", "this address is asked by another method")
}
