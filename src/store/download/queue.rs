//! Downloads that a window watches: each on a thread of its own, paused, gone on with and given up at a word.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{DownloadError, DownloadProgress, Hub, discard, pull, unfinished};
use crate::job::Wake;
use crate::store::paths::Paths;

/// As it is now.
#[derive(Clone, Debug, PartialEq)]
pub struct Download {
    /// `OWNER/NAME` or `OWNER/NAME:FILE`.
    pub name: String,
    pub state: DownloadState,
    pub bytes_done: u64,
    /// 0 until the hub has told.
    pub bytes_total: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DownloadState {
    Running,
    /// Told to pause or to give up, and waiting for the hub's last answer.
    Stopping,
    Paused,
    /// One sentence; what was fetched until then is kept.
    Failed(String),
    /// The hub wants to know who asks.
    NeedsToken,
    Done(PathBuf),
}

const GO: u8 = 0;
const PAUSE: u8 = 1;
const GIVE_UP: u8 = 2;

struct Entry {
    shown: Download,
    order: Arc<AtomicU8>,
}

impl Entry {
    fn is_under_way(&self) -> bool {
        matches!(self.shown.state, DownloadState::Running | DownloadState::Stopping)
    }
}

/// All downloads of this run, and what earlier ones left unfinished. Threads that are under way when the program ends just
/// end: what they fetched is gone on with next time.
#[derive(Clone)]
pub struct Downloads {
    entries: Arc<Mutex<Vec<Entry>>>,
    paths: Paths,
    wake: Wake,
}

impl Downloads {
    /// What was left unfinished is there as if it had been paused.
    #[must_use]
    pub fn new(paths: Paths, wake: Wake) -> Self {
        let left = unfinished(&paths).into_iter().map(|left| Entry {
            shown: Download {
                name: left.name,
                state: DownloadState::Paused,
                bytes_done: left.bytes_done,
                bytes_total: left.bytes_total,
            },
            order: Arc::default(),
        });
        Self { entries: Arc::new(Mutex::new(left.collect())), paths, wake }
    }

    /// All of them, oldest first.
    #[must_use]
    pub fn list(&self) -> Vec<Download> {
        self.entries().iter().map(|entry| entry.shown.clone()).collect()
    }

    /// Begins, or goes on where it ended. One that is running runs on.
    pub fn start(&self, name: &str, hub: Hub) {
        let order = Arc::new(AtomicU8::new(GO));
        {
            let mut entries = self.entries();
            let running = |entry: &Entry| entry.shown.name == name && entry.is_under_way();
            if entries.iter().any(running) {
                return;
            }
            let fresh =
                Download { name: name.to_owned(), state: DownloadState::Running, bytes_done: 0, bytes_total: 0 };
            match entries.iter_mut().find(|entry| entry.shown.name == name) {
                Some(known) => {
                    known.order = Arc::clone(&order);
                    known.shown.state = DownloadState::Running;
                }
                None => entries.push(Entry { shown: fresh, order: Arc::clone(&order) }),
            }
        }
        let (this, for_thread) = (self.clone(), name.to_owned());
        let thread = std::thread::Builder::new().name("inkwick-download".into());
        if let Err(error) = thread.spawn(move || this.fetch(&for_thread, &hub, &order)) {
            self.end(name, DownloadState::Failed(format!("the system gives no thread for it ({error}); try again")));
        }
    }

    /// Stops it for now; what was fetched is kept.
    pub fn pause(&self, name: &str) {
        self.tell(name, PAUSE);
    }

    /// Takes it off the list, and what was fetched of it from the disk. A finished model stays.
    pub fn give_up(&self, name: &str) {
        let is_running = self.entries().iter().any(|entry| entry.shown.name == name && entry.is_under_way());
        if is_running {
            // Its thread does so when it has closed its file.
            self.tell(name, GIVE_UP);
        } else {
            self.forget(name);
        }
    }

    fn forget(&self, name: &str) {
        let is_done = |entry: &Entry| matches!(entry.shown.state, DownloadState::Done(_));
        let unfinished = self.entries().iter().any(|entry| entry.shown.name == name && !is_done(entry));
        if unfinished {
            let _ = discard(name, &self.paths);
        }
        self.entries().retain(|entry| entry.shown.name != name);
        (self.wake)();
    }

    fn fetch(&self, name: &str, hub: &Hub, order: &AtomicU8) {
        let mut tell = |progress: &DownloadProgress| {
            self.change(name, |shown| {
                (shown.bytes_done, shown.bytes_total) = (progress.bytes_done, progress.bytes_total);
            });
            order.load(Ordering::Relaxed) == GO
        };
        let outcome = pull(hub, name, &self.paths, &mut tell);
        match outcome {
            _ if order.load(Ordering::Relaxed) == GIVE_UP && outcome.is_err() => self.forget(name),
            Ok(path) => self.end(name, DownloadState::Done(path)),
            Err(_) if order.load(Ordering::Relaxed) == PAUSE => self.end(name, DownloadState::Paused),
            Err(DownloadError::Stopped) => self.end(name, DownloadState::Paused),
            Err(DownloadError::Gated(_)) => self.end(name, DownloadState::NeedsToken),
            Err(error) => self.end(name, DownloadState::Failed(error.to_string())),
        }
    }

    fn end(&self, name: &str, state: DownloadState) {
        self.change(name, |shown| shown.state = state);
    }

    fn change(&self, name: &str, change: impl FnOnce(&mut Download)) {
        if let Some(entry) = self.entries().iter_mut().find(|entry| entry.shown.name == name) {
            change(&mut entry.shown);
        }
        (self.wake)();
    }

    fn tell(&self, name: &str, what: u8) {
        let mut entries = self.entries();
        if let Some(entry) = entries.iter_mut().find(|entry| entry.shown.name == name && entry.is_under_way()) {
            entry.order.store(what, Ordering::Relaxed);
            entry.shown.state = DownloadState::Stopping;
        }
    }

    fn entries(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
