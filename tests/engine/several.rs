//! Several devices on one queue: what is made at once, what a device that fails hands on, and who is left for what.
#![allow(clippy::panic, clippy::unwrap_used, clippy::wildcard_imports)] // helpers of tests are tests

use std::collections::BTreeSet;
use std::sync::Condvar;

use crate::*;

/// What the cards do, and what they did.
#[derive(Default)]
struct Machine {
    /// Pictures that were begun: the card's number and the seed.
    begun: Mutex<Vec<(usize, u64)>>,
    /// Prompts with "wait" end once this is so.
    is_open: Mutex<bool>,
    opened: Condvar,
    /// Numbers of cards that are broken.
    broken: Mutex<BTreeSet<usize>>,
}

impl Machine {
    fn broken(cards: &[usize]) -> Arc<Self> {
        Arc::new(Self { broken: Mutex::new(cards.iter().copied().collect()), ..Self::default() })
    }

    fn open(&self) {
        *self.is_open.lock().unwrap() = true;
        self.opened.notify_all();
    }

    /// Which cards were given which picture, in order.
    fn cards_of(&self, seed: u64) -> Vec<usize> {
        self.begun.lock().unwrap().iter().filter(|(_, begun)| *begun == seed).map(|(card, _)| *card).collect()
    }
}

/// Fails where its card is broken, on "large" where its number is even, and draws by script otherwise.
struct CardBackend {
    number: usize,
    machine: Arc<Machine>,
    inner: FakeBackend,
    has_others: bool,
}

impl CardBackend {
    fn fails(&self, kind: ErrorKind, words: &str) -> BackendError {
        let error = JobError::new(kind, words);
        if self.has_others {
            let is_broken = kind == ErrorKind::Device;
            return BackendError::HandOver { device: format!("card {}", self.number), error, is_broken };
        }
        error.into()
    }
}

impl Backend for CardBackend {
    fn run(
        &mut self,
        task: &Task,
        cancel: &CancelToken,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Drawn, BackendError> {
        let request = task.request();
        self.machine.begun.lock().unwrap().push((self.number, request.seed));
        if self.machine.broken.lock().unwrap().contains(&self.number) {
            return Err(self.fails(ErrorKind::Device, "the kernel did not come back"));
        }
        if request.prompt.contains("large") && self.number.is_multiple_of(2) {
            return Err(self.fails(ErrorKind::Memory, "it does not fit"));
        }
        if request.prompt.contains("wait") {
            let mut is_open = self.machine.is_open.lock().unwrap();
            while !*is_open {
                if cancel.is_cancelled() {
                    return Err(BackendError::Cancelled);
                }
                is_open = self.machine.opened.wait_timeout(is_open, Duration::from_millis(5)).unwrap().0;
            }
        }
        self.inner.run(task, cancel, progress)
    }

    fn has_others(&mut self, has_others: bool) {
        self.has_others = has_others;
    }

    fn reset(&mut self) {}
}

fn engine(machine: &Arc<Machine>, cards: usize) -> (EngineHandle, Arc<MemorySaver>) {
    let (machine, saver) = (Arc::clone(machine), Arc::new(MemorySaver::default()));
    let make = move |number| {
        let inner = FakeBackend::new(FakeScript::default());
        CardBackend { number, machine: Arc::clone(&machine), inner, has_others: false }
    };
    (EngineHandle::start_several(make, cards, saver.clone(), None, Arc::new(|| {})).unwrap(), saver)
}

fn submit(engine: &EngineHandle, prompt: &str, seed: u64) -> JobHandle {
    engine.submit(request(prompt, seed), Destination::Gallery).unwrap()
}

fn until(what: &str, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(20), "{what} never came");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Has card 0 of two be busy with a picture, and card 1 free and broken.
fn busy_and_broken(engine: &EngineHandle, machine: &Machine) -> JobHandle {
    let jobs = [1, 2].map(|seed| (seed, submit(engine, "wait", seed)));
    until("both at once", || machine.begun.lock().unwrap().len() == 2);
    let (mut on_first, mut on_second): (Vec<_>, Vec<_>) =
        jobs.into_iter().partition(|(seed, _)| machine.cards_of(*seed) == [0]);
    machine.broken.lock().unwrap().insert(1);
    let (_, cancelled) = on_second.pop().unwrap();
    cancelled.cancel();
    assert!(matches!(cancelled.wait(), Outcome::Cancelled));
    on_first.pop().unwrap().1
}

fn notices(events: &[Event]) -> Vec<String> {
    let notice = |event: &Event| match &event.kind {
        EventKind::Progress(Progress::Notice(notice)) => Some(notice.message.clone()),
        _ => None,
    };
    events.iter().filter_map(notice).collect()
}

#[test]
fn two_cards_make_two_pictures_at_once_and_the_third_waits_for_the_first_that_is_free() {
    let machine = Machine::broken(&[]);
    let (engine, saver) = engine(&machine, 2);
    let [slow, other, third] =
        [("wait", 1), ("wait", 2), ("a cat", 3)].map(|(words, seed)| submit(&engine, words, seed));
    // Neither ends before both have begun.
    until("both at once", || engine.running_jobs().len() == 2);
    assert_eq!((engine.waiting(), engine.workers()), (vec![third.id()], 2));
    assert_eq!(engine.running(), Some(slow.id()), "the first of them");
    other.cancel();
    assert!(matches!(other.wait(), Outcome::Cancelled));
    finished(third.wait());
    assert_eq!(engine.running_jobs(), [slow.id()], "the long one was never touched");
    machine.open();
    finished(slow.wait());
    let saved: Vec<u64> = saver.saved.lock().unwrap().iter().map(|request| request.seed).collect();
    assert_eq!(saved, [3, 1]);
}

#[test]
fn every_picture_of_a_crowd_is_made_once_by_some_card() {
    let machine = Machine::broken(&[]);
    let (engine, saver) = engine(&machine, 3);
    let jobs: Vec<JobHandle> = (0..60).map(|seed| submit(&engine, "a cat", seed)).collect();
    for job in &jobs {
        let events = until_last(job);
        assert!(matches!(events[0].kind, EventKind::Queued));
        finished(job.outcome().unwrap());
    }
    let mut saved: Vec<u64> = saver.saved.lock().unwrap().iter().map(|request| request.seed).collect();
    saved.sort_unstable();
    assert_eq!(saved, (0..60).collect::<Vec<_>>());
    assert!(engine.running_jobs().is_empty() && engine.waiting().is_empty());
}

#[test]
fn a_card_that_fails_hands_its_picture_on_with_a_word_and_gets_no_more() {
    let machine = Machine::broken(&[]);
    let (engine, _) = engine(&machine, 2);
    let busy = busy_and_broken(&engine, &machine);
    let handed = submit(&engine, "a cat", 3);
    until("the broken card's try", || machine.cards_of(3) == [1]);
    until("it waits again", || engine.waiting() == [handed.id()]);
    machine.open();
    let wanted = "card 1 could not make this picture (the kernel did not come back): another device makes it, \
                  and this one gets no more until the devices are chosen anew";
    let events = until_last(&handed);
    assert_eq!(notices(&events), [wanted]);
    let again = events.iter().filter(|event| matches!(event.kind, EventKind::Queued)).count();
    assert_eq!(again, 2, "fronts see that it waits once more");
    finished(handed.outcome().unwrap());
    finished(busy.wait());
    assert_eq!(machine.cards_of(3), [1, 0]);
    assert_eq!(engine.workers(), 1);
    for seed in 10..30 {
        finished(submit(&engine, "a cat", seed).wait());
        assert_eq!(machine.cards_of(seed), [0], "the broken card is left alone");
    }
    // Repaired, and chosen again.
    machine.broken.lock().unwrap().clear();
    engine.set_workers(2);
    assert_eq!(engine.workers(), 2);
}

#[test]
fn the_last_card_says_what_is_wrong_itself() {
    let machine = Machine::broken(&[0, 1]);
    let (engine, _) = engine(&machine, 2);
    let jobs: Vec<JobHandle> = (0..6).map(|seed| submit(&engine, "a cat", seed)).collect();
    for job in &jobs {
        assert_eq!(failed(job.wait()).message, "the kernel did not come back");
    }
    let handed_on = jobs.iter().filter(|job| !notices(&until_last(job)).is_empty()).count();
    assert!((1..=2).contains(&handed_on), "{handed_on} were handed on: a card that failed gets no more");
    assert_eq!(engine.workers(), 1, "somebody is left for what comes");
}

#[test]
fn a_picture_that_is_too_large_for_one_card_goes_to_another_and_both_stay() {
    let machine = Machine::broken(&[]);
    let (engine, _) = engine(&machine, 3);
    for seed in 0..20 {
        finished(submit(&engine, "a large cat", seed).wait());
        assert_eq!(*machine.cards_of(seed).last().unwrap(), 1, "only this one has the memory");
    }
    assert_eq!(engine.workers(), 3);
    // Where none has it, each was asked once.
    engine.set_workers(1);
    until("one worker", || engine.workers() == 1);
    assert_eq!(failed(submit(&engine, "a large cat", 90).wait()).kind, ErrorKind::Memory);
    assert_eq!(machine.cards_of(90), [0]);
}

#[test]
fn a_pause_holds_what_waits_and_not_what_was_handed_on() {
    let machine = Machine::broken(&[]);
    let (engine, _) = engine(&machine, 2);
    let busy = busy_and_broken(&engine, &machine);
    let handed = submit(&engine, "a cat", 3);
    until("it waits again", || machine.cards_of(3) == [1] && engine.waiting() == [handed.id()]);
    engine.pause(true);
    let waits = submit(&engine, "a cat", 4);
    assert!(engine.move_to(waits.id(), 0), "even from behind");
    machine.open();
    finished(busy.wait());
    finished(handed.wait());
    until("nothing runs", || engine.running_jobs().is_empty());
    std::thread::sleep(Duration::from_millis(20));
    assert_eq!(engine.waiting(), [waits.id()]);
    engine.pause(false);
    finished(waits.wait());
}

#[test]
fn what_was_handed_on_can_be_cancelled_while_it_waits() {
    let machine = Machine::broken(&[]);
    let (engine, saver) = engine(&machine, 2);
    let busy = busy_and_broken(&engine, &machine);
    let handed = submit(&engine, "a cat", 3);
    until("it waits again", || machine.cards_of(3) == [1] && engine.waiting() == [handed.id()]);
    handed.cancel();
    assert!(matches!(handed.outcome(), Some(Outcome::Cancelled)), "what waits is gone at once");
    machine.open();
    finished(busy.wait());
    assert_eq!(saver.saved.lock().unwrap().len(), 1);
}

#[test]
fn fewer_and_more_cards_hold_from_the_next_picture_on() {
    let machine = Machine::broken(&[]);
    let (engine, saver) = engine(&machine, 1);
    let running = [1, 2, 3].map(|seed| submit(&engine, "wait", seed));
    until("the first", || engine.running_jobs().len() == 1);
    engine.set_workers(3);
    until("all three", || engine.running_jobs().len() == 3);
    engine.set_workers(1);
    machine.open();
    for job in running {
        finished(job.wait());
    }
    for seed in 10..20 {
        finished(submit(&engine, "a cat", seed).wait());
        assert_eq!(machine.cards_of(seed), [0]);
    }
    drop(engine);
    assert_eq!(Arc::strong_count(&saver), 1, "no thread is left");
}

#[test]
fn cancelling_all_reaches_every_card_and_the_end_waits_for_all_threads() {
    let machine = Machine::broken(&[]);
    let (engine, saver) = engine(&machine, 2);
    let jobs = [1, 2, 3].map(|seed| submit(&engine, "wait", seed));
    until("both at once", || engine.running_jobs().len() == 2);
    engine.cancel_all();
    assert!(jobs.iter().all(|job| matches!(job.wait(), Outcome::Cancelled)));
    let [running, waiting] = [4, 5].map(|seed| submit(&engine, "wait", seed));
    until("one at least", || !engine.running_jobs().is_empty());
    drop(engine);
    assert!(matches!(running.outcome(), Some(Outcome::Cancelled)));
    assert!(matches!(waiting.outcome(), Some(Outcome::Cancelled)));
    assert_eq!(Arc::strong_count(&saver), 1);
}
