//! The engine with a scripted backend: order, cancel, failure, panic, several fronts, and what is saved.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // helpers of tests are tests

mod keeping;
mod several;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use inkwick::engine::{Backend, BackendError, EngineHandle, FakeBackend, FakeScript, JobHandle};
use inkwick::job::{
    CancelToken, Compute, Destination, Drawn, ErrorKind, Event, EventKind, Finished, InitPicture, JobError, JobId,
    JobKeeper, JobNote, Keep, Outcome, Progress, Request, Saver, StepState, Task,
};
use inkwick::raster::Picture;
use inkwick::sampling::{History, SchedulerName};

#[derive(Default)]
struct MemorySaver {
    saved: Mutex<Vec<Request>>,
    previews: Mutex<Vec<u32>>,
}

impl Saver for MemorySaver {
    fn check(&self, destination: &Destination) -> Result<(), JobError> {
        match destination {
            Destination::File { path, .. } if path.starts_with("forbidden") => {
                Err(JobError::new(ErrorKind::Storage, "nobody may write there"))
            }
            _ => Ok(()),
        }
    }

    fn save(&self, _: &Destination, drawn: &Drawn) -> Result<PathBuf, JobError> {
        self.saved.lock().unwrap().push(drawn.request.clone());
        Ok(PathBuf::from("saved.png"))
    }

    fn save_preview(&self, _: &Path, step: u32, _: &Picture) -> Result<(), JobError> {
        self.previews.lock().unwrap().push(step);
        Ok(())
    }
}

struct Scene {
    engine: EngineHandle,
    saver: Arc<MemorySaver>,
}

impl Scene {
    fn new(step: Duration) -> Self {
        let saver = Arc::new(MemorySaver::default());
        let script = FakeScript { step_duration: step, ..FakeScript::default() };
        let engine = EngineHandle::start(move || FakeBackend::new(script), saver.clone(), Arc::new(|| {})).unwrap();
        Self { engine, saver }
    }

    fn submit(&self, prompt: &str, seed: u64) -> JobHandle {
        self.engine.submit(request(prompt, seed), Destination::Gallery).unwrap()
    }

    fn submit_file(&self, path: &str, previews: Option<PathBuf>) -> JobHandle {
        self.engine.submit(request("a cat", 1), Destination::File { path: path.into(), previews }).unwrap()
    }

    /// The seeds of what was saved, in order.
    fn saved(&self) -> Vec<u64> {
        self.saver.saved.lock().unwrap().iter().map(|request| request.seed).collect()
    }
}

/// Events up to the last one.
fn until_last(job: &JobHandle) -> Vec<Event> {
    let mut events = Vec::new();
    while !job.is_read() {
        events.push(job.recv_timeout(Duration::from_secs(20)).expect("the engine went silent"));
    }
    events
}

fn until_first_step(job: &JobHandle) {
    let is_step = |event: &Event| matches!(event.kind, EventKind::Progress(Progress::Step { .. }));
    while !is_step(&job.recv_timeout(Duration::from_secs(20)).expect("the engine went silent")) {}
}

fn request(prompt: &str, seed: u64) -> Request {
    Request { prompt: prompt.into(), seed, steps: 4, ..Request::default() }
}

#[track_caller]
fn finished(outcome: Outcome) -> Arc<Finished> {
    let Outcome::Finished(finished) = outcome else { panic!("{outcome:?}") };
    finished
}

#[track_caller]
fn failed(outcome: Outcome) -> JobError {
    let Outcome::Failed(error) = outcome else { panic!("{outcome:?}") };
    error
}

#[test]
fn a_job_is_reported_from_queue_to_file() {
    let scene = Scene::new(Duration::ZERO);
    let job = scene.submit("a cat", 3);
    let events = until_last(&job);
    assert!(matches!(events[0].kind, EventKind::Queued));
    assert!(matches!(events.last().unwrap().kind, EventKind::Ended(Outcome::Finished(_))));
    let done = |event: &Event| match event.kind {
        EventKind::Progress(Progress::Step { done, .. }) => Some(done),
        _ => None,
    };
    assert_eq!(events.iter().filter_map(done).collect::<Vec<_>>(), [1, 2, 3, 4]);
    let finished = finished(job.outcome().unwrap());
    assert_eq!(finished.file, Path::new("saved.png"));
    assert_eq!(finished.request.width, Some(256), "defaults are filled in");
}

#[test]
fn queued_is_always_the_first_event() {
    let scene = Scene::new(Duration::ZERO);
    for seed in 0..200 {
        let job = scene.submit("a cat", seed);
        assert!(matches!(until_last(&job)[0].kind, EventKind::Queued), "job {seed}");
    }
}

#[test]
fn a_failure_and_a_panic_leave_the_engine_ready() {
    let scene = Scene::new(Duration::ZERO);
    let error = failed(scene.submit("this must fail", 1).wait());
    assert!(error.kind == ErrorKind::Request && error.message.contains("always fails"), "{error}");
    let error = failed(scene.submit("this must panic", 1).wait());
    assert!(error.kind == ErrorKind::Internal && error.message.contains("something broke inside"), "{error}");
    finished(scene.submit("a cat", 1).wait());
}

#[test]
fn cancel_answers_and_the_next_job_runs() {
    let scene = Scene::new(Duration::from_millis(50));
    let [running, waiting, next] = [1, 2, 3].map(|seed| scene.submit("a cat", seed));
    until_first_step(&running);
    waiting.cancel();
    assert!(matches!(waiting.outcome(), Some(Outcome::Cancelled)), "what waits is gone at once");
    running.cancel();
    assert!(matches!(running.wait(), Outcome::Cancelled));
    finished(next.wait());
    assert_eq!(scene.saved(), [3], "what was cancelled is not saved");
}

#[test]
fn cancelled_jobs_leave_the_queue_with_their_pictures() {
    let scene = Scene::new(Duration::from_millis(20));
    let running = scene.submit("a cat", 0);
    until_first_step(&running);
    let mut pictures: Vec<Weak<Picture>> = Vec::new();
    for round in 0..3 {
        let waiting: Vec<JobHandle> = (0..64)
            .map(|seed| {
                let picture = Arc::new(Picture::filled(8, 8, [0; 4]));
                pictures.push(Arc::downgrade(&picture));
                let init = Some(InitPicture { picture, strength: 0.5 });
                let request = Request { init, ..request("a cat", seed) };
                let refused = |error| panic!("round {round}, job {seed}: {error}");
                scene.engine.submit(request, Destination::Gallery).unwrap_or_else(refused)
            })
            .collect();
        waiting.iter().for_each(JobHandle::cancel);
        assert!(pictures.iter().all(|picture| picture.upgrade().is_none()), "photos of cancelled jobs stay");
    }
    running.cancel();
    finished(scene.submit("a cat", 7).wait());
    assert_eq!(scene.saved(), [7]);
}

#[test]
fn what_waits_can_be_listed_and_put_in_another_order() {
    let scene = Scene::new(Duration::from_millis(20));
    let [running, first, second, third] = [1, 2, 3, 4].map(|seed| scene.submit("a cat", seed));
    until_first_step(&running);
    let file = Destination::File { path: "x.png".into(), previews: None };
    let in_front = scene.engine.submit_at(request("a cat", 9), file, 0).unwrap();
    assert_eq!(scene.engine.running(), Some(running.id()));
    assert_eq!(scene.engine.waiting(), [&in_front, &first, &second, &third].map(JobHandle::id));
    assert!(scene.engine.move_to(third.id(), 1));
    assert!(scene.engine.move_to(first.id(), 99), "beyond the end is the end");
    assert!(!scene.engine.move_to(running.id(), 0), "what runs does not wait");
    assert_eq!(scene.engine.waiting(), [&in_front, &third, &second, &first].map(JobHandle::id));
    finished(first.wait());
    assert_eq!(scene.saved(), [1, 9, 4, 3, 2]);
}

#[test]
fn fronts_share_an_engine_and_see_their_own_jobs_alone() {
    let scene = Scene::new(Duration::from_millis(5));
    let woken = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&woken);
    let wake = move || {
        count.fetch_add(1, Ordering::Relaxed);
    };
    let service = scene.engine.for_front(Arc::new(wake));
    let of_window = [1, 2].map(|seed| scene.submit("a cat", seed));
    assert_eq!(woken.load(Ordering::Relaxed), 0, "another front's jobs wake nobody here");
    let of_service = service.submit(request("a dog", 3), Destination::Gallery).unwrap();
    let events = until_last(&of_service);
    assert!(events.iter().all(|event| event.job == of_service.id()));
    assert_eq!(events.iter().filter(|event| matches!(event.kind, EventKind::Progress(_))).count(), 6);
    // The last event may be read before the call that announces it.
    let start = Instant::now();
    while woken.load(Ordering::Relaxed) < events.len() {
        assert!(start.elapsed() < Duration::from_secs(20), "nobody wakes the front");
        std::thread::sleep(Duration::from_millis(1));
    }
    for job in &of_window {
        assert!(until_last(job).len() >= 7, "no front takes another's events");
    }
    // One front goes, the other draws on.
    drop(service);
    finished(scene.submit("a cat", 4).wait());
}

#[test]
fn the_last_handle_cancels_what_is_left_and_waits_for_the_thread() {
    let scene = Scene::new(Duration::from_millis(20));
    let [running, waiting] = [1, 2].map(|seed| scene.submit("a cat", seed));
    until_first_step(&running);
    drop(scene.engine);
    assert!(matches!(running.outcome(), Some(Outcome::Cancelled)));
    assert!(matches!(waiting.outcome(), Some(Outcome::Cancelled)));
    assert_eq!(Arc::strong_count(&scene.saver), 1, "the thread is still there");
}

#[test]
fn pictures_are_saved_though_nobody_reads_the_events() {
    let scene = Scene::new(Duration::ZERO);
    for seed in 0..10 {
        // A dropped handle leaves its job alone.
        scene.submit("a cat", seed);
    }
    let start = Instant::now();
    while scene.saver.saved.lock().unwrap().len() < 10 {
        assert!(start.elapsed() < Duration::from_secs(20), "an unread window stalls the engine");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn what_cannot_be_written_is_refused_before_the_work() {
    let scene = Scene::new(Duration::ZERO);
    let job = scene.submit_file("forbidden/a.png", None);
    let events = until_last(&job);
    assert_eq!(failed(job.wait()).message, "nobody may write there");
    assert!(!events.iter().any(|event| matches!(event.kind, EventKind::Progress(_))));
}

#[test]
fn previews_are_written_for_every_step_when_asked_for() {
    let scene = Scene::new(Duration::ZERO);
    finished(scene.submit_file("a.png", Some("steps".into())).wait());
    assert_eq!(*scene.saver.previews.lock().unwrap(), [1, 2, 3, 4]);
}

#[test]
fn a_full_queue_and_an_impossible_request_are_refused() {
    let scene = Scene::new(Duration::from_millis(200));
    let nonsense = Request { steps: 0, ..request("a cat", 1) };
    let refused = scene.engine.submit(nonsense, Destination::Gallery).err();
    assert_eq!(refused.map(|error| error.kind), Some(ErrorKind::Request));
    let refused = (0..100).find_map(|seed| scene.engine.submit(request("a cat", seed), Destination::Gallery).err());
    assert_eq!(refused.map(|error| error.kind), Some(ErrorKind::Busy));
}

#[test]
fn nobody_waits_for_a_thread_that_has_ended() {
    let broken = || -> FakeBackend { panic!("no backend today") };
    let engine = EngineHandle::start(broken, Arc::new(MemorySaver::default()), Arc::new(|| {})).unwrap();
    let start = Instant::now();
    // What was submitted before the thread ended is cancelled, what comes later is refused.
    let refused = loop {
        match engine.submit(request("a cat", 1), Destination::Gallery) {
            Ok(job) => assert!(matches!(job.wait(), Outcome::Cancelled)),
            Err(error) => break error,
        }
        assert!(start.elapsed() < Duration::from_secs(20), "the queue stays open");
    };
    assert_eq!(refused.kind, ErrorKind::Stopped);
}

/// Quotes the prompt in its error, or in its panic.
struct Quoting;

impl Backend for Quoting {
    fn run(&mut self, task: &Task, _: &CancelToken, _: &mut dyn FnMut(Progress)) -> Result<Drawn, BackendError> {
        let Task::Generate(request) = task else { panic!("another task") };
        assert!(request.seed != 0, "a panic over {}", request.prompt);
        let cause = std::io::Error::other(format!("{} was not liked", request.prompt));
        Err(JobError::caused(ErrorKind::Unreadable, cause).into())
    }

    fn reset(&mut self) {}
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn every_failure_is_logged_without_what_the_person_wrote() {
    let lines = Lines::default();
    let for_log = lines.clone();
    tracing_subscriber::fmt().with_ansi(false).with_writer(move || for_log.clone()).init();
    let engine = EngineHandle::start(|| Quoting, Arc::new(MemorySaver::default()), Arc::new(|| {})).unwrap();
    let jobs = [0, 1].map(|seed| {
        let negative = Some("UNWANTED things".to_owned());
        let request = Request { negative, ..request("a SECRET castle", seed) };
        engine.submit(request, Destination::Gallery).unwrap()
    });
    assert_eq!(jobs.each_ref().map(|job| failed(job.wait()).kind), [ErrorKind::Internal, ErrorKind::Unreadable]);
    drop(engine);
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let of = |job: &JobHandle, kind: &str| text.contains(&format!("job {} failed ({kind})", job.id().0));
    assert!(of(&jobs[0], "internal") && of(&jobs[1], "unreadable") && text.contains("was not liked"), "{text}");
    assert!(!text.contains("SECRET") && !text.contains("UNWANTED"), "{text}");
}
