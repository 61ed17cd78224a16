//! Downloads that a window watches: each on a thread of its own, paused, resumed and given up at any moment.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{DownloadError, DownloadProgress, Hub, pull};
use crate::job::Wake;
use crate::store::paths::Paths;
use crate::store::unfinished::{Unfinished, discard};

/// As it is now.
#[derive(Clone, Debug, PartialEq)]
pub struct Download {
    /// `OWNER/NAME` or `OWNER/NAME:FILE`.
    pub name: String,
    pub state: DownloadState,
    pub bytes_done: u64,
    /// 0 until the hub has answered.
    pub bytes_total: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DownloadState {
    Running,
    /// Asked to pause or to give up, and not at its end yet.
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

/// All downloads of this run, and what earlier ones left unfinished. Who watches them never waits for the disk: what
/// earlier runs left is found, and deleted, by the store's thread. Threads that are under way when the program ends just
/// end: what they fetched is resumed next time.
#[derive(Clone)]
pub struct Downloads {
    entries: Arc<Mutex<Vec<Entry>>>,
    paths: Paths,
    wake: Wake,
}

impl Downloads {
    #[must_use]
    pub fn new(paths: Paths, wake: Wake) -> Self {
        Self { entries: Arc::default(), paths, wake }
    }

    /// What was left unfinished is there as if it had been paused. One that was begun in the meantime stays as it is.
    pub fn take_in(&self, unfinished: Vec<Unfinished>) {
        let mut entries = self.entries();
        for Unfinished { name, bytes_done, bytes_total } in unfinished {
            if entries.iter().all(|entry| entry.shown.name != name) {
                let shown = Download { name, state: DownloadState::Paused, bytes_done, bytes_total };
                entries.push(Entry { shown, order: Arc::default() });
            }
        }
    }

    /// All of them, oldest first.
    #[must_use]
    pub fn list(&self) -> Vec<Download> {
        self.entries().iter().map(|entry| entry.shown.clone()).collect()
    }

    /// Begins, or resumes where it ended. One that is running runs on. `hub` is called on the download's thread: it may read
    /// a token from the disk.
    pub fn start(&self, name: &str, hub: impl FnOnce() -> Hub + Send + 'static) {
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
        if let Err(error) = thread.spawn(move || this.fetch(&for_thread, &hub(), &order)) {
            self.end(name, DownloadState::Failed(format!("the system gives no thread for it ({error}); try again")));
        }
    }

    /// Stops it for now; what was fetched is kept.
    pub fn pause(&self, name: &str) {
        self.ask(name, PAUSE);
    }

    /// Takes it off the list; a finished model stays on the disk. Whether what was fetched of it is still to be deleted:
    /// then it stays listed until [`Self::forget`]. A running one sees to that by itself when it has closed its file.
    #[must_use]
    pub fn give_up(&self, name: &str) -> bool {
        let mut entries = self.entries();
        let Some(at) = entries.iter().position(|entry| entry.shown.name == name) else { return false };
        let entry = &mut entries[at];
        match entry.shown.state {
            DownloadState::Running | DownloadState::Stopping => {
                entry.order.store(GIVE_UP, Ordering::Relaxed);
                entry.shown.state = DownloadState::Stopping;
                false
            }
            DownloadState::Done(_) => {
                entries.remove(at);
                false
            }
            DownloadState::Paused | DownloadState::Failed(_) | DownloadState::NeedsToken => {
                entry.shown.state = DownloadState::Stopping;
                true
            }
        }
    }

    /// Takes it off the list: nothing of it is left on the disk.
    pub fn forget(&self, name: &str) {
        self.entries().retain(|entry| entry.shown.name != name);
        (self.wake)();
    }

    fn fetch(&self, name: &str, hub: &Hub, order: &AtomicU8) {
        let mut on_progress = |progress: &DownloadProgress| {
            // What is known of an earlier run stays until the hub has answered.
            self.change(name, |shown| {
                if progress.bytes_total > 0 {
                    (shown.bytes_done, shown.bytes_total) = (progress.bytes_done, progress.bytes_total);
                }
            });
            order.load(Ordering::Relaxed) == GO
        };
        let outcome = pull(hub, name, &self.paths, &mut on_progress);
        match outcome {
            _ if order.load(Ordering::Relaxed) == GIVE_UP && outcome.is_err() => {
                // What is left is found again at the next start.
                let _ = discard(name, &self.paths);
                self.forget(name);
            }
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

    fn ask(&self, name: &str, order: u8) {
        let mut entries = self.entries();
        if let Some(entry) = entries.iter_mut().find(|entry| entry.shown.name == name && entry.is_under_way()) {
            entry.order.store(order, Ordering::Relaxed);
            entry.shown.state = DownloadState::Stopping;
        }
    }

    fn entries(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
