//! What the engine reports to whoever keeps its queue, and a queue that is paused.
#![allow(clippy::unwrap_used, clippy::wildcard_imports)] // helpers of tests are tests

use crate::*;

/// What is said to whoever keeps jobs, in words.
#[derive(Default)]
struct Keeper(Mutex<Vec<String>>);

impl Keeper {
    fn say(&self, words: String) {
        self.0.lock().unwrap().push(words);
    }

    fn said(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

impl JobKeeper for Keeper {
    fn add(&self, job: JobId, task: &Task, _: &Destination, keep: Keep) {
        let request = task.request();
        let Keep::New(note) = keep else { return self.say(format!("know {}", job.0)) };
        self.say(format!("add {} {} {}", job.0, request.prompt, note.name));
    }

    fn order(&self, waiting: &[JobId]) {
        self.say(format!("order {:?}", waiting.iter().map(|job| job.0).collect::<Vec<_>>()));
    }

    fn begin(&self, job: JobId) {
        self.say(format!("begin {}", job.0));
    }

    fn reach(&self, job: JobId, state: &Arc<StepState>) {
        self.say(format!("reach {} {}", job.0, state.next_call));
    }

    fn end(&self, job: JobId) {
        self.say(format!("end {}", job.0));
    }
}

/// Reports one kept step, then waits until it is cancelled; a prompt with "short" is done at once.
struct Reaching;

impl Backend for Reaching {
    fn run(
        &mut self,
        task: &Task,
        cancel: &CancelToken,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Drawn, BackendError> {
        let request = task.request();
        progress(Progress::Reached(Arc::new(StepState {
            scheduler: SchedulerName::Euler,
            calls: 9,
            next_call: 4,
            latents: Vec::new(),
            history: History::default(),
            noise: Vec::new(),
            level: None,
            compute: Compute::default(),
        })));
        while !request.prompt.contains("short") {
            if cancel.is_cancelled() {
                return Err(BackendError::Cancelled);
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(Drawn { picture: Picture::filled(8, 8, [0; 4]), request: request.clone(), latents: None })
    }

    fn reset(&mut self) {}
}

fn until(what: impl Fn() -> bool) {
    let start = Instant::now();
    while !what() {
        assert!(start.elapsed() < Duration::from_secs(20), "nothing came of it");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_keeper_hears_of_what_lasts_and_the_programs_end_is_no_end_of_a_job() {
    let keeper = Arc::new(Keeper::default());
    let engine = EngineHandle::start_keeping(
        || Reaching,
        Arc::new(MemorySaver::default()),
        Some(keeper.clone()),
        Arc::new(|| {}),
    )
    .unwrap();
    let submit = |prompt: &str, keep| {
        engine.submit_kept(request(prompt, 1).into(), Destination::Gallery, usize::MAX, keep).unwrap()
    };
    let new = |name: &str| Keep::New(JobNote { press: 1, name: name.into() });
    engine.pause(true);
    let short = submit("short", new("a"));
    let long = submit("long", Keep::Known(17));
    let gone = submit("gone", new("c"));
    let passing = submit("passing", Keep::Not);
    let waits = submit("waits", new("d"));
    assert!(engine.is_paused() && engine.running().is_none());
    assert!(engine.move_to(waits.id(), 0));
    engine.arrange(&[long.id(), gone.id()]);
    gone.cancel();
    assert_eq!(engine.waiting(), [long.id(), waits.id(), short.id(), passing.id()]);
    engine.arrange(&[short.id(), long.id()]);
    engine.pause(false);
    assert!(matches!(short.wait(), Outcome::Finished(_)));
    until(|| keeper.said().contains(&format!("reach {} 4", long.id().0)));
    let events = until_last(&short);
    assert!(!events.iter().any(|event| matches!(event.kind, EventKind::Progress(Progress::Reached(_)))));
    // The program ends while one runs and one waits.
    let (long, waits) = (long.id().0, waits.id().0);
    drop((engine, gone, passing));
    let said = keeper.said();
    let wanted = ["add 1 short a", "know 2", "add 3 gone c", "add 5 waits d", "end 3", "begin 1", "reach 1 4", "end 1"];
    let lasting: Vec<&String> = said.iter().filter(|words| !words.starts_with("order")).collect();
    assert_eq!(lasting[..8], wanted);
    assert_eq!(lasting[8..], [&format!("begin {long}"), &format!("reach {long} 4")]);
    assert!(said.contains(&format!("order [{waits}, 1, {long}, 3, 4]")), "{said:?}");
}

/// Ends when it is let go, long after it was cancelled.
struct Slow(std::sync::mpsc::Receiver<()>);

impl Backend for Slow {
    fn run(&mut self, _: &Task, _: &CancelToken, _: &mut dyn FnMut(Progress)) -> Result<Drawn, BackendError> {
        let _ = self.0.recv();
        Err(BackendError::Cancelled)
    }

    fn reset(&mut self) {}
}

#[test]
fn a_running_job_that_is_cancelled_is_kept_no_longer_even_while_it_still_runs() {
    let keeper = Arc::new(Keeper::default());
    let (let_go, gate) = std::sync::mpsc::channel();
    let engine = EngineHandle::start_keeping(
        || Slow(gate),
        Arc::new(MemorySaver::default()),
        Some(keeper.clone()),
        Arc::new(|| {}),
    )
    .unwrap();
    let keep = Keep::New(JobNote { press: 1, name: "a".into() });
    let job = engine.submit_kept(request("slow", 1).into(), Destination::Gallery, usize::MAX, keep).unwrap();
    until(|| engine.running().is_some());
    job.cancel();
    job.cancel();
    assert_eq!(keeper.said().last(), Some(&format!("end {}", job.id().0)));
    assert!(engine.running().is_some(), "it is still at work");
    drop(let_go);
    assert!(matches!(job.wait(), Outcome::Cancelled));
    drop(engine);
    assert_eq!(keeper.said().iter().filter(|words| words.starts_with("end")).count(), 1);
}

#[test]
fn while_the_queue_is_paused_the_running_picture_goes_on_and_no_other_begins() {
    let engine = EngineHandle::start(|| Reaching, Arc::new(MemorySaver::default()), Arc::new(|| {})).unwrap();
    let long = engine.submit(request("long", 1), Destination::Gallery).unwrap();
    until(|| engine.running() == Some(long.id()));
    engine.pause(true);
    let next = engine.submit(request("short", 2), Destination::Gallery).unwrap();
    long.cancel();
    assert!(matches!(long.wait(), Outcome::Cancelled));
    until(|| engine.running().is_none());
    std::thread::sleep(Duration::from_millis(20));
    assert!(engine.waiting() == [next.id()] && next.outcome().is_none());
    engine.pause(false);
    assert!(matches!(next.wait(), Outcome::Finished(_)));
}
