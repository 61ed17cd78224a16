//! The jobs that wait: what is cancelled leaves at once, the order can be changed, and all of it can pause. Any number of
//! workers take from it, one for each device.
//!
//! What changes here is reported to whoever keeps jobs for the next start, under the list's lock, so that what is kept has
//! the list's own order of events.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::mailbox::Mailbox;
use super::workers::Workers;
use crate::job::{
    CancelToken, Destination, ErrorKind, EventKind, JobError, JobId, JobKeeper, Keep, Outcome, StepState, Task,
};

/// Jobs that may wait at once.
pub(super) const LENGTH: usize = 64;

pub(super) struct Job {
    pub id: JobId,
    pub task: Task,
    pub destination: Destination,
    pub cancel: CancelToken,
    pub mailbox: Arc<Mailbox>,
    /// Whether the keeper knows it.
    pub is_kept: bool,
    /// Workers whose device could not do it.
    pub tried: Vec<usize>,
}

/// A job that was taken.
struct Running {
    id: JobId,
    cancel: CancelToken,
    /// Whether the keeper knows it, and has not heard of its end.
    is_kept: bool,
}

pub(super) struct JobQueue {
    list: Mutex<List>,
    changed: Condvar,
    keeper: Option<Arc<dyn JobKeeper>>,
}

#[derive(Default)]
struct List {
    waiting: VecDeque<Job>,
    /// In the order in which they were begun.
    running: Vec<Running>,
    workers: Workers,
    is_paused: bool,
    is_closed: bool,
}

impl JobQueue {
    pub(super) fn new(keeper: Option<Arc<dyn JobKeeper>>) -> Self {
        Self { list: Mutex::default(), changed: Condvar::new(), keeper }
    }

    /// Puts a job at `index` of those that wait, or behind all of them.
    pub(super) fn push(&self, mut job: Job, index: usize, keep: Keep) -> Result<(), JobError> {
        let mut list = self.lock();
        if list.is_closed {
            let stopped = "the engine has stopped; start the program again";
            return Err(JobError::new(ErrorKind::Stopped, stopped));
        }
        // Those that are kept waited already, and one of them may have been running.
        if list.waiting.len() >= LENGTH && !matches!(keep, Keep::Known(_)) {
            let full = format!("{LENGTH} pictures are waiting already; let some finish or cancel them");
            return Err(JobError::new(ErrorKind::Busy, full));
        }
        if !matches!(keep, Keep::Not)
            && let Some(keeper) = &self.keeper
        {
            keeper.add(job.id, &job.task, &job.destination, keep);
            job.is_kept = true;
        }
        let index = index.min(list.waiting.len());
        list.waiting.insert(index, job);
        self.report_order(&list);
        self.changed.notify_all();
        Ok(())
    }

    /// Sleeps until there is a job that `worker` may run; `None` once the queue is closed, or the worker is not wanted any
    /// more.
    pub(super) fn take(&self, worker: usize) -> Option<Job> {
        let mut list = self.lock();
        loop {
            if list.is_closed || !list.workers.is_wanted(worker) {
                list.workers.ended(worker);
                return None;
            }
            if let Some(job) = list.next_for(worker).and_then(|index| list.waiting.remove(index)) {
                list.running.push(Running { id: job.id, cancel: job.cancel.clone(), is_kept: job.is_kept });
                if let Some(keeper) = self.keeper_of(&job).filter(|_| job.tried.is_empty()) {
                    keeper.begin(job.id);
                }
                return Some(job);
            }
            list = self.changed.wait(list).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// From now on so many workers take jobs. Gives the numbers of those that have no thread yet and count as begun.
    pub(super) fn set_workers(&self, count: usize) -> Vec<usize> {
        let mut list = self.lock();
        let new = list.workers.set_wanted(count);
        // Other devices may stand behind the numbers now.
        list.waiting.iter_mut().for_each(|job| job.tried.clear());
        self.changed.notify_all();
        new
    }

    /// The thread of a worker has gone, or never came; without any the queue is closed.
    pub(super) fn lost(&self, worker: usize) {
        let mut list = self.lock();
        list.workers.ended(worker);
        let is_last = !list.workers.has_any();
        drop(list);
        self.changed.notify_all();
        if is_last {
            self.close();
        }
    }

    /// How many workers there are for jobs: those whose device failed are left out.
    pub(super) fn workers(&self) -> usize {
        self.lock().workers.count()
    }

    /// Whether another worker could do what this one cannot.
    pub(super) fn has_other(&self, job: &Job, worker: usize) -> bool {
        self.lock().workers.has_other(worker, &job.tried)
    }

    /// Puts a job that was taken in front of all that wait, for another worker. With `rests` this one takes no more jobs, as
    /// long as there is another. Gives the job back where it was cancelled meanwhile.
    pub(super) fn hand_over(&self, mut job: Job, worker: usize, rests: bool) -> Result<(), Job> {
        let mut list = self.lock();
        if list.is_closed || job.cancel.is_cancelled() {
            return Err(job);
        }
        list.running.retain(|running| running.id != job.id);
        if rests {
            list.workers.rest(worker);
        }
        job.tried.push(worker);
        list.waiting.push_front(job);
        self.report_order(&list);
        self.changed.notify_all();
        Ok(())
    }

    /// A running job has come so far.
    pub(super) fn reached(&self, job: &Job, state: &Arc<StepState>) {
        if let Some(keeper) = self.keeper_of(job).filter(|_| !job.cancel.is_cancelled()) {
            keeper.reach(job.id, state);
        }
    }

    /// The job that was taken is over. One that the program's end interrupted stays with the keeper.
    pub(super) fn done(&self, job: &Job, outcome: &Outcome) {
        let mut list = self.lock();
        let is_kept = list.running.iter().any(|running| running.id == job.id && running.is_kept);
        list.running.retain(|running| running.id != job.id);
        let is_interrupted = list.is_closed && matches!(outcome, Outcome::Cancelled);
        if let Some(keeper) = self.keeper_of(job).filter(|_| is_kept && !is_interrupted) {
            keeper.end(job.id);
        }
    }

    /// A waiting job is gone at once, with its pictures; a running one ends within a block of the network.
    pub(super) fn cancel(&self, id: JobId) {
        let mut list = self.lock();
        let is_closed = list.is_closed;
        if let Some(running) = list.running.iter_mut().find(|running| running.id == id) {
            running.cancel.cancel();
            // At once: it may take a while to end, and must not come back if the program is killed before that.
            if !is_closed
                && std::mem::take(&mut running.is_kept)
                && let Some(keeper) = &self.keeper
            {
                keeper.end(id);
            }
            return;
        }
        let Some(index) = list.waiting.iter().position(|job| job.id == id) else { return };
        let Some(job) = list.waiting.remove(index) else { return };
        if let Some(keeper) = self.keeper_of(&job).filter(|_| !list.is_closed) {
            keeper.end(id);
        }
        drop(list);
        job.mailbox.post(EventKind::Ended(Outcome::Cancelled));
    }

    pub(super) fn cancel_all(&self) {
        for id in self.waiting().into_iter().chain(self.running()) {
            self.cancel(id);
        }
    }

    /// Cancels everything and takes no job any more; what is kept stays so.
    pub(super) fn close(&self) {
        self.lock().is_closed = true;
        self.changed.notify_all();
        self.cancel_all();
    }

    /// While it is paused no job begins; those that run go on.
    pub(super) fn pause(&self, is_paused: bool) {
        self.lock().is_paused = is_paused;
        self.changed.notify_all();
    }

    pub(super) fn is_paused(&self) -> bool {
        self.lock().is_paused
    }

    /// How many more jobs may wait.
    pub(super) fn room(&self) -> usize {
        LENGTH.saturating_sub(self.lock().waiting.len())
    }

    /// In the order in which they will run.
    pub(super) fn waiting(&self) -> Vec<JobId> {
        self.lock().waiting.iter().map(|job| job.id).collect()
    }

    /// In the order in which they were begun.
    pub(super) fn running(&self) -> Vec<JobId> {
        self.lock().running.iter().map(|running| running.id).collect()
    }

    /// Moves a waiting job to `index` of those that wait; `false` when it does not wait any more.
    pub(super) fn move_to(&self, id: JobId, index: usize) -> bool {
        let mut list = self.lock();
        let Some(job) = list.waiting.iter().position(|job| job.id == id).and_then(|at| list.waiting.remove(at)) else {
            return false;
        };
        let index = index.min(list.waiting.len());
        list.waiting.insert(index, job);
        self.report_order(&list);
        true
    }

    /// Lays what waits in this order; what is not in it stands behind, as it stood.
    pub(super) fn arrange(&self, order: &[JobId]) {
        let mut list = self.lock();
        let place = |job: &Job| order.iter().position(|id| *id == job.id).unwrap_or(usize::MAX);
        list.waiting.make_contiguous().sort_by_key(place);
        self.report_order(&list);
    }

    fn report_order(&self, list: &List) {
        if let Some(keeper) = &self.keeper {
            let order: Vec<JobId> = list.waiting.iter().map(|job| job.id).collect();
            keeper.order(&order);
        }
    }

    fn keeper_of(&self, job: &Job) -> Option<&dyn JobKeeper> {
        self.keeper.as_deref().filter(|_| job.is_kept)
    }

    fn lock(&self) -> MutexGuard<'_, List> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl List {
    /// Where the job stands that `worker` takes next. What was handed over had begun, so that a pause does not hold it.
    fn next_for(&self, worker: usize) -> Option<usize> {
        if self.workers.is_resting(worker) {
            return None;
        }
        let may_begin = |job: &Job| !self.is_paused || !job.tried.is_empty();
        let is_new = |job: &Job| !job.tried.contains(&worker) || !self.workers.has_other(worker, &job.tried);
        self.waiting.iter().position(|job| may_begin(job) && is_new(job))
    }
}
