//! A job's log as server-sent events: each reader goes on at its own pace, from where it broke.

use std::convert::Infallible;
use std::sync::Arc;

use axum::response::sse::Event;
use futures_util::Stream;
use futures_util::stream;
use serde_json::{Value, json};

use super::image::Preview;
use super::record::{Ended, Happening, Picture, Record, State};
use crate::service::answer::name_of;
use crate::service::pictures::encoded;

/// All that comes after entry `after`, up to the outcome.
pub(in crate::service) fn events(record: Arc<Record>, after: u64) -> impl Stream<Item = Result<Event, Infallible>> {
    let watch = record.watch();
    stream::unfold((record, watch, Some(after)), |(record, mut watch, after)| async move {
        let mut after = after?;
        loop {
            watch.borrow_and_update();
            if let Some((number, happening)) = record.next_after(after) {
                let is_last = matches!(happening, Happening::Ended(_));
                let (name, data) = words_of(&happening).await;
                let event = Event::default().id(number.to_string()).event(name).data(data);
                return Some((Ok(event), (record, watch, (!is_last).then_some(number))));
            }
            if record.state() == State::Ended && record.newest() <= after {
                return None;
            }
            after = after.min(record.newest());
            if watch.changed().await.is_err() {
                return None;
            }
        }
    })
}

/// An event's name and data.
pub(in crate::service) async fn words_of(happening: &Happening) -> (&'static str, String) {
    match happening {
        Happening::Queued { position } => ("queued", json!({"position": position}).to_string()),
        Happening::Loading { part, fraction } => {
            let fraction = (f64::from(*fraction) * 1000.0).round() / 1000.0;
            ("loading", json!({"part": part.name(), "fraction": fraction}).to_string())
        }
        Happening::Progress { .. } => ("progress", progress(happening).to_string()),
        Happening::Preview(preview) => {
            ("preview", json!({"step": preview.step, "image": base64_of(preview).await}).to_string())
        }
        Happening::Notice(message) => ("notice", json!({"message": &**message}).to_string()),
        Happening::Ended(ended) => match &**ended {
            Ended::Cancelled => ("cancelled", "{}".to_owned()),
            Ended::Failed { kind, message } => {
                ("error", json!({"kind": name_of(*kind), "message": message}).to_string())
            }
            Ended::Complete(picture) => {
                let data = json!({
                    "image": encoded(&picture.png),
                    "seed": picture.request.seed,
                    "metadata": metadata_of(picture),
                });
                ("complete", data.to_string())
            }
        },
    }
}

/// Of a [`Happening::Progress`].
#[must_use]
pub(in crate::service) fn progress(happening: &Happening) -> Value {
    let Happening::Progress { step, total, seconds_per_step, seconds_left } = happening else { return Value::Null };
    let rounded = |seconds: &f64| (seconds * 1000.0).round() / 1000.0;
    let percent = (f64::from(*step) / f64::from((*total).max(1)) * 1000.0).round() / 10.0;
    json!({
        "step": step,
        "total": total,
        "percent": percent,
        "seconds_per_step": rounded(seconds_per_step),
        "seconds_left": rounded(seconds_left),
    })
}

/// All that is known of a finished picture but the picture.
#[must_use]
pub(in crate::service) fn metadata_of(picture: &Picture) -> Value {
    json!({
        "width": picture.width,
        "height": picture.height,
        "seconds": (picture.seconds * 1000.0).round() / 1000.0,
        "peak_memory_bytes": picture.peak_memory_bytes,
        "parameters": picture.parameters,
        "settings": picture.settings,
    })
}

/// The first reader has it encoded, on a thread that may wait.
pub(in crate::service) async fn base64_of(preview: &Arc<Preview>) -> String {
    if let Some(ready) = preview.ready() {
        return ready.to_owned();
    }
    let shared = Arc::clone(preview);
    tokio::task::spawn_blocking(move || shared.base64().to_owned()).await.unwrap_or_default()
}
