//! Takes jobs from the queue, one at a time, has them done, and lets go of each only when its outcome is published.

use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::{AckKind, Message};
use bytes::Bytes;
use futures_util::StreamExt;

use super::link::{Fault, Link};
use super::names;
use crate::job::ErrorKind;
use crate::service::jobs::written_without_picture;

/// A job that so many nodes have failed at, or died with, is set aside.
pub const MOST_ATTEMPTS: i64 = 3;
/// For how long one question for a job stands.
const STANDS: Duration = Duration::from_secs(30);
/// After a fault of the network.
const PAUSE: Duration = Duration::from_secs(1);

/// One job, as it was put into the queue.
pub struct Job {
    pub id: String,
    /// From 1.
    pub attempt: i64,
    pub task: Bytes,
    pub wants_previews: bool,
}

/// What came of working at a job.
pub enum Made {
    /// For good: a picture, or a failure that every node would have.
    Ended { header: Vec<u8>, picture: Bytes },
    /// In one sentence; another node may do better.
    Failed(String),
    /// This node is ending; nothing is wrong with the job.
    GivenBack,
}

/// Tells whoever follows a job.
#[derive(Clone)]
pub struct News {
    link: Arc<Link>,
    id: String,
}

impl News {
    /// An event as `/v1/jobs/{id}/stream` has it. What is not heard is lost: only the outcome counts.
    pub async fn tell(&self, event: &str, data: String) {
        if let Err(error) = self.link.tell(&self.id, event, data).await {
            tracing::debug!("news of job {} were not sent: {error}", self.id);
        }
    }
}

/// Whoever does jobs. Dropping what [`Hands::work`] gives stops the work.
pub trait Hands: Send + Sync {
    fn work(&self, job: Job, news: News) -> impl Future<Output = Made> + Send;

    /// Ends when no more jobs shall be taken.
    fn leaving(&self) -> impl Future<Output = ()> + Send;
}

/// What becomes of a message of the queue.
enum Done {
    /// Its outcome is published.
    Ended,
    Later(Duration),
}

/// Until `hands` leave.
pub async fn work(link: &Arc<Link>, hands: &impl Hands) {
    while !is_leaving(hands).await {
        match next(link, hands).await {
            Ok(None) => return,
            Ok(Some(message)) => {
                if let Err(error) = carry_out(link, hands, &message).await {
                    // Not acknowledged: it comes again, here or elsewhere.
                    tracing::warn!("a job of the shared queue is left to another try: {error}");
                }
            }
            Err(error) => {
                tracing::warn!("the shared queue cannot be asked: {error}");
                tokio::select! {
                    () = tokio::time::sleep(PAUSE) => {}
                    () = hands.leaving() => return,
                }
            }
        }
    }
}

/// A job that was asked for and is not taken comes to another node late.
async fn is_leaving(hands: &impl Hands) -> bool {
    tokio::select! {
        biased;
        () = hands.leaving() => true,
        () = std::future::ready(()) => false,
    }
}

/// One job, and none beside it: what waits here would be out of others' reach.
async fn next(link: &Link, hands: &impl Hands) -> Result<Option<Message>, Fault> {
    loop {
        let mut asked = link.workers.batch().max_messages(1).expires(STANDS).messages().await?;
        tokio::select! {
            message = asked.next() => if let Some(message) = message {
                return Ok(Some(message?));
            },
            () = hands.leaving() => return Ok(None),
        }
    }
}

async fn carry_out(link: &Arc<Link>, hands: &impl Hands, message: &Message) -> Result<(), Fault> {
    let done = tokio::select! {
        done = done(link, hands, message) => done?,
        fault = keep_alive(message, link.lease() / 3) => return Err(fault),
    };
    match done {
        Done::Ended => message.double_ack().await,
        Done::Later(delay) => message.ack_with(AckKind::Nak(Some(delay))).await,
    }
}

/// Ends with a fault alone.
async fn keep_alive(message: &Message, every: Duration) -> Fault {
    loop {
        tokio::time::sleep(every).await;
        if let Err(error) = message.ack_with(AckKind::Progress).await {
            return error;
        }
    }
}

async fn done(link: &Arc<Link>, hands: &impl Hands, message: &Message) -> Result<Done, Fault> {
    let id = names::id_in(&message.subject).unwrap_or_default().to_owned();
    let attempt = message.info()?.delivered;
    let news = News { link: Arc::clone(link), id: id.clone() };
    // Before the outcome is looked for, so that nothing comes between the two.
    let mut taken_back = link.client.subscribe(names::take_back(&id)).await?;
    if link.outcome(&id).await?.is_some() {
        link.forget_task(&id).await;
        return Ok(Done::Ended);
    }
    if attempt > MOST_ATTEMPTS {
        let reason = format!("{MOST_ATTEMPTS} nodes in turn were lost while they worked on it");
        return set_aside(link, &news, message, attempt, &reason).await;
    }
    if attempt > 1 {
        news.tell("notice", notice("it is begun again by another try")).await;
    }
    let task = link.task_of(message, &id).await?;
    let wants_previews = message.headers.as_ref().is_some_and(|headers| headers.get(names::WANTS_PREVIEWS).is_some());
    let job = Job { id: id.clone(), attempt, task, wants_previews };
    let made = tokio::select! {
        made = hands.work(job, news.clone()) => made,
        // Whoever takes a job back has published that.
        Some(_) = taken_back.next() => return Ok(Done::Ended),
    };
    match made {
        Made::Ended { header, picture } => {
            if !link.publish(&id, attempt, &header, &picture).await? {
                tracing::info!("job {id} was ended by another node meanwhile");
            }
            news.tell(ENDED, String::new()).await;
            link.forget_task(&id).await;
            Ok(Done::Ended)
        }
        Made::Failed(reason) if attempt >= MOST_ATTEMPTS => {
            let reason = format!("{MOST_ATTEMPTS} tries on nodes failed; the last said: {reason}");
            set_aside(link, &news, message, attempt, &reason).await
        }
        Made::Failed(reason) => {
            tracing::warn!("job {id} failed here and is left to another node: {reason}");
            news.tell("notice", notice(&format!("a node failed ({reason}); another one tries"))).await;
            Ok(Done::Later(Duration::from_secs(attempt.unsigned_abs())))
        }
        Made::GivenBack => Ok(Done::Later(Duration::ZERO)),
    }
}

/// The name of the news that there is an outcome.
pub(super) const ENDED: &str = "ended";

fn notice(message: &str) -> String {
    serde_json::json!({ "message": message }).to_string()
}

async fn set_aside(link: &Link, news: &News, message: &Message, attempt: i64, reason: &str) -> Result<Done, Fault> {
    tracing::warn!("job {} is set aside: {reason}", news.id);
    link.set_aside(&news.id, message, reason).await?;
    let sentence = format!("{reason}; it was set aside for whoever runs these machines to look at");
    let header = written_without_picture(Some((ErrorKind::Internal, sentence)))?;
    link.publish(&news.id, attempt, &header, &Bytes::new()).await?;
    news.tell(ENDED, String::new()).await;
    Ok(Done::Ended)
}
