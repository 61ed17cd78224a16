//! What would take longer than a frame, done on other threads; what comes of it is an action.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::{Builder, JoinHandle};

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::job::Wake;
use crate::ui::action::Action;

/// Pieces of work that may wait.
const QUEUE_LENGTH: usize = 32;

type Work = Box<dyn FnOnce() -> Option<Action> + Send>;

struct Job {
    work: Work,
    /// Happens instead where the work panics or finds no thread.
    failed: Option<Action>,
}

pub(crate) struct Background {
    jobs: Option<Sender<Job>>,
    worker: Option<JoinHandle<()>>,
    answers: (Sender<Action>, Receiver<Action>),
    wake: Wake,
}

impl Background {
    /// Starts the worker, on which pixels are computed one piece of work after the other.
    #[must_use]
    pub(crate) fn start(wake: Wake) -> Self {
        let (sender, receiver) = bounded::<Job>(QUEUE_LENGTH);
        let answers = bounded(QUEUE_LENGTH);
        let (for_worker, waking) = (answers.0.clone(), wake.clone());
        let spawned = Builder::new().name("inkwick-worker".into()).spawn(move || {
            for job in receiver {
                job.run(&for_worker, &waking);
            }
        });
        if let Err(error) = &spawned {
            tracing::error!("the window's worker could not be started: {error}");
        }
        Self { jobs: spawned.is_ok().then_some(sender), worker: spawned.ok(), answers, wake }
    }

    /// Does `work` on the worker, after what was given to it before.
    pub(crate) fn queue(&self, failed: Option<Action>, work: impl FnOnce() -> Option<Action> + Send + 'static) {
        let job = Job { work: Box::new(work), failed };
        let refused = match &self.jobs {
            Some(jobs) => jobs.try_send(job).map_err(crossbeam_channel::TrySendError::into_inner),
            None => Err(job),
        };
        if let Err(job) = refused {
            self.give_up(job.failed);
        }
    }

    /// Does `work` on a thread of its own: it may wait for a person (a locked keyring) or read for minutes (a hash).
    pub(crate) fn aside(&self, failed: Option<Action>, work: impl FnOnce() -> Option<Action> + Send + 'static) {
        let (answers, wake) = (self.answers.0.clone(), self.wake.clone());
        let job = Job { work: Box::new(work), failed: failed.clone() };
        // Not joined: the window must close at once, and all that such a thread does is read, or hand the token over.
        if let Err(error) = Builder::new().name("inkwick-aside".into()).spawn(move || job.run(&answers, &wake)) {
            tracing::warn!("the system gives no thread: {error}");
            self.give_up(failed);
        }
    }

    fn give_up(&self, failed: Option<Action>) {
        if let Some(action) = failed {
            // Where even this finds no place, there are answers enough to wake the window.
            let _ = self.answers.0.try_send(action);
        }
    }

    /// Where others that answer (a file dialog) send their action.
    #[must_use]
    pub(crate) fn answers(&self) -> &Sender<Action> {
        &self.answers.0
    }

    pub(crate) fn try_recv(&self) -> Option<Action> {
        self.answers.1.try_recv().ok()
    }
}

impl Job {
    fn run(self, answers: &Sender<Action>, wake: &Wake) {
        let Self { work, failed } = self;
        let answer = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
            tracing::error!("a piece of the window's work ended in a panic");
            failed
        });
        if let Some(action) = answer
            && answers.send(action).is_ok()
        {
            wake();
        }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.jobs = None;
        // Nobody reads the answers any more: a worker that waits to send one gets an error and goes on to its end.
        self.answers = bounded(0);
        if let Some(worker) = self.worker.take()
            && worker.join().is_err()
        {
            tracing::error!("the window's worker ended in a panic");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use super::*;
    use crate::ui::action::WindowAction;

    fn next(background: &Background) -> Action {
        let started = Instant::now();
        loop {
            if let Some(action) = background.try_recv() {
                return action;
            }
            assert!(started.elapsed() < Duration::from_secs(10), "no answer came");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    #[test]
    fn a_panic_is_answered_and_the_next_piece_of_work_is_done() {
        let background = Background::start(Arc::new(|| ()));
        let closed = |id| Some(Action::Window(WindowAction::CloseToast(id)));
        for (number, start) in [Background::queue, |background: &Background, failed, work: fn() -> Option<Action>| {
            background.aside(failed, work);
        }]
        .into_iter()
        .enumerate()
        {
            let number = number as u64;
            start(&background, closed(number), || panic!("as asked for"));
            assert!(matches!(next(&background), Action::Window(WindowAction::CloseToast(id)) if id == number));
            start(&background, None, || Some(Action::Window(WindowAction::CloseSheet)));
            assert!(matches!(next(&background), Action::Window(WindowAction::CloseSheet)));
        }
    }

    #[test]
    fn the_end_does_not_wait_for_answers_that_nobody_reads() {
        let background = Background::start(Arc::new(|| ()));
        for _ in 0..QUEUE_LENGTH {
            background.queue(None, || Some(Action::Window(WindowAction::CloseSheet)));
        }
        std::thread::sleep(Duration::from_millis(20));
        for _ in 0..QUEUE_LENGTH / 2 {
            background.queue(None, || Some(Action::Window(WindowAction::CloseSheet)));
        }
        drop(background);
    }
}
