//! The jobs that wait: what is cancelled leaves at once, and the order can be changed.
//!
//! The jobs stand in a list. A bounded channel carries one ticket for each, so that the engine's thread sleeps until
//! there is one: a ticket says that a job waits, not which.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::mailbox::Mailbox;
use crate::job::{CancelToken, Destination, ErrorKind, EventKind, JobError, JobId, Outcome, Task};

/// Jobs that may wait at once.
pub(super) const LENGTH: usize = 64;

pub(super) struct Job {
    pub id: JobId,
    pub task: Task,
    pub destination: Destination,
    pub cancel: CancelToken,
    pub mailbox: Arc<Mailbox>,
}

pub(super) struct JobQueue {
    list: Mutex<List>,
    tickets: Receiver<()>,
}

struct List {
    waiting: VecDeque<Job>,
    running: Option<(JobId, CancelToken)>,
    /// `None` once the queue is closed.
    tickets: Option<Sender<()>>,
}

impl JobQueue {
    pub(super) fn new() -> Self {
        let (sender, tickets) = bounded(LENGTH);
        let list = List { waiting: VecDeque::new(), running: None, tickets: Some(sender) };
        Self { list: Mutex::new(list), tickets }
    }

    /// Puts a job at `index` of those that wait, or behind all of them.
    pub(super) fn push(&self, job: Job, index: usize) -> Result<(), JobError> {
        let mut list = self.lock();
        if list.tickets.is_none() {
            let stopped = "the engine has stopped; start the program again";
            return Err(JobError::new(ErrorKind::Stopped, stopped));
        }
        if list.waiting.len() >= LENGTH {
            let full = format!("{LENGTH} pictures are waiting already; let some finish or cancel them");
            return Err(JobError::new(ErrorKind::Busy, full));
        }
        let index = index.min(list.waiting.len());
        list.waiting.insert(index, job);
        // There are never more tickets than jobs, so this one has its place.
        list.tickets.as_ref().map(|tickets| tickets.try_send(()));
        Ok(())
    }

    /// Sleeps until there is a job; `None` once the queue is closed.
    pub(super) fn take(&self) -> Option<Job> {
        loop {
            self.tickets.recv().ok()?;
            let mut list = self.lock();
            // The last job may have been cancelled since.
            if let Some(job) = list.waiting.pop_front() {
                list.running = Some((job.id, job.cancel.clone()));
                return Some(job);
            }
        }
    }

    /// The job that was taken is over.
    pub(super) fn done(&self) {
        self.lock().running = None;
    }

    /// A waiting job is gone at once, with its pictures; a running one ends within a block of the network.
    pub(super) fn cancel(&self, id: JobId) {
        let mut list = self.lock();
        if let Some((_, cancel)) = list.running.as_ref().filter(|(running, _)| *running == id) {
            cancel.cancel();
            return;
        }
        let Some(index) = list.waiting.iter().position(|job| job.id == id) else { return };
        let job = list.waiting.remove(index);
        // If the engine's thread holds the ticket already, it finds nothing to do for it.
        let _ = self.tickets.try_recv();
        drop(list);
        if let Some(job) = job {
            job.mailbox.post(EventKind::Ended(Outcome::Cancelled));
        }
    }

    pub(super) fn cancel_all(&self) {
        for id in self.waiting().into_iter().chain(self.running()) {
            self.cancel(id);
        }
    }

    /// Cancels everything and takes no job any more.
    pub(super) fn close(&self) {
        self.lock().tickets = None;
        self.cancel_all();
    }

    /// How many more jobs may wait.
    pub(super) fn room(&self) -> usize {
        LENGTH.saturating_sub(self.lock().waiting.len())
    }

    /// In the order in which they will run.
    pub(super) fn waiting(&self) -> Vec<JobId> {
        self.lock().waiting.iter().map(|job| job.id).collect()
    }

    pub(super) fn running(&self) -> Option<JobId> {
        self.lock().running.as_ref().map(|(id, _)| *id)
    }

    /// Moves a waiting job to `index` of those that wait; `false` when it does not wait any more.
    pub(super) fn move_to(&self, id: JobId, index: usize) -> bool {
        let mut list = self.lock();
        let Some(job) = list.waiting.iter().position(|job| job.id == id).and_then(|at| list.waiting.remove(at)) else {
            return false;
        };
        let index = index.min(list.waiting.len());
        list.waiting.insert(index, job);
        true
    }

    fn lock(&self) -> MutexGuard<'_, List> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
