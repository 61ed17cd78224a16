//! What streams, subjects and buckets are called, and how long each keeps what is in it.

use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, pull};
use async_nats::jetstream::object_store;
use async_nats::jetstream::stream::{self, DiscardPolicy, RetentionPolicy};

/// A job that nobody took for so long is let go.
const WAITS: Duration = Duration::from_hours(7 * 24);
/// How long an outcome and its picture can be asked for.
const KEPT: Duration = Duration::from_hours(24);
/// How long somebody may look at what was set aside.
const ASIDE: Duration = Duration::from_hours(30 * 24);
/// In which the same job, sent again by a front that heard no answer, is one.
const SAME: Duration = Duration::from_mins(2);

pub(super) const JOBS: &str = "INKWICK_JOBS";
pub(super) const DONE: &str = "INKWICK_DONE";
pub(super) const SET_ASIDE: &str = "INKWICK_ASIDE";
const WORKERS: &str = "workers";
pub(super) const TASKS: &str = "inkwick-tasks";
pub(super) const PICTURES: &str = "inkwick-pictures";

/// The task lies in the bucket: it holds pictures.
pub(super) const TASK_APART: &str = "Inkwick-Task-Apart";
/// Somebody looks at its previews.
pub(super) const WANTS_PREVIEWS: &str = "Inkwick-Previews";
/// The object that is an outcome's picture.
pub(super) const PICTURE: &str = "Inkwick-Picture";
/// What a piece of news is.
pub(super) const EVENT: &str = "Inkwick-Event";
/// Why a job was set aside.
pub(super) const REASON: &str = "Inkwick-Reason";

const JOB_SUBJECT: &str = "inkwick.jobs.";

pub(super) fn job(id: &str) -> String {
    format!("{JOB_SUBJECT}{id}")
}

/// Whose job a message of the queue is.
#[must_use]
pub(super) fn id_in(subject: &str) -> Option<&str> {
    subject.strip_prefix(JOB_SUBJECT)
}

pub(super) fn done(id: &str) -> String {
    format!("inkwick.done.{id}")
}

pub(super) fn aside(id: &str) -> String {
    format!("inkwick.aside.{id}")
}

/// Goes to whoever listens at that moment, and is kept nowhere.
pub(super) fn news(id: &str) -> String {
    format!("inkwick.news.{id}")
}

/// As [`news`], to the node that draws it.
pub(super) fn take_back(id: &str) -> String {
    format!("inkwick.take_back.{id}")
}

pub(super) fn streams() -> [stream::Config; 3] {
    let stream = |name: &str, subject: String, max_age: Duration| stream::Config {
        name: name.to_owned(),
        subjects: vec![subject],
        max_age,
        discard: DiscardPolicy::New,
        num_replicas: 1,
        ..stream::Config::default()
    };
    [
        stream::Config {
            retention: RetentionPolicy::WorkQueue,
            duplicate_window: SAME,
            ..stream(JOBS, job(">"), WAITS)
        },
        stream(DONE, done(">"), KEPT),
        stream(SET_ASIDE, aside(">"), ASIDE),
    ]
}

pub(super) fn bucket(name: &str) -> object_store::Config {
    let max_age = if name == TASKS { WAITS } else { KEPT };
    object_store::Config { bucket: name.to_owned(), max_age, num_replicas: 1, ..object_store::Config::default() }
}

/// All workers together. Without the numbers, 512 of them could wait and 1,000 work.
pub(super) fn consumer(lease: Duration) -> (&'static str, pull::Config) {
    let config = pull::Config {
        durable_name: Some(WORKERS.to_owned()),
        ack_policy: AckPolicy::Explicit,
        ack_wait: lease,
        max_waiting: 100_000,
        max_ack_pending: 100_000,
        ..pull::Config::default()
    };
    (WORKERS, config)
}
