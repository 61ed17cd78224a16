//! A call that draws: asked for like any other job, followed with progress, and answered with pictures.

use std::sync::Arc;

use rmcp::model::{CallToolResult, ContentBlock, ProgressNotificationParam, ProgressToken};
use rmcp::service::{Peer, RequestContext, RoleServer};
use serde_json::{Map, Value, json};

use crate::job::Destination;
use crate::service::answer::Refusal;
use crate::service::jobs::{Ended, Happening, Order, Previews, Record};
use crate::service::pictures::encoded;
use crate::service::request::{self, Manner};
use crate::service::state::Service;
use crate::service::waiting::{Waiting, picture_in};

/// What the tools that change a picture call fields of ours.
const NAMES: [(&str, &str); 2] = [("init_image", "image"), ("mask_image", "mask")];

/// Its pictures, each as content, and then their ids and seeds. Cancelled with the call.
pub(super) async fn drawn(
    service: &Arc<Service>,
    fields: Map<String, Value>,
    context: &RequestContext<RoleServer>,
) -> Result<CallToolResult, Refusal> {
    let place = service.bodies.acquire().await;
    let waiting = service.aside(move |service| begin(service, fields)).await??;
    drop(place);
    let follower = Follower {
        token: context.meta.get_progress_token(),
        peer: &context.peer,
        pictures: waiting.records.len(),
        reported: 0.0,
    };
    tokio::select! {
        ended = follower.follow(&waiting) => answer(&waiting, &ended),
        () = context.ct.cancelled() => Ok(CallToolResult::error(vec![ContentBlock::text("the call was cancelled")])),
    }
}

fn begin(service: &Service, fields: Map<String, Value>) -> Result<Waiting, Refusal> {
    let is_edit = fields.contains_key("init_image");
    let read = request::read(Value::Object(fields), Manner::Strict, &service.catalogue, &service.options);
    let read = read.map_err(|error| if is_edit { error.called(&NAMES) } else { error })?;
    let order = Order {
        requests: read.requests,
        notices: read.notices,
        previews: Previews::None,
        destination: Destination::Front,
    };
    let records = service.jobs.submit(order).map_err(|error| service.refusal(error))?;
    Ok(Waiting { records })
}

struct Follower<'a> {
    token: Option<ProgressToken>,
    peer: &'a Peer<RoleServer>,
    pictures: usize,
    /// In pictures; it only ever grows.
    reported: f64,
}

impl Follower<'_> {
    async fn follow(mut self, waiting: &Waiting) -> Vec<Arc<Ended>> {
        let mut ended = Vec::with_capacity(waiting.records.len());
        for record in &waiting.records {
            ended.push(self.picture(record, ended.len()).await);
        }
        ended
    }

    /// One picture, behind `done` others.
    async fn picture(&mut self, record: &Record, done: usize) -> Arc<Ended> {
        let mut watch = record.watch();
        let mut after = 0;
        loop {
            watch.borrow_and_update();
            let Some((number, happening)) = record.next_after(after) else {
                let _ = watch.changed().await;
                continue;
            };
            after = number;
            match happening {
                Happening::Ended(ended) => return ended,
                Happening::Progress { step, total, .. } => {
                    let share = f64::from(step) / f64::from(total.max(1));
                    self.report(done as f64 + share, format!("step {step} of {total}")).await;
                }
                _ => {}
            }
        }
    }

    async fn report(&mut self, progress: f64, message: String) {
        let Some(token) = self.token.clone().filter(|_| progress > self.reported) else { return };
        self.reported = progress;
        let total = self.pictures as f64;
        let report = ProgressNotificationParam::new(token, progress).with_total(total).with_message(message);
        if let Err(error) = self.peer.notify_progress(report).await {
            tracing::debug!("progress was not taken: {error}");
        }
    }
}

fn answer(waiting: &Waiting, ended: &[Arc<Ended>]) -> Result<CallToolResult, Refusal> {
    let mut content = Vec::new();
    let mut made = Vec::new();
    let mut notices: Vec<String> = Vec::new();
    for (record, ended) in waiting.records.iter().zip(ended) {
        let picture = picture_in(ended)?;
        content.push(ContentBlock::image(encoded(&picture.png), "image/png"));
        let (width, height, seed) = (picture.width, picture.height, picture.request.seed);
        made.push(json!({"id": record.id, "seed": seed, "width": width, "height": height}));
        for notice in record.notices().iter().map(|notice| String::from(&**notice)) {
            if !notices.contains(&notice) {
                notices.push(notice);
            }
        }
    }
    let about = json!({"pictures": made, "notices": notices});
    content.push(ContentBlock::text(about.to_string()));
    let mut result = CallToolResult::success(content);
    result.structured_content = Some(about);
    Ok(result)
}
