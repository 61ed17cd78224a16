//! This machine's engine as one that does jobs of the shared queue.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;

use super::work::{Hands, Job, Made, News};
use crate::job::{Destination, ErrorKind};
use crate::service::answer::Refusal;
use crate::service::jobs::stream::words_of;
use crate::service::jobs::{Ended, Happening, Order, Previews, Record, written};
use crate::service::request;
use crate::service::state::Service;
use crate::service::waiting::Waiting;

/// How often it is looked whether the server ends.
const LOOK: Duration = Duration::from_millis(100);

pub(super) struct EngineHands(pub Arc<Service>);

impl Hands for EngineHands {
    async fn work(&self, job: Job, news: News) -> Made {
        let service = &self.0;
        match service.aside(move |service| begin(service, &job)).await {
            Ok(Ok(waiting)) => {
                let made = followed(&waiting.records, &news).await;
                waiting.records.iter().for_each(|record| service.jobs.forget(record));
                made
            }
            Ok(Err(refusal)) | Err(refusal) => {
                if refusal.status == StatusCode::SERVICE_UNAVAILABLE {
                    Made::GivenBack
                } else {
                    Made::Failed(refusal.message)
                }
            }
        }
    }

    async fn leaving(&self) {
        while !self.0.jobs.is_stopping() {
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// What is not here may be on another node.
fn begin(service: &Service, job: &Job) -> Result<Waiting, Refusal> {
    let asked = request::read_task(&job.task, &service.catalogue, &service.options)?;
    let previews = if job.wants_previews { Previews::Newest } else { Previews::None };
    let order = Order { requests: asked.requests, notices: asked.notices, previews, destination: Destination::Front };
    // A front of the same node may have a record by the job's own id.
    let id = format!("{}.{}", job.id, job.attempt);
    let records = service.jobs.submit_here(order, Some(&id)).map_err(|error| service.refusal(error))?;
    Ok(Waiting { records })
}

async fn followed(records: &[Arc<Record>], news: &News) -> Made {
    let Some(record) = records.first() else { return Made::GivenBack };
    let (mut watch, mut after) = (record.watch(), 0);
    loop {
        watch.borrow_and_update();
        let Some((number, happening)) = record.next_after(after) else {
            let _ = watch.changed().await;
            continue;
        };
        after = number;
        match &happening {
            // Of this engine's own queue.
            Happening::Queued { .. } => {}
            Happening::Ended(ended) => return made(record, ended),
            other => {
                let (event, data) = words_of(other).await;
                news.tell(event, data).await;
            }
        }
    }
}

fn made(record: &Record, ended: &Ended) -> Made {
    match ended {
        // Nobody but this node's end cancels it.
        Ended::Cancelled | Ended::Failed { kind: ErrorKind::Stopped, .. } => Made::GivenBack,
        Ended::Complete(_) | Ended::Failed { kind: ErrorKind::Request | ErrorKind::Unsupported, .. } => {
            match written(record, ended) {
                Ok((header, picture)) => Made::Ended { header, picture },
                Err(error) => Made::Failed(error.to_string()),
            }
        }
        Ended::Failed { message, .. } => Made::Failed(message.clone()),
    }
}
