//! All jobs of the service, and the thread that follows them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::expiry::expired;
use super::follow::follow;
use super::kept::{KeptJobs, keep_as};
use super::previews::Previews;
use super::record::{Happening, Record, State, bytes_of_pictures, lock};
use super::shared_queue::SharedQueue;
use super::tally::Tally;
use crate::engine::EngineHandle;
use crate::job::{Destination, ErrorKind, JobError, JobId, Keep, Notice, Outcome, Request, Task, fresh_seed};
use crate::service::options::ServiceOptions;
use crate::service::words::{self, Hidden};

/// How often ended jobs are looked through when nothing happens.
const IDLE: Duration = Duration::from_secs(5);

/// What is asked for at once: all of it is taken, or none.
pub(in crate::service) struct Order {
    pub requests: Vec<Request>,
    pub notices: Vec<Notice>,
    pub previews: Previews,
    pub destination: Destination,
}

pub(in crate::service) struct Jobs {
    pub(super) engine: EngineHandle,
    pub(super) shared: Arc<Shared>,
    wake: Sender<()>,
    thread: Option<JoinHandle<()>>,
    /// Tells the ids of this run of the server from those of another.
    pub(super) run: String,
    pub(super) last_number: AtomicU64,
    /// Where jobs go instead of to the engine.
    pub(super) shared_queue: OnceLock<Arc<dyn SharedQueue>>,
}

pub(super) struct Shared {
    /// In the order in which they were asked for.
    pub(super) table: Mutex<BTreeMap<JobId, Arc<Record>>>,
    pub(super) tally: Tally,
    pub(super) hidden: Hidden,
    /// No new job is taken.
    stopping: AtomicBool,
    closing: AtomicBool,
    keep: Duration,
    most_ended_bytes: u64,
    pub(super) most_picture_bytes: u64,
    kept: Option<KeptJobs>,
}

impl Jobs {
    /// # Errors
    /// When the system gives no thread.
    pub(in crate::service) fn start(
        engine: &EngineHandle,
        options: &ServiceOptions,
        hidden: Hidden,
        kept: Option<KeptJobs>,
    ) -> std::io::Result<Self> {
        let (wake, woken) = bounded(1);
        let for_engine = wake.clone();
        // Full means that a look is due anyway.
        let look = move || {
            let _ = for_engine.try_send(());
        };
        let engine = engine.for_front(Arc::new(look));
        let shared = Arc::new(Shared {
            table: Mutex::default(),
            tally: Tally::default(),
            hidden,
            stopping: AtomicBool::new(false),
            closing: AtomicBool::new(false),
            keep: options.keep_ended,
            most_ended_bytes: options.max_ended_bytes,
            most_picture_bytes: options.max_waiting_picture_bytes,
            kept,
        });
        shared.go_on(&engine);
        let (for_thread, its_engine) = (Arc::clone(&shared), engine.clone());
        let thread = std::thread::Builder::new()
            .name("inkwick-service".into())
            .spawn(move || for_thread.work(&its_engine, &woken))?;
        let run = format!("{:08x}", fresh_seed());
        let (last_number, shared_queue) = (AtomicU64::new(0), OnceLock::new());
        Ok(Self { engine, shared, wake, thread: Some(thread), run, last_number, shared_queue })
    }

    /// Has something done that nobody follows, and waits for it.
    ///
    /// # Errors
    /// As [`Self::submit`].
    pub(in crate::service) fn run_aside(&self, task: impl Into<Task>) -> Result<Outcome, JobError> {
        if self.is_stopping() {
            return Err(stopping());
        }
        Ok(self.engine.submit(task, Destination::Front)?.wait())
    }

    /// Takes all of an order, or none of it.
    ///
    /// # Errors
    /// `Busy` when the queue has no room for all, `Stopped` when the server is ending, `Request` when a value is out of
    /// its range.
    pub(in crate::service) fn submit(&self, order: Order) -> Result<Vec<Arc<Record>>, JobError> {
        match self.shared_queue.get() {
            Some(queue) => self.submit_elsewhere(order, queue.as_ref()),
            None => self.submit_here(order, None),
        }
    }

    /// As [`Self::submit`], to this machine's engine; a job may have its id already.
    ///
    /// # Errors
    /// As there.
    pub(in crate::service) fn submit_here(
        &self,
        order: Order,
        known_id: Option<&str>,
    ) -> Result<Vec<Arc<Record>>, JobError> {
        let mut table = lock(&self.shared.table);
        if self.is_stopping() {
            return Err(stopping());
        }
        // The pictures of a batch are one.
        let new_bytes = order.requests.first().map_or(0, bytes_of_pictures);
        let waiting_bytes: u64 =
            table.values().filter(|record| record.state() != State::Ended).map(|record| record.picture_bytes).sum();
        if waiting_bytes.saturating_add(new_bytes) > self.shared.most_picture_bytes {
            return Err(full_of_pictures());
        }
        let (wanted, room) = (order.requests.len(), self.engine.room());
        if wanted > room {
            let most = EngineHandle::QUEUE_LENGTH;
            let full = format!("{wanted} more would be too many: of {most} places in the queue {room} are free");
            return Err(JobError::new(ErrorKind::Busy, full));
        }
        let mut records: Vec<Arc<Record>> = Vec::with_capacity(wanted);
        for (index, request) in order.requests.into_iter().enumerate() {
            let new_id = || format!("{}-{}", self.run, self.last_number.fetch_add(1, Ordering::Relaxed) + 1);
            let id = known_id.map_or_else(new_id, str::to_owned);
            let keep = self.shared.kept.as_ref().map_or(Keep::Not, |_| keep_as(&id));
            let task = Task::from(request.clone());
            match self.engine.submit_kept(task, order.destination.clone(), usize::MAX, keep) {
                Ok(handle) => {
                    let mut record = Record::new(id, handle, request, order.previews);
                    if index + 1 < wanted {
                        // The last one ends last.
                        record.picture_bytes = 0;
                    }
                    records.push(Arc::new(record));
                }
                Err(error) => {
                    // Another front took the room.
                    for record in &records {
                        record.cancel();
                    }
                    return Err(error);
                }
            }
        }
        self.shared.tally.submitted.fetch_add(records.len() as u64, Ordering::Relaxed);
        let waiting = self.engine.waiting();
        for record in &records {
            let position = waiting.iter().position(|id| *id == record.engine_id).unwrap_or(0);
            record.add(Happening::Queued { position });
            for notice in &order.notices {
                record.add(Happening::Notice(self.shared.hidden.in_text(&words::of_notice(notice)).into()));
            }
            table.insert(record.engine_id, Arc::clone(record));
        }
        drop(table);
        // What is said to be taken is not lost any more.
        if let Some(unwritten) = self.shared.kept.as_ref().and_then(KeptJobs::flush) {
            for record in &records {
                record.add(Happening::Notice(self.shared.hidden.in_text(&unwritten).into()));
            }
        }
        Ok(records)
    }

    /// Has a job stop, which is noted at once where jobs are kept.
    pub(in crate::service) fn cancel(&self, record: &Record) {
        record.cancel();
        if let Some(kept) = self.shared.kept.as_ref().filter(|_| record.state() != State::Ended) {
            kept.cancelled(record);
        }
    }

    #[must_use]
    pub(in crate::service) fn find(&self, id: &str) -> Option<Arc<Record>> {
        lock(&self.shared.table).values().find(|record| record.id == id).cloned()
    }

    /// In the order in which they were asked for.
    #[must_use]
    pub(in crate::service) fn all(&self) -> Vec<Arc<Record>> {
        lock(&self.shared.table).values().cloned().collect()
    }

    /// Lets an ended job go.
    pub(in crate::service) fn forget(&self, record: &Record) {
        lock(&self.shared.table).remove(&record.engine_id);
        if let Some(kept) = &self.shared.kept {
            kept.forget(record);
        }
    }

    /// `false` when it does not wait any more.
    #[must_use]
    pub(in crate::service) fn move_to(&self, record: &Record, position: usize) -> bool {
        let table = lock(&self.shared.table);
        let moved = self.engine.move_to(record.engine_id, position);
        let waiting = self.engine.waiting();
        table.values().for_each(|record| place(record, &waiting));
        moved
    }

    /// How many wait before it, of all fronts; `None` when it does not wait.
    #[must_use]
    pub(in crate::service) fn position(&self, record: &Record) -> Option<usize> {
        self.engine.waiting().iter().position(|id| *id == record.engine_id)
    }

    /// The jobs that are being worked on, of the service's.
    pub(in crate::service) fn running(&self) -> Vec<Arc<Record>> {
        let table = lock(&self.shared.table);
        let running =
            self.engine.running_jobs().into_iter().filter_map(|job| table.get(&job).cloned()).collect::<Vec<_>>();
        drop(table);
        // They may have said nothing yet.
        for record in &running {
            record.begin();
        }
        running
    }

    /// Whether no more may wait now.
    #[must_use]
    pub(in crate::service) fn is_full(&self) -> bool {
        self.engine.room() == 0
    }

    /// How many wait, of all fronts.
    #[must_use]
    pub(in crate::service) fn waiting(&self) -> usize {
        self.engine.waiting().len()
    }

    #[must_use]
    pub(in crate::service) fn tally(&self) -> &Tally {
        &self.shared.tally
    }

    /// What ended jobs hold.
    #[must_use]
    pub(in crate::service) fn kept_bytes(&self) -> u64 {
        self.all().iter().filter(|record| record.state() == State::Ended).map(|record| record.kept_bytes()).sum()
    }

    /// Seconds until there may be room in the queue.
    #[must_use]
    pub(in crate::service) fn seconds_until_room(&self) -> u64 {
        self.tally().mean_seconds().map_or(5, |seconds| seconds.ceil().clamp(1.0, 600.0) as u64)
    }

    #[must_use]
    pub(in crate::service) fn is_stopping(&self) -> bool {
        self.shared.stopping.load(Ordering::Acquire)
    }

    /// Takes no job any more and hands those back that wait; those that run go on.
    pub(in crate::service) fn stop(&self) {
        // Under the table's lock, so that no order is half in.
        let table = lock(&self.shared.table);
        self.shared.stopping.store(true, Ordering::Release);
        let waiting = self.engine.waiting();
        for record in table.values().filter(|record| waiting.contains(&record.engine_id)) {
            record.hand_back();
        }
        self.let_go_elsewhere(table.values());
    }

    /// Ends all of the service's jobs now; where they are kept they go on at the next start.
    pub(in crate::service) fn cancel_all(&self) {
        let is_kept = self.shared.kept.is_some();
        self.all().iter().for_each(|record| if is_kept { record.hand_back() } else { record.cancel() });
    }

    #[must_use]
    pub(in crate::service) fn are_all_ended(&self) -> bool {
        self.all().iter().all(|record| record.state() == State::Ended)
    }
}

impl Drop for Jobs {
    fn drop(&mut self) {
        self.shared.closing.store(true, Ordering::Release);
        let _ = self.wake.try_send(());
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that follows the service's jobs ended in a panic");
        }
    }
}

impl Shared {
    fn work(&self, engine: &EngineHandle, woken: &Receiver<()>) {
        while !self.closing.load(Ordering::Acquire) {
            let live: Vec<Arc<Record>> = {
                let table = lock(&self.table);
                table.values().filter(|record| record.state() != State::Ended).cloned().collect()
            };
            let (waiting, running) = (engine.waiting(), engine.running_jobs());
            for record in live {
                follow(&record, &self.tally, &self.hidden, self.kept.as_ref());
                if running.contains(&record.engine_id) {
                    record.begin();
                }
                if record.state() == State::Waiting {
                    place(&record, &waiting);
                }
            }
            self.expire();
            let _ = woken.recv_timeout(IDLE);
        }
    }

    fn expire(&self) {
        let mut table = lock(&self.table);
        let sizes: Vec<(Option<Instant>, u64)> =
            table.values().map(|record| (record.ended_at(), record.kept_bytes())).collect();
        let mut gone = expired(&sizes, Instant::now(), self.keep, self.most_ended_bytes).into_iter();
        table.retain(|_, record| {
            let is_gone = gone.next().unwrap_or(false);
            if let Some(kept) = self.kept.as_ref().filter(|_| is_gone) {
                kept.forget(record);
            }
            !is_gone
        });
    }

    /// Takes up what earlier runs of the server left: what became of their jobs, and those that have not ended.
    fn go_on(&self, engine: &EngineHandle) {
        let Some(kept) = &self.kept else { return };
        let (ended, open, notices) = kept.read(|| engine.new_id());
        for notice in notices {
            tracing::warn!("{}", notice.message);
        }
        let mut table = lock(&self.table);
        table.extend(ended.into_iter().map(|record| (record.engine_id, Arc::new(record))));
        for job in open {
            let (id, request) = (job.note.name.clone(), job.task.request().clone());
            match engine.submit_again(job) {
                Ok(handle) => {
                    let record = Record::new(id, handle, request, Previews::Newest);
                    table.insert(record.engine_id, Arc::new(record));
                }
                Err(error) => tracing::warn!("job {id} waits for the next start: {}", error.message),
            }
        }
    }
}

/// Says where a waiting job stands, when that has changed.
fn place(record: &Record, waiting: &[JobId]) {
    let Some(position) = waiting.iter().position(|id| *id == record.engine_id) else { return };
    let before = record.last(|happening| match happening {
        Happening::Queued { position } => Some(*position),
        _ => None,
    });
    if before != Some(position) {
        record.add(Happening::Queued { position });
    }
}

pub(super) fn stopping() -> JobError {
    JobError::new(ErrorKind::Stopped, "the server is shutting down; send it again later")
}

pub(super) fn full_of_pictures() -> JobError {
    JobError::new(ErrorKind::Busy, "the pictures of the waiting jobs fill the memory set aside for them")
}
