//! `progress`, `interrupt` and `skip`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use chrono::Local;
use serde_json::{Value, json};

use crate::service::answer::ok;
use crate::service::jobs::stream::base64_of;
use crate::service::jobs::{Happening, State as JobState};
use crate::service::state::Service;

/// `GET /sdapi/v1/progress[?skip_current_image=true]`.
pub(super) async fn progress(State(service): State<Arc<Service>>, uri: Uri) -> Response {
    let _ = service.jobs.running();
    let live = service.a1111_groups.live();
    let running = live.iter().find(|record| record.state() == JobState::Running).cloned();
    let last = running.as_ref().and_then(|record| {
        record.last(|happening| match happening {
            Happening::Progress { step, total, seconds_left, .. } => Some((*step, *total, *seconds_left)),
            _ => None,
        })
    });
    let (step, total, seconds_left) = last.unwrap_or((0, 0, 0.0));
    // As many pictures at once as there are devices; those before have left the list.
    let share = f64::from(step) / f64::from(total.max(1));
    let at_once = live.iter().filter(|record| record.state() == JobState::Running).count().max(1);
    let eta = seconds_left + seconds_left * live.len().saturating_sub(at_once).div_ceil(at_once) as f64;
    let wants_image = !uri
        .query()
        .unwrap_or_default()
        .split('&')
        .any(|pair| matches!(pair.to_lowercase().as_str(), "skip_current_image=true" | "skip_current_image=1"));
    let preview = running.as_ref().filter(|_| wants_image).and_then(|record| {
        record.last(
            |happening| if let Happening::Preview(preview) = happening { Some(Arc::clone(preview)) } else { None },
        )
    });
    let current_image = match &preview {
        Some(preview) => Value::from(base64_of(preview).await),
        None => Value::Null,
    };
    let count = live.len();
    // Something above nothing as long as there is work, as clients look for.
    let shown = if count == 0 { 0.0 } else { share.max(0.01) };
    ok(&json!({
        "progress": shown,
        "eta_relative": eta,
        "state": {
            "skipped": false,
            "interrupted": false,
            "stopping_generation": false,
            "job": running.as_ref().map_or("", |record| record.id.as_str()),
            "job_count": count,
            "job_timestamp": Local::now().format("%Y%m%d%H%M%S").to_string(),
            "job_no": 0,
            "sampling_step": step,
            "sampling_steps": total,
        },
        "current_image": current_image,
        "textinfo": null,
        "current_task": null,
    }))
}

/// `POST /sdapi/v1/interrupt`: the request that is being worked on ends.
pub(super) async fn interrupt(State(service): State<Arc<Service>>) -> Response {
    let _ = service.jobs.running();
    service.a1111_groups.interrupt();
    ok(&json!({}))
}

/// `POST /sdapi/v1/skip`: its next picture follows.
pub(super) async fn skip(State(service): State<Arc<Service>>) -> Response {
    let _ = service.jobs.running();
    service.a1111_groups.skip();
    ok(&Value::Null)
}
