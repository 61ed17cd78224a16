//! Finds the thing that a person points at and makes pictures that steer, on a thread of its own: a click is answered while a
//! picture is being drawn.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::job::{Annotator, ErrorKind, JobError, SelectPrompt, Wake};
use crate::mask::MaskPlane;
use crate::raster::Picture;
use crate::system::log;

/// Asks that may wait at once; of those that find, only the newest is answered.
const ASKS: usize = 16;

/// Whoever knows how to find things.
pub trait Finder: Send + 'static {
    /// Whether there is something to find with; else it must be fetched first.
    fn is_ready(&mut self) -> bool;

    /// 255 where the thing is, as large as the picture. What is learnt of the picture may be kept.
    ///
    /// # Errors
    /// When the weights cannot be read or used. `stop` says that nobody waits any more.
    fn find(&mut self, picture: &Arc<Picture>, prompt: &SelectPrompt, stop: &AtomicBool)
    -> Result<MaskPlane, JobError>;

    /// Fetches what is needed; `on_progress` is given the share that is there.
    ///
    /// # Errors
    /// When it cannot be fetched.
    fn fetch(&mut self, on_progress: &mut dyn FnMut(f32), stop: &AtomicBool) -> Result<(), JobError>;

    /// Whether the weights of this network are there; else they must be fetched first.
    fn can_annotate(&mut self, annotator: Annotator) -> bool;

    /// What the network makes of the picture, as large as that.
    ///
    /// # Errors
    /// When the weights cannot be read or used. `stop` says that nobody waits any more.
    fn annotate(&mut self, annotator: Annotator, picture: &Picture, stop: &AtomicBool) -> Result<Picture, JobError>;

    /// Fetches the weights of this network; `on_progress` is given the share that is there.
    ///
    /// # Errors
    /// When they cannot be fetched.
    fn fetch_annotator(
        &mut self,
        annotator: Annotator,
        on_progress: &mut dyn FnMut(f32),
        stop: &AtomicBool,
    ) -> Result<(), JobError>;
}

/// What is reported.
#[derive(Debug)]
pub enum SelectEvent {
    /// The answer to the ask of this number.
    Found {
        ask: u64,
        mask: MaskPlane,
    },
    /// There is nothing to find with yet.
    Missing,
    Fetching {
        fraction: f32,
    },
    Fetched,
    Failed(JobError),
    /// What was asked for under this number.
    Annotated {
        ask: u64,
        picture: Result<Arc<Picture>, JobError>,
    },
    /// The weights for that are not there yet.
    AnnotatorMissing {
        ask: u64,
    },
    AnnotatorFetching {
        fraction: f32,
    },
    /// Whether they could be fetched.
    AnnotatorFetched(Result<(), JobError>),
}

enum Ask {
    Find { ask: u64, picture: Arc<Picture>, prompt: SelectPrompt },
    Fetch,
    Annotate { ask: u64, annotator: Annotator, picture: Arc<Picture> },
    FetchAnnotator(Annotator),
}

/// The one way to the thread. Dropping it ends what runs and waits for the thread.
pub struct SelectHandle {
    asks: Option<Sender<Ask>>,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    events: Mutex<VecDeque<SelectEvent>>,
    stop: AtomicBool,
    wake: Wake,
}

impl SelectHandle {
    /// Starts the thread. `wake` is called on it after every event.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start<F: Finder>(finder: F, wake: Wake) -> std::io::Result<Self> {
        let (sender, receiver) = bounded(ASKS);
        let shared = Arc::new(Shared { events: Mutex::default(), stop: AtomicBool::new(false), wake });
        let for_thread = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("inkwick-select".into())
            .spawn(move || for_thread.work(&receiver, finder))?;
        Ok(Self { asks: Some(sender), shared, thread: Some(thread) })
    }

    /// Asks for the thing that is pointed at. `false` when too much waits already.
    #[must_use]
    pub fn find(&self, ask: u64, picture: Arc<Picture>, prompt: SelectPrompt) -> bool {
        self.send(Ask::Find { ask, picture, prompt })
    }

    /// Fetches what is needed from the hub.
    #[must_use]
    pub fn fetch(&self) -> bool {
        self.send(Ask::Fetch)
    }

    /// Asks for what a network makes of a picture. `false` when too much waits already.
    #[must_use]
    pub fn annotate(&self, ask: u64, annotator: Annotator, picture: Arc<Picture>) -> bool {
        self.send(Ask::Annotate { ask, annotator, picture })
    }

    /// Fetches a network's weights from the hub.
    #[must_use]
    pub fn fetch_annotator(&self, annotator: Annotator) -> bool {
        self.send(Ask::FetchAnnotator(annotator))
    }

    fn send(&self, ask: Ask) -> bool {
        self.asks.as_ref().is_some_and(|asks| asks.try_send(ask).is_ok())
    }

    /// The next event, if there is one.
    #[must_use]
    pub fn try_recv(&self) -> Option<SelectEvent> {
        self.shared.events().pop_front()
    }
}

impl Drop for SelectHandle {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        self.asks = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that finds things ended in a panic");
        }
    }
}

impl Shared {
    fn work<F: Finder>(&self, asks: &Receiver<Ask>, mut finder: F) {
        while let Ok(first) = asks.recv() {
            // Whoever has clicked again wants the last click's answer. What is fetched is fetched before it is used.
            let waiting = std::iter::once(first).chain(asks.try_iter());
            let (fetches, others): (Vec<Ask>, Vec<Ask>) = waiting.partition(|ask| matches!(ask, Ask::Fetch));
            let (finds, others): (Vec<Ask>, Vec<Ask>) =
                others.into_iter().partition(|ask| matches!(ask, Ask::Find { .. }));
            let newest = [fetches, finds].map(|asks| asks.into_iter().next_back());
            for ask in newest.into_iter().flatten().chain(others) {
                if self.stop.load(Ordering::Relaxed) {
                    return;
                }
                let broken = match &ask {
                    Ask::Annotate { ask, .. } => Some(*ask),
                    _ => None,
                };
                let outcome = catch_unwind(AssertUnwindSafe(|| self.answer(&mut finder, ask)));
                let event = outcome.unwrap_or_else(|_| {
                    let sentence = "something broke inside while the picture was looked at; try it once more";
                    let error = JobError::new(ErrorKind::Internal, sentence);
                    broken.map_or_else(
                        || SelectEvent::Failed(error.clone()),
                        |ask| SelectEvent::Annotated { ask, picture: Err(error.clone()) },
                    )
                });
                if let SelectEvent::Failed(error)
                | SelectEvent::Annotated { picture: Err(error), .. }
                | SelectEvent::AnnotatorFetched(Err(error)) = &event
                {
                    tracing::error!(target: log::SHOWN_TARGET, "selecting failed ({}): {}", error.kind, error.chain());
                }
                self.post(event);
            }
        }
    }

    fn answer<F: Finder>(&self, finder: &mut F, ask: Ask) -> SelectEvent {
        match ask {
            Ask::Find { .. } if !finder.is_ready() => SelectEvent::Missing,
            Ask::Find { ask, picture, prompt } => match finder.find(&picture, &prompt, &self.stop) {
                Ok(mask) => SelectEvent::Found { ask, mask },
                Err(error) => SelectEvent::Failed(error),
            },
            Ask::Fetch => {
                let mut on_progress = |fraction| self.post(SelectEvent::Fetching { fraction });
                match finder.fetch(&mut on_progress, &self.stop) {
                    Ok(()) => SelectEvent::Fetched,
                    Err(error) => SelectEvent::Failed(error),
                }
            }
            Ask::Annotate { ask, annotator, .. } if !finder.can_annotate(annotator) => {
                SelectEvent::AnnotatorMissing { ask }
            }
            Ask::Annotate { ask, annotator, picture } => {
                let picture = finder.annotate(annotator, &picture, &self.stop).map(Arc::new);
                SelectEvent::Annotated { ask, picture }
            }
            Ask::FetchAnnotator(annotator) => {
                let mut on_progress = |fraction| self.post(SelectEvent::AnnotatorFetching { fraction });
                SelectEvent::AnnotatorFetched(finder.fetch_annotator(annotator, &mut on_progress, &self.stop))
            }
        }
    }

    fn post(&self, event: SelectEvent) {
        {
            let mut events = self.events();
            let is_progress = |event: &SelectEvent| {
                matches!(event, SelectEvent::Fetching { .. } | SelectEvent::AnnotatorFetching { .. })
            };
            if is_progress(&event) {
                events.retain(|old| !is_progress(old));
            }
            events.push_back(event);
        }
        (self.wake)();
    }

    fn events(&self) -> std::sync::MutexGuard<'_, VecDeque<SelectEvent>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::job::Click;

    /// Finds everything, once it was fetched; breaks where no click belongs. Does nothing before it is let.
    struct Scripted {
        is_fetched: bool,
        let_go: Receiver<()>,
    }

    impl Finder for Scripted {
        fn is_ready(&mut self) -> bool {
            let _ = self.let_go.recv();
            self.is_fetched
        }

        fn find(
            &mut self,
            picture: &Arc<Picture>,
            prompt: &SelectPrompt,
            _: &AtomicBool,
        ) -> Result<MaskPlane, JobError> {
            assert!(prompt.clicks[0].belongs, "the script wants a click that belongs");
            let mut mask = MaskPlane::empty(picture.width(), picture.height());
            mask.values_mut().fill(255);
            Ok(mask)
        }

        fn fetch(&mut self, on_progress: &mut dyn FnMut(f32), _: &AtomicBool) -> Result<(), JobError> {
            on_progress(0.5);
            self.is_fetched = true;
            Ok(())
        }

        fn can_annotate(&mut self, _: Annotator) -> bool {
            self.is_fetched
        }

        fn annotate(&mut self, _: Annotator, picture: &Picture, _: &AtomicBool) -> Result<Picture, JobError> {
            assert!(picture.width() > 1, "the script wants a wider picture");
            Ok(Picture::filled(picture.width(), picture.height(), [7; 4]))
        }

        fn fetch_annotator(
            &mut self,
            _: Annotator,
            on_progress: &mut dyn FnMut(f32),
            stop: &AtomicBool,
        ) -> Result<(), JobError> {
            self.fetch(on_progress, stop)
        }
    }

    /// A thread, and what lets it look whether it is ready, once for each message.
    fn started() -> (SelectHandle, Sender<()>) {
        let (sender, let_go) = bounded(ASKS);
        let finder = Scripted { is_fetched: false, let_go };
        (SelectHandle::start(finder, Arc::new(|| {})).unwrap(), sender)
    }

    /// The next event but for the progress of a fetch.
    fn next(handle: &SelectHandle) -> SelectEvent {
        let started = Instant::now();
        loop {
            match handle.try_recv() {
                Some(SelectEvent::Fetching { .. } | SelectEvent::AnnotatorFetching { .. }) => {}
                Some(event) => return event,
                None => {
                    assert!(started.elapsed() < Duration::from_secs(10), "nothing is reported");
                    std::thread::sleep(Duration::from_millis(2));
                }
            }
        }
    }

    fn prompt(belongs: bool) -> SelectPrompt {
        SelectPrompt { clicks: vec![Click { at: [1.0, 1.0], belongs }], around: None }
    }

    #[test]
    fn what_is_missing_is_reported_and_a_panic_does_not_end_the_thread() {
        let (handle, let_go) = started();
        for _ in 0..3 {
            let_go.send(()).unwrap();
        }
        let picture = Arc::new(Picture::filled(4, 3, [0; 4]));
        assert!(handle.find(1, Arc::clone(&picture), prompt(true)));
        assert!(matches!(next(&handle), SelectEvent::Missing));
        assert!(handle.fetch());
        assert!(matches!(next(&handle), SelectEvent::Fetched));
        assert!(handle.find(2, Arc::clone(&picture), prompt(false)));
        assert!(matches!(next(&handle), SelectEvent::Failed(error) if error.kind == ErrorKind::Internal));
        assert!(handle.find(3, picture, prompt(true)));
        assert!(matches!(next(&handle), SelectEvent::Found { ask: 3, mask } if mask.values().len() == 12));
    }

    #[test]
    fn a_fetch_between_two_finds_is_not_lost() {
        let (handle, let_go) = started();
        let picture = Arc::new(Picture::filled(4, 3, [0; 4]));
        // The thread is held by the first; the others wait together.
        assert!(handle.find(1, Arc::clone(&picture), prompt(true)));
        while !handle.asks.as_ref().unwrap().is_empty() {
            std::thread::sleep(Duration::from_millis(1));
        }
        assert!(handle.find(2, Arc::clone(&picture), prompt(true)));
        assert!(handle.fetch());
        assert!(handle.find(3, picture, prompt(true)));
        for _ in 0..2 {
            let_go.send(()).unwrap();
        }
        assert!(matches!(next(&handle), SelectEvent::Missing));
        assert!(matches!(next(&handle), SelectEvent::Fetched));
        assert!(matches!(next(&handle), SelectEvent::Found { ask: 3, .. }));
    }

    #[test]
    fn every_picture_that_was_asked_for_is_answered() {
        let (handle, _let_go) = started();
        let wide = || Arc::new(Picture::filled(4, 3, [0; 4]));
        assert!(handle.annotate(1, Annotator::Depth, wide()));
        assert!(matches!(next(&handle), SelectEvent::AnnotatorMissing { ask: 1 }));
        assert!(handle.fetch_annotator(Annotator::Depth));
        assert!(matches!(next(&handle), SelectEvent::AnnotatorFetched(Ok(()))));
        for ask in 2..5 {
            let picture = if ask == 3 { Arc::new(Picture::filled(1, 1, [0; 4])) } else { wide() };
            assert!(handle.annotate(ask, Annotator::Depth, picture));
        }
        assert!(matches!(next(&handle), SelectEvent::Annotated { ask: 2, picture: Ok(made) } if made.size() == [4, 3]));
        assert!(
            matches!(next(&handle), SelectEvent::Annotated { ask: 3, picture: Err(error) } if error.kind == ErrorKind::Internal)
        );
        assert!(matches!(next(&handle), SelectEvent::Annotated { ask: 4, picture: Ok(_) }));
    }
}
