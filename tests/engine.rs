//! The engine with a scripted backend: order, cancel, failure, panic, and what is saved.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // helpers of tests are tests

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use inkwick::engine::{EngineError, EngineHandle, FakeBackend, FakeScript};
use inkwick::job::{
    Destination, Drawn, ErrorKind, Event, EventKind, JobError, JobId, Outcome, Progress, Request, Saver,
};
use inkwick::raster::Picture;

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

    fn submit(&self, prompt: &str, seed: u64) -> JobId {
        self.engine.submit(request(prompt, seed), Destination::Gallery).unwrap()
    }

    fn submit_file(&self, path: &str, previews: Option<PathBuf>) -> JobId {
        self.engine.submit(request("a cat", 1), Destination::File { path: path.into(), previews }).unwrap()
    }

    /// Events up to the last one of `job`.
    fn until_last(&self, job: JobId) -> Vec<Event> {
        let mut events = Vec::new();
        loop {
            let event = self.engine.recv_timeout(Duration::from_secs(20)).expect("the engine went silent");
            let is_last = event.job == job && matches!(event.kind, EventKind::Ended(_));
            events.push(event);
            if is_last {
                return events;
            }
        }
    }
}

fn request(prompt: &str, seed: u64) -> Request {
    Request { prompt: prompt.into(), seed, steps: 4, ..Request::default() }
}

fn last_kind(events: &[Event]) -> &EventKind {
    &events.last().unwrap().kind
}

#[test]
fn a_job_is_told_from_queue_to_file() {
    let scene = Scene::new(Duration::ZERO);
    let events = scene.until_last(scene.submit("a cat", 3));
    assert!(matches!(events[0].kind, EventKind::Queued));
    let done = |event: &Event| {
        if let EventKind::Progress(Progress::Step { done, .. }) = event.kind { Some(done) } else { None }
    };
    assert_eq!(events.iter().filter_map(done).collect::<Vec<_>>(), [1, 2, 3, 4]);
    let EventKind::Ended(Outcome::Finished(finished)) = last_kind(&events) else { panic!("{events:?}") };
    assert_eq!(finished.file, Path::new("saved.png"));
    assert_eq!(finished.request.width, Some(256), "defaults are filled in");
}

#[test]
fn a_failure_and_a_panic_leave_the_engine_ready() {
    let scene = Scene::new(Duration::ZERO);
    for (prompt, word) in [("this must fail", "always fails"), ("this must panic", "something broke inside")] {
        let events = scene.until_last(scene.submit(prompt, 1));
        let EventKind::Ended(Outcome::Failed(error)) = last_kind(&events) else { panic!("{events:?}") };
        assert!(error.message.contains(word), "{error}");
    }
    assert!(matches!(last_kind(&scene.until_last(scene.submit("a cat", 1))), EventKind::Ended(Outcome::Finished(_))));
}

#[test]
fn cancel_answers_and_the_next_job_runs() {
    let scene = Scene::new(Duration::from_millis(50));
    let [running, waiting, next] = [1, 2, 3].map(|seed| scene.submit("a cat", seed));
    while !matches!(
        scene.engine.recv_timeout(Duration::from_secs(20)).unwrap().kind,
        EventKind::Progress(Progress::Step { .. })
    ) {}
    scene.engine.cancel(waiting);
    scene.engine.cancel(running);
    let events = scene.until_last(running);
    assert!(matches!(last_kind(&events), EventKind::Ended(Outcome::Cancelled)));
    assert!(
        events.iter().any(|event| event.job == waiting && matches!(event.kind, EventKind::Ended(Outcome::Cancelled)))
    );
    assert!(matches!(last_kind(&scene.until_last(next)), EventKind::Ended(Outcome::Finished(_))));
    let saved: Vec<u64> = scene.saver.saved.lock().unwrap().iter().map(|request| request.seed).collect();
    assert_eq!(saved, [3], "what was cancelled is not saved");
}

#[test]
fn what_is_asked_for_in_front_is_made_before_what_waits() {
    let scene = Scene::new(Duration::from_millis(20));
    let [_, _, last] = [1, 2, 3].map(|seed| scene.submit("a cat", seed));
    let destination = Destination::File { path: "x.png".into(), previews: None };
    while !matches!(
        scene.engine.recv_timeout(Duration::from_secs(20)).unwrap().kind,
        EventKind::Progress(Progress::Step { .. })
    ) {}
    scene.engine.submit_in_front(request("a cat", 9), destination).unwrap();
    scene.until_last(last);
    let saved: Vec<u64> = scene.saver.saved.lock().unwrap().iter().map(|request| request.seed).collect();
    assert_eq!(saved, [1, 9, 2, 3]);
}

#[test]
fn pictures_are_saved_though_nobody_reads_the_events() {
    let scene = Scene::new(Duration::ZERO);
    for seed in 0..10 {
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
    let events = scene.until_last(scene.submit_file("forbidden/a.png", None));
    assert!(
        matches!(last_kind(&events), EventKind::Ended(Outcome::Failed(error)) if error.message == "nobody may write there")
    );
    assert!(!events.iter().any(|event| matches!(event.kind, EventKind::Progress(Progress::Step { .. }))));
}

#[test]
fn previews_are_written_for_every_step_when_asked_for() {
    let scene = Scene::new(Duration::ZERO);
    scene.until_last(scene.submit_file("a.png", Some("steps".into())));
    assert_eq!(*scene.saver.previews.lock().unwrap(), [1, 2, 3, 4]);
}

#[test]
fn a_full_queue_and_an_impossible_request_are_sentences() {
    let scene = Scene::new(Duration::from_millis(200));
    let nonsense = Request { steps: 0, ..request("a cat", 1) };
    assert!(matches!(scene.engine.submit(nonsense, Destination::Gallery), Err(EngineError::Request(_))));
    let refused = (0..100).find_map(|seed| scene.engine.submit(request("a cat", seed), Destination::Gallery).err());
    assert!(matches!(refused, Some(EngineError::QueueFull)));
}
