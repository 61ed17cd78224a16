//! What programs that watch a server ask: whether it lives, whether it takes jobs, and its numbers.

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::service::answer::{json_of, ok};
use crate::service::state::Service;
use crate::system::peak::peak_memory_bytes;

/// `GET /health`.
pub(in crate::service) async fn health() -> Response {
    ok(&json!({"status": "ok", "version": env!("CARGO_PKG_VERSION")}))
}

/// `GET /ready`: whether a job would be taken.
pub(in crate::service) async fn ready(State(service): State<Arc<Service>>) -> Response {
    if service.jobs.is_stopping() {
        return json_of(StatusCode::SERVICE_UNAVAILABLE, &json!({"status": "stopping"}));
    }
    if service.jobs.is_full() {
        return json_of(StatusCode::SERVICE_UNAVAILABLE, &json!({"status": "full"}));
    }
    ok(&json!({"status": "ready"}))
}

/// `GET /metrics`, as Prometheus reads it.
pub(in crate::service) async fn metrics(State(service): State<Arc<Service>>) -> Response {
    let tally = service.jobs.tally();
    let count = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
    let mut text = String::new();
    let mut family = |name: &str, kind: &str, help: &str, lines: &[(String, f64)]| {
        let _ = writeln!(text, "# HELP inkwick_{name} {help}\n# TYPE inkwick_{name} {kind}");
        for (labels, value) in lines {
            let _ = writeln!(text, "inkwick_{name}{labels} {value}");
        }
    };
    let one = |value: u64| [(String::new(), value as f64)];
    family("jobs_submitted_total", "counter", "Jobs that were taken.", &one(count(&tally.submitted)));
    let outcomes = [("complete", &tally.complete), ("cancelled", &tally.cancelled), ("failed", &tally.failed)];
    let outcomes = outcomes.map(|(name, counter)| (format!("{{outcome=\"{name}\"}}"), count(counter) as f64));
    family("jobs_ended_total", "counter", "Jobs by what became of them.", &outcomes);
    family("jobs_waiting", "gauge", "Jobs in the queue, of all fronts.", &one(service.jobs.waiting() as u64));
    family("jobs_running", "gauge", "Jobs of the service that run.", &one(service.jobs.running().len() as u64));
    family("steps_total", "counter", "Denoising steps.", &one(count(&tally.steps)));
    family(
        "picture_seconds_total",
        "counter",
        "Time that finished pictures took.",
        &[(String::new(), tally.seconds())],
    );
    family("kept_bytes", "gauge", "What ended jobs hold.", &one(service.jobs.kept_bytes()));
    if let Some(bytes) = peak_memory_bytes() {
        family("peak_memory_bytes", "gauge", "The process's peak.", &one(bytes));
    }
    let answers = service.answers();
    let answers: Vec<(String, f64)> =
        (1..6).map(|class| (format!("{{class=\"{class}xx\"}}"), answers[class] as f64)).collect();
    family("http_answers_total", "counter", "Answers by the class of their status.", &answers);
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response()
}
