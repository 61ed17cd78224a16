//! Jobs that go into a queue which nodes share instead of to this node's engine: their records are as any others.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::record::{Ended, Happening, Record, State, bytes_of_pictures, lock};
use super::registry::{Jobs, Order, full_of_pictures, stopping};
use super::shared_queue::SharedQueue;
use crate::job::{ErrorKind, JobError, Task, fresh_seed};
use crate::service::names::without_paths;
use crate::service::words;

/// Of one node's clients: what they wait for is held in memory.
const MOST_OPEN: usize = 10_000;
/// What clients of a node are told when it ends.
const STAYS: &str =
    "this node is shutting down; the job stays in the shared queue, and every other node can be asked about it";

impl Jobs {
    /// From now on jobs go there.
    pub(in crate::service) fn share(&self, queue: Arc<dyn SharedQueue>) {
        if self.shared_queue.set(queue).is_err() {
            tracing::error!("a node is in one shared queue only");
        }
    }

    /// How many jobs this machine works on at once.
    #[must_use]
    pub(in crate::service) fn engines(&self) -> usize {
        self.engine.workers()
    }

    pub(super) fn submit_elsewhere(&self, order: Order, queue: &dyn SharedQueue) -> Result<Vec<Arc<Record>>, JobError> {
        let (mut open, mut bytes) = (0, order.requests.first().map_or(0, bytes_of_pictures));
        for record in self.all().iter().filter(|record| record.state() != State::Ended) {
            (open, bytes) = (open + 1, bytes.saturating_add(record.picture_bytes));
        }
        if self.is_stopping() {
            return Err(stopping());
        }
        if bytes > self.shared.most_picture_bytes {
            return Err(full_of_pictures());
        }
        if open + order.requests.len() > MOST_OPEN {
            let full = format!("this node has {open} jobs in the shared queue already; ask another, or later");
            return Err(JobError::new(ErrorKind::Busy, full));
        }
        let mut records: Vec<Arc<Record>> = Vec::with_capacity(order.requests.len());
        for request in order.requests {
            let put = || -> Result<Arc<Record>, JobError> {
                let task = Task::from(without_paths(request.clone()));
                task.validate()?;
                let task = task.to_bytes().map_err(|error| JobError::caused(ErrorKind::Internal, error))?;
                let number = self.last_number.fetch_add(1, Ordering::Relaxed) + 1;
                // Nodes do not know of each other.
                let id = format!("{}{:08x}-{number}", self.run, fresh_seed());
                let record = Arc::new(Record::elsewhere(id, self.engine.new_id(), Some(request), order.previews));
                record.add(Happening::Queued { position: 0 });
                queue.submit(&record, task)?;
                Ok(record)
            };
            match put() {
                Ok(record) => records.push(record),
                Err(error) => {
                    for record in &records {
                        record.cancel();
                    }
                    return Err(error);
                }
            }
        }
        self.shared.tally.submitted.fetch_add(records.len() as u64, Ordering::Relaxed);
        let mut table = lock(&self.shared.table);
        for record in &records {
            for notice in &order.notices {
                record.add(Happening::Notice(self.shared.hidden.in_text(&words::of_notice(notice)).into()));
            }
            table.insert(record.engine_id, Arc::clone(record));
        }
        Ok(records)
    }

    /// As [`Self::find`], in the shared queue too. Takes its time.
    ///
    /// # Errors
    /// When the shared queue cannot be asked.
    pub(in crate::service) fn find_anywhere(&self, id: &str) -> Result<Option<Arc<Record>>, JobError> {
        if let Some(record) = self.find(id) {
            return Ok(Some(record));
        }
        let is_id = !id.is_empty() && id.len() <= 64 && id.chars().all(|one| one.is_ascii_alphanumeric() || one == '-');
        let Some(queue) = self.shared_queue.get().filter(|_| is_id) else { return Ok(None) };
        let new = || {
            let previews = super::Previews::Newest;
            let record = Arc::new(Record::elsewhere(id.to_owned(), self.engine.new_id(), None, previews));
            lock(&self.shared.table).insert(record.engine_id, Arc::clone(&record));
            record
        };
        queue.find(id, &new)
    }

    /// What became of a job of the shared queue.
    pub(in crate::service) fn end_elsewhere(&self, record: &Record, ended: Ended) {
        if record.state() == State::Ended {
            return;
        }
        self.shared.tally.count(&ended);
        lock(&record.asked).take();
        record.add(Happening::Ended(Arc::new(ended)));
        // Last: it may be what calls this.
        drop(lock(&record.carrier).take());
    }

    /// They stay in the shared queue.
    pub(super) fn let_go_elsewhere<'a>(&self, records: impl Iterator<Item = &'a Arc<Record>>) {
        for record in records.filter(|record| record.is_elsewhere) {
            let ended = Ended::Failed { kind: ErrorKind::Stopped, message: STAYS.to_owned() };
            self.end_elsewhere(record, ended);
        }
    }
}
