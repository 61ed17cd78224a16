//! The same answer as a stream: partial pictures on the way, then each picture whole.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;

use axum::response::sse::Event;
use chrono::Utc;
use futures_util::Stream;
use futures_util::stream;
use serde_json::{Value, json};

use super::output::{Output, base64_of, notices_of, usage};
use crate::service::answer::Refusal;
use crate::service::jobs::stream::base64_of as preview_base64;
use crate::service::jobs::{Ended, Happening, Record};
use crate::service::state::Service;
use crate::service::waiting::{Waiting, picture_in};

#[derive(Clone, Copy)]
pub(super) struct Streamed {
    /// `image_generation` or `image_edit`.
    pub event: &'static str,
    pub output: Output,
}

struct Reader {
    service: Arc<Service>,
    /// Cancels what is left when the client goes away.
    waiting: Waiting,
    left: VecDeque<Arc<Record>>,
    streamed: Streamed,
    after: u64,
    shown: u32,
}

pub(super) fn events(
    service: Arc<Service>,
    waiting: Waiting,
    streamed: Streamed,
) -> impl Stream<Item = Result<Event, Infallible>> {
    let left = waiting.records.iter().cloned().collect();
    let reader = Reader { service, waiting, left, streamed, after: 0, shown: 0 };
    stream::unfold(reader, |mut reader| async move { reader.next().await.map(|event| (Ok(event), reader)) })
}

impl Reader {
    async fn next(&mut self) -> Option<Event> {
        loop {
            let record = Arc::clone(self.left.front()?);
            let mut watch = record.watch();
            watch.borrow_and_update();
            let Some((number, happening)) = record.next_after(self.after) else {
                let _ = watch.changed().await;
                continue;
            };
            self.after = number;
            match happening {
                // The job keeps those that were asked for.
                Happening::Preview(preview) => {
                    let image = preview_base64(&preview).await;
                    let index = self.shown;
                    self.shown += 1;
                    return Some(self.event(
                        "partial_image",
                        &json!({
                            "b64_json": image, "output_format": "png", "partial_image_index": index,
                        }),
                    ));
                }
                Happening::Ended(ended) => {
                    self.left.pop_front();
                    (self.after, self.shown) = (0, 0);
                    return Some(self.last(ended, notices_of(&record)).await);
                }
                _ => {}
            }
        }
    }

    async fn last(&mut self, ended: Arc<Ended>, notices: Vec<String>) -> Event {
        let output = self.streamed.output;
        let made = self.service.aside(move |_| -> Result<Value, Refusal> {
            let picture = picture_in(&ended)?;
            Ok(json!({
                "b64_json": base64_of(picture, output)?,
                "output_format": output.format.id(),
                "size": format!("{}x{}", picture.width, picture.height),
                "usage": usage(),
                "notices": notices,
            }))
        });
        match made.await.and_then(|made| made) {
            Ok(data) => self.event("completed", &data),
            Err(refusal) => {
                // One that failed is the end: what is left of the request is cancelled with the reader.
                self.left.clear();
                self.waiting.records.iter().for_each(|record| record.cancel());
                let error =
                    json!({"message": refusal.message, "type": "server_error", "param": null, "code": refusal.kind});
                Event::default().event("error").data(json!({"type": "error", "error": error}).to_string())
            }
        }
    }

    fn event(&self, kind: &str, data: &Value) -> Event {
        let name = format!("{}.{kind}", self.streamed.event);
        let mut all = json!({
            "type": name, "created_at": Utc::now().timestamp(), "size": "auto", "quality": "auto", "background": "opaque",
        });
        if let (Some(all), Some(data)) = (all.as_object_mut(), data.as_object()) {
            all.extend(data.clone());
        }
        Event::default().event(&name).data(all.to_string())
    }
}
