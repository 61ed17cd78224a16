//! Puts a node's jobs into the shared queue, and follows each to its outcome.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use async_nats::{Message, Subscriber};
use bytes::Bytes;
use futures_util::StreamExt;
use serde_json::Value;
use tokio::runtime::Handle;

use super::link::{Fault, Link};
use super::names;
use super::work::ENDED;
use crate::job::{ErrorKind, JobError, ModelPart};
use crate::service::jobs::{
    Carrier, Happening, Preview, Previews, Read, Record, SharedQueue, State, lock, read, written_without_picture,
};
use crate::service::state::Service;

const LOOK: Duration = Duration::from_secs(1);
/// A job of which nothing is heard may have an outcome whose news were lost.
const SILENCE: Duration = Duration::from_secs(5);

pub(super) struct Front {
    pub link: Arc<Link>,
    pub runtime: Handle,
    /// It holds this.
    pub service: Weak<Service>,
}

impl SharedQueue for Front {
    fn submit(&self, record: &Arc<Record>, task: Vec<u8>) -> Result<(), JobError> {
        let wants_previews = record.previews != Previews::None;
        let put = async {
            // First, so that nothing is missed.
            let news = self.link.listen(&record.id).await?;
            Ok::<_, Fault>((news, self.link.push(&record.id, task.into(), wants_previews).await?))
        };
        let (news, place) = self.runtime.block_on(put).map_err(|error| unreachable(&error))?;
        self.follow(record, news, place);
        Ok(())
    }

    fn find(&self, id: &str, new: &dyn Fn() -> Arc<Record>) -> Result<Option<Arc<Record>>, JobError> {
        let look = async {
            let news = self.link.listen(id).await?;
            if self.link.outcome(id).await?.is_some() {
                return Ok::<_, Fault>(Some((news, None)));
            }
            let place = self.link.place_of(id).await?;
            if place.is_none() && self.link.outcome(id).await?.is_none() {
                return Ok(None);
            }
            Ok(Some((news, place)))
        };
        let found = self.runtime.block_on(look).map_err(|error| unreachable(&error))?;
        let Some((news, place)) = found else { return Ok(None) };
        let record = new();
        if let Some(place) = place {
            self.follow(&record, news, place);
        } else {
            let finish = finish(&self.link, &self.service, &record);
            self.runtime.block_on(finish).map_err(|error| unreachable(&error))?;
        }
        Ok(Some(record))
    }
}

impl Front {
    fn follow(&self, record: &Arc<Record>, news: Subscriber, place: u64) {
        let (link, service, runtime) = (Arc::clone(&self.link), Weak::clone(&self.service), self.runtime.clone());
        let of = Arc::downgrade(record);
        let take_back = move || {
            let Some(record) = of.upgrade() else { return };
            let (link, service) = (Arc::clone(&link), Weak::clone(&service));
            runtime.spawn(async move {
                if let Err(error) = take_back(&link, &service, &record, place).await {
                    tracing::warn!("job {} could not be taken back: {error}", record.id);
                }
            });
        };
        *lock(&record.carrier) = Some(Carrier::Elsewhere(Box::new(take_back)));
        let follow = follow(Arc::clone(&self.link), Weak::clone(&self.service), Arc::clone(record), news, place);
        self.runtime.spawn(follow);
    }
}

fn unreachable(error: &Fault) -> JobError {
    tracing::warn!("the shared queue does not answer: {error}");
    let sentence = "the queue that nodes share does not answer; see whether NATS runs, and try it again";
    JobError::new(ErrorKind::Stopped, sentence)
}

async fn follow(link: Arc<Link>, service: Weak<Service>, record: Arc<Record>, mut news: Subscriber, place: u64) {
    let mut look = tokio::time::interval(LOOK);
    let mut heard = Instant::now();
    while record.state() != State::Ended {
        let may_have_ended = tokio::select! {
            Some(message) = news.next() => {
                heard = Instant::now();
                take(&record, &message)
            }
            _ = look.tick() => {
                if record.state() == State::Waiting && let Ok(position) = link.waiting_before(place).await {
                    stands(&record, usize::try_from(position).unwrap_or(usize::MAX));
                }
                heard.elapsed() > SILENCE
            }
        };
        if may_have_ended {
            heard = Instant::now();
            if let Err(error) = finish(&link, &service, &record).await {
                tracing::warn!("the outcome of job {} cannot be asked for yet: {error}", record.id);
            }
        }
    }
}

fn stands(record: &Record, position: usize) {
    let before = record.last(|happening| match happening {
        Happening::Queued { position } => Some(*position),
        _ => None,
    });
    if before != Some(position) {
        record.add(Happening::Queued { position });
    }
}

/// One piece of news, as [`crate::service::jobs::stream::words_of`] writes it; `true` when the outcome is there.
fn take(record: &Record, message: &Message) -> bool {
    let event =
        message.headers.as_ref().and_then(|headers| headers.get(names::EVENT)).map_or("", |event| event.as_str());
    let data: Value = serde_json::from_slice(&message.payload).unwrap_or_default();
    let whole = |name: &str| data[name].as_u64().unwrap_or(0) as u32;
    let number = |name: &str| data[name].as_f64().unwrap_or(0.0);
    let text = |name: &str| data[name].as_str().unwrap_or_default();
    match event {
        "loading" => {
            let part = serde_json::from_value(data["part"].clone()).unwrap_or(ModelPart::Unet);
            record.add(Happening::Loading { part, fraction: number("fraction") as f32 });
        }
        "progress" => record.add(Happening::Progress {
            step: whole("step"),
            total: whole("total"),
            seconds_per_step: number("seconds_per_step"),
            seconds_left: number("seconds_left"),
        }),
        "preview" => record.add_preview(whole("step"), || Preview::of_base64(whole("step"), text("image").to_owned())),
        "notice" => record.add(Happening::Notice(text("message").into())),
        _ => return event == ENDED,
    }
    false
}

/// Takes the outcome over, if there is one.
async fn finish(link: &Link, service: &Weak<Service>, record: &Arc<Record>) -> Result<(), Fault> {
    let Some(outcome) = link.outcome(&record.id).await? else { return Ok(()) };
    let picture = link.picture_of(&outcome).await?;
    let Some(service) = service.upgrade() else { return Ok(()) };
    let Read { notices, ended, .. } = read(&outcome.header, picture).ok_or("it was written by another version")?;
    let known = record.notices();
    for notice in notices.into_iter().filter(|notice| known.iter().all(|known| **known != **notice)) {
        record.add(Happening::Notice(notice.into()));
    }
    service.jobs.end_elsewhere(record, ended);
    Ok(())
}

/// It has ended by this, wherever it stands; a node that works on it stops.
async fn take_back(link: &Link, service: &Weak<Service>, record: &Arc<Record>, place: u64) -> Result<(), Fault> {
    let header = written_without_picture(None)?;
    link.publish(&record.id, 0, &header, &Bytes::new()).await?;
    link.remove(&record.id, place).await;
    link.client.publish(names::take_back(&record.id), Bytes::new()).await?;
    finish(link, service, record).await
}
