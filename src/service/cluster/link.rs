//! The connection to NATS: the queue, the outcomes, and the pictures that belong to them.

use std::time::{Duration, Instant};

use async_nats::jetstream::consumer::{Consumer, pull};
use async_nats::jetstream::context::PublishErrorKind;
use async_nats::jetstream::message::{PublishMessage, StreamMessage};
use async_nats::jetstream::object_store::ObjectStore;
use async_nats::jetstream::stream::LastRawMessageErrorKind;
use async_nats::jetstream::{self, Context, Message};
use async_nats::{Client, ConnectOptions, HeaderMap, ServerAddr, Subscriber};
use bytes::Bytes;
use tokio::io::AsyncReadExt;
use tokio::sync::Mutex;

use super::names;

/// What NATS or its client says went wrong.
pub type Fault = async_nats::Error;

/// Larger tasks lie in the bucket: a message may have a mebibyte, as NATS is set up by itself.
const MOST_IN_MESSAGE: usize = 128 << 10;
/// How often an outcome is tried to be published, a second apart, before the job is left to another node.
const TRIES: u32 = 60;
const PAUSE: Duration = Duration::from_secs(1);
/// For how long the place that the queue has come to is taken as it was.
const FRESH: Duration = Duration::from_secs(1);

pub struct Link {
    pub(super) client: Client,
    context: Context,
    jobs: jetstream::stream::Stream,
    done: jetstream::stream::Stream,
    aside: jetstream::stream::Stream,
    tasks: ObjectStore,
    pictures: ObjectStore,
    pub(super) workers: Consumer<pull::Config>,
    /// The newest job that was taken, and when that was asked.
    taken: Mutex<Option<(Instant, u64)>>,
}

/// What became of a job, as it was published first.
pub(super) struct Outcome {
    pub header: Bytes,
    picture: Option<String>,
}

impl Link {
    /// Connects, and sets up what is not there yet. `servers` may be several, with commas between them.
    ///
    /// # Errors
    /// When none of them answers, or `JetStream` is off there.
    pub async fn open(servers: &str, lease: Duration) -> Result<Self, Fault> {
        // The program's one provider of cryptography; it may be there already.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let addresses = servers.split(',').map(|one| one.trim().parse()).collect::<Result<Vec<ServerAddr>, _>>()?;
        let client = ConnectOptions::new().name("inkwick").connect(addresses).await?;
        let context = jetstream::new(client.clone());
        let [jobs, done, aside] = names::streams();
        // Those that somebody set up otherwise, with replicas for one, stay as they are.
        let jobs = context.get_or_create_stream(jobs).await?;
        let done = context.get_or_create_stream(done).await?;
        let aside = context.get_or_create_stream(aside).await?;
        let (name, config) = names::consumer(lease);
        let workers = jobs.get_or_create_consumer(name, config).await?;
        let tasks = bucket(&context, names::TASKS).await?;
        let pictures = bucket(&context, names::PICTURES).await?;
        Ok(Self { client, context, jobs, done, aside, tasks, pictures, workers, taken: Mutex::default() })
    }

    /// A node that says nothing of its job for so long has lost it.
    #[must_use]
    pub fn lease(&self) -> Duration {
        self.workers.cached_info().config.ack_wait
    }

    /// Puts a job behind all others; its place. The same id sent again is the same job.
    ///
    /// # Errors
    /// When it cannot be said to lie there.
    pub async fn push(&self, id: &str, task: Bytes, wants_previews: bool) -> Result<u64, Fault> {
        let mut message = PublishMessage::build().message_id(id);
        if wants_previews {
            message = message.header(names::WANTS_PREVIEWS, "1");
        }
        if task.len() > MOST_IN_MESSAGE {
            self.tasks.put(id, &mut &task[..]).await?;
            message = message.header(names::TASK_APART, "1");
        } else {
            message = message.payload(task);
        }
        let sent = self.context.send_publish(names::job(id), message).await?.await?;
        Ok(sent.sequence)
    }

    /// Where a job lies, if it does.
    pub(super) async fn place_of(&self, id: &str) -> Result<Option<u64>, Fault> {
        Ok(last_of(&self.jobs, &names::job(id)).await?.map(|message| message.sequence))
    }

    /// How many jobs wait before the one at `place`, those that were taken back among them.
    pub(super) async fn waiting_before(&self, place: u64) -> Result<u64, Fault> {
        let mut taken = self.taken.lock().await;
        let newest = match *taken {
            Some((asked, newest)) if asked.elapsed() < FRESH => newest,
            _ => {
                let newest = self.workers.get_info().await?.delivered.stream_sequence;
                *taken = Some((Instant::now(), newest));
                newest
            }
        };
        Ok(place.saturating_sub(newest + 1))
    }

    /// Takes a job out of the queue, wherever it stands.
    pub(super) async fn remove(&self, id: &str, place: u64) {
        if let Err(error) = self.jobs.delete_message(place).await {
            tracing::debug!("job {id} was out of the queue already: {error}");
        }
        self.forget_task(id).await;
    }

    pub(super) async fn task_of(&self, message: &Message, id: &str) -> Result<Bytes, Fault> {
        let is_apart = message.headers.as_ref().is_some_and(|headers| headers.get(names::TASK_APART).is_some());
        if is_apart { read(&self.tasks, id).await } else { Ok(message.payload.clone()) }
    }

    /// Its job has ended.
    pub(super) async fn forget_task(&self, id: &str) {
        if let Err(error) = self.tasks.delete(id).await {
            tracing::trace!("job {id} has no task in the bucket: {error}");
        }
    }

    /// Says what became of a job, and gives its picture. `false`: somebody else had said it before, and that stands.
    ///
    /// # Errors
    /// When it could not be said for a minute.
    pub(super) async fn publish(&self, id: &str, attempt: i64, header: &[u8], png: &Bytes) -> Result<bool, Fault> {
        let picture = format!("{id}.{attempt}.{:08x}", crate::job::fresh_seed());
        let mut tries = 0;
        loop {
            tries += 1;
            match self.try_to_publish(id, &picture, header, png).await {
                Ok(is_first) => return Ok(is_first),
                Err(error) if tries < TRIES => tracing::warn!("the outcome of job {id} is tried again: {error}"),
                Err(error) => return Err(error),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn try_to_publish(&self, id: &str, picture: &str, header: &[u8], png: &Bytes) -> Result<bool, Fault> {
        // The first one alone finds the subject empty: NATS holds nodes apart that do not know of each other.
        let mut message = PublishMessage::build().expected_last_subject_sequence(0).payload(header.to_vec().into());
        if !png.is_empty() {
            self.pictures.put(picture, &mut &png[..]).await?;
            message = message.header(names::PICTURE, picture);
        }
        match self.context.send_publish(names::done(id), message).await?.await {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == PublishErrorKind::WrongLastSequence => {
                // An earlier try of ours may have come through though no answer did.
                let stands = self.outcome(id).await?;
                let is_ours = stands.is_some_and(|stands| {
                    if png.is_empty() { stands.header == header } else { stands.picture.as_deref() == Some(picture) }
                });
                if !is_ours && !png.is_empty() {
                    self.pictures.delete(picture).await?;
                }
                Ok(is_ours)
            }
            Err(error) => Err(error.into()),
        }
    }

    pub(super) async fn outcome(&self, id: &str) -> Result<Option<Outcome>, Fault> {
        let found = last_of(&self.done, &names::done(id)).await?;
        Ok(found.map(|message| Outcome {
            picture: message.headers.get(names::PICTURE).map(|name| name.as_str().to_owned()),
            header: message.payload,
        }))
    }

    /// Empty for an outcome that has none.
    pub(super) async fn picture_of(&self, outcome: &Outcome) -> Result<Bytes, Fault> {
        match &outcome.picture {
            Some(name) => read(&self.pictures, name).await,
            None => Ok(Bytes::new()),
        }
    }

    /// Keeps a job that nobody can do for a person to look at; its task stays in the bucket.
    pub(super) async fn set_aside(&self, id: &str, message: &Message, reason: &str) -> Result<(), Fault> {
        let mut headers = message.headers.clone().unwrap_or_default();
        // A header is one line.
        headers.insert(names::REASON, reason.replace(['\r', '\n'], " "));
        let kept = PublishMessage::build().headers(headers).payload(message.payload.clone()).message_id(id);
        self.context.send_publish(names::aside(id), kept).await?.await?;
        Ok(())
    }

    /// Hears what happens to a job from now on.
    pub(super) async fn listen(&self, id: &str) -> Result<Subscriber, Fault> {
        Ok(self.client.subscribe(names::news(id)).await?)
    }

    pub(super) async fn tell(&self, id: &str, event: &str, data: String) -> Result<(), Fault> {
        let mut headers = HeaderMap::new();
        headers.insert(names::EVENT, event);
        Ok(self.client.publish_with_headers(names::news(id), headers, data.into()).await?)
    }

    /// How many outcomes there are and how many have been published ever, and how many jobs were set aside.
    ///
    /// # Errors
    /// When NATS does not answer.
    pub async fn counts(&self) -> Result<[u64; 3], Fault> {
        let (done, aside) = (self.done.get_info().await?.state, self.aside.get_info().await?.state);
        Ok([done.messages, done.last_sequence, aside.messages])
    }

    /// How many jobs lie in the queue, those that are worked on among them.
    ///
    /// # Errors
    /// When NATS does not answer.
    pub async fn open_jobs(&self) -> Result<u64, Fault> {
        Ok(self.jobs.get_info().await?.state.messages)
    }
}

async fn bucket(context: &Context, name: &str) -> Result<ObjectStore, Fault> {
    match context.get_object_store(name).await {
        Ok(bucket) => Ok(bucket),
        Err(_) => Ok(context.create_object_store(names::bucket(name)).await?),
    }
}

async fn read(bucket: &ObjectStore, name: &str) -> Result<Bytes, Fault> {
    let mut bytes = Vec::new();
    bucket.get(name).await?.read_to_end(&mut bytes).await?;
    Ok(bytes.into())
}

async fn last_of(stream: &jetstream::stream::Stream, subject: &str) -> Result<Option<StreamMessage>, Fault> {
    match stream.get_last_raw_message_by_subject(subject).await {
        Ok(message) => Ok(Some(message)),
        Err(error) if matches!(error.kind(), LastRawMessageErrorKind::NoMessageFound) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
