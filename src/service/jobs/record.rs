//! One job as its readers see it: a short log of what happened, each entry with a number, and the outcome.
//!
//! What an entry makes old leaves the log: a slow reader misses previews and places in the queue, never the outcome nor
//! what it asked to be kept.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use serde_json::Value;
use tokio::sync::watch;

use super::image::Preview;
use super::previews::Previews;
use crate::engine::JobHandle;
use crate::job::{ErrorKind, JobId, ModelPart, Request};

/// Notices of one job that are kept: more says nothing new.
const MAX_NOTICES: usize = 64;

/// One thing that happened to a job.
#[derive(Clone)]
pub(in crate::service) enum Happening {
    /// So many jobs wait before it.
    Queued {
        position: usize,
    },
    Loading {
        part: ModelPart,
        fraction: f32,
    },
    Progress {
        step: u32,
        total: u32,
        seconds_per_step: f64,
        seconds_left: f64,
    },
    Preview(Arc<Preview>),
    Notice(Arc<str>),
    Ended(Arc<Ended>),
}

/// What became of a job.
pub(in crate::service) enum Ended {
    Complete(Box<Picture>),
    Cancelled,
    Failed { kind: ErrorKind, message: String },
}

/// A finished picture.
pub(in crate::service) struct Picture {
    /// With its metadata inside.
    pub png: Bytes,
    pub width: u32,
    pub height: u32,
    /// What was really used; files by their names, without pictures.
    pub request: Request,
    /// The same as text, as it stands in the PNG.
    pub parameters: String,
    /// The same as JSON.
    pub settings: Value,
    pub seconds: f64,
    pub peak_memory_bytes: Option<u64>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::service) enum State {
    Waiting,
    Running,
    Ended,
}

/// Who carries a job out, and so who stops it.
pub(in crate::service) enum Carrier {
    Engine(JobHandle),
    /// The queue that nodes share; this takes the job back.
    Elsewhere(Box<dyn Fn() + Send + Sync>),
}

pub(in crate::service) struct Record {
    pub id: String,
    pub engine_id: JobId,
    /// Seconds since 1970.
    pub created: i64,
    /// Of the pictures that it came with, unpacked.
    pub picture_bytes: u64,
    pub previews: Previews,
    /// As it was submitted; its pictures are let go at the end.
    pub(super) asked: Mutex<Option<Request>>,
    /// Gone with the outcome, and the whole picture with it.
    pub carrier: Mutex<Option<Carrier>>,
    /// Another node's engine may draw it.
    pub is_elsewhere: bool,
    /// The server ended it before it began, not whoever asked.
    handed_back: AtomicBool,
    log: Mutex<Log>,
    /// Counts entries, so that readers wake.
    newest: watch::Sender<u64>,
}

struct Log {
    entries: Vec<(u64, Happening)>,
    next: u64,
    state: State,
    ended_at: Option<Instant>,
}

impl Record {
    pub(super) fn new(id: String, handle: JobHandle, asked: Request, previews: Previews) -> Self {
        let (engine_id, carrier) = (handle.id(), Carrier::Engine(handle));
        Self { carrier: Mutex::new(Some(carrier)), ..Self::waiting(id, engine_id, Some(asked), previews) }
    }

    /// One that waits in the queue which nodes share; `carrier` is set when it was put there.
    pub(super) fn elsewhere(id: String, engine_id: JobId, asked: Option<Request>, previews: Previews) -> Self {
        Self { is_elsewhere: true, ..Self::waiting(id, engine_id, asked, previews) }
    }

    fn waiting(id: String, engine_id: JobId, asked: Option<Request>, previews: Previews) -> Self {
        Self {
            id,
            engine_id,
            created: chrono::Utc::now().timestamp(),
            picture_bytes: asked.as_ref().map_or(0, bytes_of_pictures),
            previews,
            asked: Mutex::new(asked),
            carrier: Mutex::default(),
            is_elsewhere: false,
            handed_back: AtomicBool::new(false),
            log: Mutex::new(Log { entries: Vec::new(), next: 1, state: State::Waiting, ended_at: None }),
            newest: watch::Sender::new(0),
        }
    }

    /// One that ended in an earlier run of the server.
    pub(super) fn of_earlier_run(
        id: String,
        engine_id: JobId,
        created: i64,
        notices: Vec<String>,
        (ended, ended_at): (Ended, Instant),
    ) -> Self {
        let notices = notices.into_iter().map(|notice| Happening::Notice(notice.into()));
        let happenings = notices.chain([Happening::Ended(Arc::new(ended))]);
        let entries: Vec<(u64, Happening)> = (1..).zip(happenings).collect();
        let next = entries.len() as u64 + 1;
        Self {
            id,
            engine_id,
            created,
            picture_bytes: 0,
            previews: Previews::None,
            asked: Mutex::default(),
            carrier: Mutex::default(),
            is_elsewhere: false,
            handed_back: AtomicBool::new(false),
            log: Mutex::new(Log { entries, next, state: State::Ended, ended_at: Some(ended_at) }),
            newest: watch::Sender::new(next - 1),
        }
    }

    /// The first entry after number `after`.
    #[must_use]
    pub(in crate::service) fn next_after(&self, after: u64) -> Option<(u64, Happening)> {
        let log = self.log();
        let at = log.entries.partition_point(|(number, _)| *number <= after);
        log.entries.get(at).cloned()
    }

    #[must_use]
    pub(in crate::service) fn newest(&self) -> u64 {
        self.log().next - 1
    }

    /// Wakes at each new entry.
    #[must_use]
    pub(in crate::service) fn watch(&self) -> watch::Receiver<u64> {
        self.newest.subscribe()
    }

    #[must_use]
    pub(in crate::service) fn state(&self) -> State {
        self.log().state
    }

    #[must_use]
    pub(in crate::service) fn ended(&self) -> Option<Arc<Ended>> {
        self.last(|happening| if let Happening::Ended(ended) = happening { Some(Arc::clone(ended)) } else { None })
    }

    /// The newest entry of one kind.
    #[must_use]
    pub(in crate::service) fn last<T>(&self, of: impl Fn(&Happening) -> Option<T>) -> Option<T> {
        self.log().entries.iter().rev().find_map(|(_, happening)| of(happening))
    }

    /// A step's preview, if it is one that is shown. Its step must have been told.
    pub(in crate::service) fn add_preview(&self, step: u32, preview: impl FnOnce() -> Preview) {
        let total = self.last(|happening| match happening {
            Happening::Progress { total, .. } => Some(*total),
            _ => None,
        });
        if self.previews.is_due(step, total.unwrap_or(step), self.previews_shown()) {
            self.add(Happening::Preview(Arc::new(preview())));
        }
    }

    /// How many previews are kept.
    fn previews_shown(&self) -> u32 {
        self.log().entries.iter().filter(|(_, happening)| matches!(happening, Happening::Preview(_))).count() as u32
    }

    #[must_use]
    pub(in crate::service) fn notices(&self) -> Vec<Arc<str>> {
        let log = self.log();
        let notice =
            |happening: &Happening| if let Happening::Notice(text) = happening { Some(Arc::clone(text)) } else { None };
        log.entries.iter().filter_map(|(_, happening)| notice(happening)).collect()
    }

    /// Waits for the end.
    pub(in crate::service) async fn wait(&self) -> Arc<Ended> {
        let mut watch = self.watch();
        loop {
            watch.borrow_and_update();
            if let Some(ended) = self.ended() {
                return ended;
            }
            // The sender lives as long as this.
            let _ = watch.changed().await;
        }
    }

    /// Has the engine stop it. Its outcome comes as for any other.
    pub(in crate::service) fn cancel(&self) {
        match lock(&self.carrier).as_ref() {
            Some(Carrier::Engine(handle)) => handle.cancel(),
            Some(Carrier::Elsewhere(take_back)) => take_back(),
            None => {}
        }
    }

    /// Takes it out of the queue, for it to be sent again.
    pub(super) fn hand_back(&self) {
        self.handed_back.store(true, Ordering::Release);
        self.cancel();
    }

    #[must_use]
    pub(super) fn is_handed_back(&self) -> bool {
        self.handed_back.load(Ordering::Acquire)
    }

    #[must_use]
    pub(super) fn ended_at(&self) -> Option<Instant> {
        self.log().ended_at
    }

    /// What an ended job still holds.
    #[must_use]
    pub(super) fn kept_bytes(&self) -> u64 {
        let png = match self.ended().as_deref() {
            Some(Ended::Complete(picture)) => picture.png.len() as u64,
            _ => 0,
        };
        // The log and the map's entry.
        png + 4096
    }

    pub(in crate::service) fn add(&self, happening: Happening) {
        let newest = {
            let mut log = self.log();
            if log.state == State::Ended {
                return;
            }
            match &happening {
                Happening::Queued { .. } => log.entries.retain(|(_, old)| !matches!(old, Happening::Queued { .. })),
                Happening::Loading { .. } => log.entries.retain(|(_, old)| !matches!(old, Happening::Loading { .. })),
                Happening::Preview(_) if !self.previews.are_kept() => {
                    log.entries.retain(|(_, old)| !matches!(old, Happening::Preview(_)));
                }
                Happening::Notice(_) => {
                    let notices = log.entries.iter().filter(|(_, old)| matches!(old, Happening::Notice(_))).count();
                    if notices >= MAX_NOTICES {
                        return;
                    }
                }
                // The picture is there, or there will be none.
                Happening::Ended(_) => {
                    log.entries.retain(|(_, old)| self.previews.are_kept() || !matches!(old, Happening::Preview(_)));
                    log.state = State::Ended;
                    log.ended_at = Some(Instant::now());
                }
                Happening::Progress { .. } | Happening::Preview(_) => {}
            }
            if log.state == State::Waiting
                && matches!(happening, Happening::Loading { .. } | Happening::Progress { .. })
            {
                log.state = State::Running;
            }
            let number = log.next;
            log.next += 1;
            log.entries.push((number, happening));
            number
        };
        self.newest.send_replace(newest);
    }

    /// The engine works on it, and has said nothing yet.
    pub(super) fn begin(&self) {
        let mut log = self.log();
        if log.state == State::Waiting {
            log.state = State::Running;
        }
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        lock(&self.log)
    }
}

pub(in crate::service) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[must_use]
pub(super) fn bytes_of_pictures(request: &Request) -> u64 {
    let init = request.init.as_ref().map_or(0, |init| init.picture.rgba().len());
    let mask = request.mask.as_ref().map_or(0, |mask| mask.plane.values().len());
    (init + mask) as u64
}
