//! The way to the engine, for any number of fronts beside each other, and the handle of one job.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::backend::Backend;
use super::mailbox::Mailbox;
use super::queue::{self, Job, JobQueue};
use super::steps::{KeptSteps, StepShelf};
use super::worker;
use crate::job::{
    CancelToken, Destination, Event, JobError, JobId, JobKeeper, Keep, KeptJob, Outcome, Saver, Task, Wake,
};
use crate::kernels;

/// By the number of its thread; `None` where an engine that was started for one device is asked for a second.
type MakeBackend = Arc<dyn Fn(usize) -> Option<Box<dyn Backend>> + Send + Sync>;

/// One front's way to the engine. Clones and [`EngineHandle::for_front`] share the engine; when the last of them is
/// dropped, all jobs are cancelled and the threads are waited for.
#[derive(Clone)]
pub struct EngineHandle {
    engine: Arc<Engine>,
    wake: Wake,
}

struct Engine {
    queue: Arc<JobQueue>,
    steps: Arc<StepShelf>,
    next_id: AtomicU64,
    /// Begins the thread of a worker, by its number.
    begin: Box<dyn Fn(usize) -> std::io::Result<JoinHandle<()>> + Send + Sync>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl EngineHandle {
    /// Jobs that may wait at once, of all fronts.
    pub const QUEUE_LENGTH: usize = queue::LENGTH;

    /// Starts the thread. The backend is made there, so that nothing slow happens here. `wake` is called after each
    /// event of a job that this handle submits.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start<B: Backend>(
        make_backend: impl FnOnce() -> B + Send + 'static,
        saver: Arc<dyn Saver>,
        wake: Wake,
    ) -> std::io::Result<Self> {
        Self::start_keeping(make_backend, saver, None, wake)
    }

    /// The same with somebody who keeps jobs until they have ended, whatever becomes of the program.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn start_keeping<B: Backend>(
        make_backend: impl FnOnce() -> B + Send + 'static,
        saver: Arc<dyn Saver>,
        keeper: Option<Arc<dyn JobKeeper>>,
        wake: Wake,
    ) -> std::io::Result<Self> {
        let make_backend = Mutex::new(Some(make_backend));
        let make = move |_: usize| {
            let make_backend = make_backend.lock().unwrap_or_else(PoisonError::into_inner).take();
            make_backend.map(|make_backend| Box::new(make_backend()) as Box<dyn Backend>)
        };
        Self::begin(Arc::new(make), 1, saver, keeper, wake)
    }

    /// One thread for each of `count` devices, all with one queue. The backend of each is made on its thread, by its
    /// number from 0.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn start_several<B: Backend>(
        make_backend: impl Fn(usize) -> B + Send + Sync + 'static,
        count: usize,
        saver: Arc<dyn Saver>,
        keeper: Option<Arc<dyn JobKeeper>>,
        wake: Wake,
    ) -> std::io::Result<Self> {
        let make = move |number: usize| Some(Box::new(make_backend(number)) as Box<dyn Backend>);
        Self::begin(Arc::new(make), count, saver, keeper, wake)
    }

    fn begin(
        make_backend: MakeBackend,
        count: usize,
        saver: Arc<dyn Saver>,
        keeper: Option<Arc<dyn JobKeeper>>,
        wake: Wake,
    ) -> std::io::Result<Self> {
        let queue = Arc::new(JobQueue::new(keeper));
        let steps = Arc::<StepShelf>::default();
        let (for_threads, steps_of_threads) = (Arc::clone(&queue), Arc::clone(&steps));
        let begin = move |number: usize| {
            let (queue, make_backend, saver) =
                (Arc::clone(&for_threads), Arc::clone(&make_backend), Arc::clone(&saver));
            let steps = Arc::clone(&steps_of_threads);
            let thread = std::thread::Builder::new().name("inkwick-engine".into());
            thread.spawn(move || {
                let _team = kernels::compute_here();
                worker::work((&*queue, &*steps), number, || make_backend(number), saver.as_ref());
            })
        };
        let (next_id, threads) = (AtomicU64::new(1), Mutex::default());
        let engine = Engine { queue, steps, next_id, begin: Box::new(begin), threads };
        for number in engine.queue.set_workers(count) {
            let thread = (engine.begin)(number)?;
            engine.threads().push(thread);
        }
        Ok(Self { engine: Arc::new(engine), wake })
    }

    /// From now on so many devices take jobs, each on a thread of its own; devices that failed are tried again. What runs
    /// on one that is not wanted any more goes on to its end.
    pub fn set_workers(&self, count: usize) {
        for number in self.engine.queue.set_workers(count) {
            match (self.engine.begin)(number) {
                Ok(thread) => self.engine.threads().push(thread),
                Err(error) => {
                    tracing::error!("the system gives device {number} no thread ({error})");
                    self.engine.queue.lost(number);
                }
            }
        }
    }

    /// How many jobs can run at once: one on each device that has not failed.
    #[must_use]
    pub fn workers(&self) -> usize {
        self.engine.queue.workers()
    }

    /// Another front on the same engine, woken by its own jobs alone.
    #[must_use]
    pub fn for_front(&self, wake: Wake) -> Self {
        Self { engine: Arc::clone(&self.engine), wake }
    }

    /// Puts a job behind all that wait. Never waits.
    ///
    /// # Errors
    /// When the task cannot be carried out by any model, or the queue is full.
    pub fn submit(&self, task: impl Into<Task>, destination: Destination) -> Result<JobHandle, JobError> {
        self.submit_at(task, destination, usize::MAX)
    }

    /// Puts a job at `index` of those that wait: 0 is the next to run.
    ///
    /// # Errors
    /// As [`Self::submit`].
    pub fn submit_at(
        &self,
        task: impl Into<Task>,
        destination: Destination,
        index: usize,
    ) -> Result<JobHandle, JobError> {
        self.submit_kept(task.into(), destination, index, Keep::Not)
    }

    /// The same, kept until it has ended. Where nobody keeps jobs it is as any other.
    ///
    /// # Errors
    /// As [`Self::submit`].
    pub fn submit_kept(
        &self,
        task: Task,
        destination: Destination,
        index: usize,
        keep: Keep,
    ) -> Result<JobHandle, JobError> {
        task.validate()?;
        let id = self.new_id();
        let mailbox = Arc::new(Mailbox::new(id, Arc::clone(&self.wake)));
        let job = Job {
            id,
            task,
            destination,
            cancel: CancelToken::default(),
            mailbox: Arc::clone(&mailbox),
            is_kept: false,
            tried: Vec::new(),
        };
        self.engine.queue.push(job, index, keep)?;
        mailbox.wake();
        Ok(JobHandle { id, mailbox, queue: Arc::clone(&self.engine.queue) })
    }

    /// Puts a job of an earlier run behind all that wait; from now on it is as any other.
    ///
    /// # Errors
    /// As [`Self::submit`].
    pub fn submit_again(&self, kept: KeptJob) -> Result<JobHandle, JobError> {
        self.submit_kept(kept.task, kept.destination, usize::MAX, Keep::Known(kept.key))
    }

    /// A number that no job has, for something that is listed among jobs.
    #[must_use]
    pub fn new_id(&self) -> JobId {
        JobId(self.engine.next_id.fetch_add(1, Ordering::Relaxed))
    }

    /// While it is paused no job begins, of any front; those that run go on.
    pub fn pause(&self, is_paused: bool) {
        self.engine.queue.pause(is_paused);
    }

    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.engine.queue.is_paused()
    }

    /// The waiting jobs of all fronts, in the order in which they will run.
    #[must_use]
    pub fn waiting(&self) -> Vec<JobId> {
        self.engine.queue.waiting()
    }

    /// How many more jobs may wait, of all fronts.
    #[must_use]
    pub fn room(&self) -> usize {
        self.engine.queue.room()
    }

    /// The job that is being worked on, whosever it is; of several the one that was begun first.
    #[must_use]
    pub fn running(&self) -> Option<JobId> {
        self.running_jobs().first().copied()
    }

    /// All jobs that are being worked on, of all fronts, in the order in which they were begun.
    #[must_use]
    pub fn running_jobs(&self) -> Vec<JobId> {
        self.engine.queue.running()
    }

    /// Moves a waiting job to `index` of those that wait: 0 is the next to run. `false` when it does not wait any more.
    #[must_use]
    pub fn move_to(&self, job: JobId, index: usize) -> bool {
        self.engine.queue.move_to(job, index)
    }

    /// Lays what waits in this order; what is not in it, as other fronts' jobs may be, stands behind it.
    pub fn arrange(&self, order: &[JobId]) {
        self.engine.queue.arrange(order);
    }

    /// Keeps the steps of the pictures that go into the gallery from now on, as many as have room in so many bytes: the
    /// newest ones'.
    pub fn keep_steps(&self, most_bytes: usize) {
        self.engine.steps.limit(most_bytes);
    }

    /// What is kept of a job's steps; `None` where it is none that draws, or too long ago.
    #[must_use]
    pub fn steps_of(&self, job: JobId) -> Option<KeptSteps> {
        self.engine.steps.of(job)
    }

    /// Cancels everything that runs or waits, of all fronts.
    pub fn cancel_all(&self) {
        self.engine.queue.cancel_all();
    }
}

impl Engine {
    fn threads(&self) -> MutexGuard<'_, Vec<JoinHandle<()>>> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.queue.close();
        let threads = std::mem::take(&mut *self.threads());
        for thread in threads {
            if thread.thread().id() == std::thread::current().id() {
                tracing::warn!("an engine's thread is not waited for: it dropped the last handle itself");
            } else if thread.join().is_err() {
                tracing::error!("an engine's thread ended in a panic");
            }
        }
    }
}

/// One job: its stream of events, its cancel and its outcome. Dropping it leaves the job alone.
pub struct JobHandle {
    id: JobId,
    mailbox: Arc<Mailbox>,
    queue: Arc<JobQueue>,
}

impl JobHandle {
    #[must_use]
    pub fn id(&self) -> JobId {
        self.id
    }

    /// A waiting job is gone at once, a running one within a block of the network.
    pub fn cancel(&self) {
        self.queue.cancel(self.id);
    }

    /// The next event, if there is one.
    #[must_use]
    pub fn try_recv(&self) -> Option<Event> {
        self.mailbox.try_take()
    }

    /// Waits for the next event; `None` after `timeout`, or when the last one was read.
    #[must_use]
    pub fn recv_timeout(&self, timeout: Duration) -> Option<Event> {
        self.mailbox.take_timeout(timeout)
    }

    /// What became of the job, once it has ended, whether or not its events were read.
    #[must_use]
    pub fn outcome(&self) -> Option<Outcome> {
        self.mailbox.outcome()
    }

    /// Waits for the end of the job.
    #[must_use]
    pub fn wait(&self) -> Outcome {
        self.mailbox.wait()
    }

    /// Whether the job has ended and every event was read.
    #[must_use]
    pub fn is_read(&self) -> bool {
        self.mailbox.is_read()
    }
}
