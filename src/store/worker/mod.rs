//! The store's threads: all file work of the window happens there, so that the window never waits for a disk.
//!
//! Commands go in through [`StoreHandle::send`], events come out of [`StoreHandle::try_recv`]; neither ever blocks. Six
//! threads take the commands: what was drawn is kept however long a scan of folders takes, and so is a picture opened.
//! The order of events holds for the commands of one thread only.

mod error;
mod gallery_message;
mod gallery_tasks;
mod lane;
mod message;
mod pending;
mod single_files;
mod tasks;

use std::collections::VecDeque;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::job::Wake;
use crate::store::paths::Paths;
pub use crate::store::worker::gallery_message::{GalleryCommand, GalleryEvent, Relative};
use crate::store::worker::lane::Lane;
pub use crate::store::worker::message::{Painted, StoreCommand, StoreEvent};
use crate::store::worker::pending::{Pending, Task};
use crate::store::worker::tasks::Tasks;

/// The one way to the store. Dropping it writes what is waiting to be written and waits for the threads.
pub struct StoreHandle {
    lanes: Vec<(Arc<Queue>, JoinHandle<()>)>,
    outbox: Arc<Outbox>,
    closing: Arc<AtomicBool>,
}

/// What one thread has to do.
#[derive(Default)]
struct Queue {
    pending: Mutex<Pending>,
    arrived: Condvar,
}

/// What all of them answer.
struct Outbox {
    events: Mutex<VecDeque<StoreEvent>>,
    wake: Wake,
}

impl StoreHandle {
    /// Starts the threads. `wake` is called on them after every event.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(paths: &Paths, wake: Wake) -> io::Result<Self> {
        Self::start_with(paths, wake, |_| ())
    }

    /// The same on a slow disk: every command takes so much longer. For tests of what must not wait for it.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn start_slow(paths: &Paths, wake: Wake, delay: Duration) -> io::Result<Self> {
        Self::start_with(paths, wake, move |_| std::thread::sleep(delay))
    }

    /// `before_task` is called before every task, on the thread that carries it out: tests make the disk slow with it.
    fn start_with(paths: &Paths, wake: Wake, before_task: impl Fn(&Task) + Clone + Send + 'static) -> io::Result<Self> {
        let outbox = Arc::new(Outbox { events: Mutex::default(), wake });
        // Where a later thread cannot be started, dropping this ends the earlier ones.
        let mut handle = Self { lanes: Vec::with_capacity(Lane::ALL.len()), outbox, closing: Arc::default() };
        for lane in Lane::ALL {
            let (queue, outbox) = (Arc::new(Queue::default()), Arc::clone(&handle.outbox));
            let (for_thread, before_task) = (Arc::clone(&queue), before_task.clone());
            let mut tasks = Tasks::new(paths.clone(), Arc::clone(&handle.closing));
            let thread = std::thread::Builder::new()
                .name(lane.thread_name().into())
                .spawn(move || for_thread.work(lane, &mut tasks, &outbox, &before_task))?;
            handle.lanes.push((queue, thread));
        }
        Ok(handle)
    }

    /// Asks for something. Never waits for the disk.
    pub fn send(&self, command: StoreCommand) {
        if matches!(command, StoreCommand::ScanGallery) {
            // What is listed can be searched too.
            self.send(StoreCommand::IndexGallery);
        }
        for lane in Lane::also(&command) {
            self.push(*lane, command.clone());
        }
        self.push(Lane::of(&command), command);
    }

    fn push(&self, lane: Lane, command: StoreCommand) {
        // All lanes are there: `start` gives no handle else.
        if let Some((queue, _)) = self.lanes.get(lane as usize) {
            queue.pending().push(command);
            queue.arrived.notify_one();
        }
    }

    /// The next event, if there is one.
    #[must_use]
    pub fn try_recv(&self) -> Option<StoreEvent> {
        self.outbox.events().pop_front()
    }
}

impl Drop for StoreHandle {
    fn drop(&mut self) {
        self.closing.store(true, Ordering::Relaxed);
        for (queue, _) in &self.lanes {
            queue.pending().close();
            queue.arrived.notify_one();
        }
        for (_, thread) in self.lanes.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread of the store ended in a panic");
            }
        }
    }
}

impl Queue {
    fn work(&self, lane: Lane, tasks: &mut Tasks, outbox: &Outbox, before_task: &dyn Fn(&Task)) {
        while let Some(task) = self.wait_for_task() {
            let opens_canvas = matches!(task, Task::Command(StoreCommand::OpenCanvas));
            // A decoder that breaks on one file must not take the thread with it.
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                before_task(&task);
                tasks.run(task, &mut |event| outbox.post(event));
            }));
            if outcome.is_err() {
                outbox.post(StoreEvent::Problem(lane.panicked().into()));
                if opens_canvas {
                    // The window waits for one.
                    outbox.post(StoreEvent::Canvas(Box::default()));
                }
            }
        }
    }

    /// `None` when the handle is gone and nothing is left to do.
    fn wait_for_task(&self) -> Option<Task> {
        let mut pending = self.pending();
        loop {
            let task = pending.next();
            if task.is_some() || pending.is_closed() {
                return task;
            }
            pending = self.arrived.wait(pending).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Outbox {
    fn post(&self, event: StoreEvent) {
        self.events().push_back(event);
        (self.wake)();
    }

    fn events(&self) -> MutexGuard<'_, VecDeque<StoreEvent>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
