//! The way to the thread that writes the queue down: the engine and the window never wait for a disk.

use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Sender, bounded, unbounded};

use super::LeftBehind;
use super::desk::{Command, Desk, lock};
use super::error::QueueError;
use super::folder::Folder;
use super::writer::Writer;
use crate::job::{Destination, JobError, JobId, JobKeeper, Keep, StepState, Task, Wake};

/// How often the step that a job has come to is written at most.
const STEP_PAUSE: Duration = Duration::from_millis(1500);

/// Dropping it writes what is not written yet and waits for the thread.
pub struct QueueKeeper {
    shared: Arc<Desk>,
    commands: Sender<Command>,
    thread: Option<JoinHandle<()>>,
}

impl QueueKeeper {
    /// Opens the queue in `folder`, making it if need be. `wake` is called when it was read, and after each problem.
    ///
    /// # Errors
    /// When another program has it open, or the disk does not allow it.
    pub fn open(folder: &Path, wake: Wake) -> Result<Self, QueueError> {
        Self::open_with(folder, wake, STEP_PAUSE)
    }

    pub(super) fn open_with(folder: &Path, wake: Wake, step_pause: Duration) -> Result<Self, QueueError> {
        let folder = Folder::open(folder)?;
        let shared = Arc::new(Desk::new(wake));
        let (commands, received) = unbounded();
        let (path, for_thread) = (folder.path.clone(), Arc::clone(&shared));
        let thread = std::thread::Builder::new()
            .name("inkwick-queue".into())
            .spawn(move || Writer::begin(folder, for_thread, step_pause).work(&received))
            .map_err(|source| QueueError::Disk { source, folder: path })?;
        Ok(Self { shared, commands, thread: Some(thread) })
    }

    /// What earlier runs left, once, when it was read. It is kept until it has been submitted again and has ended.
    #[must_use]
    pub fn take_left(&self) -> Option<LeftBehind> {
        lock(&self.shared.left).take()
    }

    /// What could not be kept since this was asked last.
    #[must_use]
    pub fn take_problem(&self) -> Option<JobError> {
        lock(&self.shared.problems).pop()
    }

    /// Waits until everything that was said so far is on the disk, for those who have promised that. Gives a sentence where
    /// something could not be written.
    #[must_use]
    pub fn flush(&self) -> Option<String> {
        let (done, wait) = bounded(1);
        self.commands.send(Command::Flush(done)).ok()?;
        wait.recv().ok().flatten()
    }

    fn send(&self, command: Command) {
        // The thread lives as long as this.
        let _ = self.commands.send(command);
    }
}

impl JobKeeper for QueueKeeper {
    fn add(&self, job: JobId, task: &Task, destination: &Destination, keep: Keep) {
        match keep {
            Keep::Not => {}
            Keep::Known(key) => self.send(Command::Know { job, key }),
            Keep::New(note) => {
                let (task, destination) = (Box::new(task.clone()), destination.clone());
                self.send(Command::Add { job, task, destination, note });
            }
        }
    }

    fn order(&self, waiting: &[JobId]) {
        self.send(Command::Order(waiting.to_vec()));
    }

    fn begin(&self, job: JobId) {
        self.send(Command::Begin(job));
    }

    fn reach(&self, job: JobId, state: &Arc<StepState>) {
        lock(&self.shared.steps).insert(job, Arc::clone(state));
    }

    fn end(&self, job: JobId) {
        lock(&self.shared.steps).remove(&job);
        self.send(Command::End(job));
    }
}

impl Drop for QueueKeeper {
    fn drop(&mut self) {
        self.send(Command::Close);
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that keeps the queue ended in a panic");
        }
    }
}
