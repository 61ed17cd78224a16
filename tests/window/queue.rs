//! The queue: rows, order by keys and pointer, words, pause, undo, what is there again after a restart.

use std::sync::Arc;
use std::time::Duration;

use egui::{Event, Key, Modifiers, PointerButton};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use inkwick::engine::FakeScript;
use inkwick::job::{JobId, Request, UpscaleRequest};
use inkwick::raster::Picture;
use inkwick::store::settings::Theme;
use inkwick::ui::action::{Action, FilesAction, PromptAction, QueueAction, ResultsAction};

use crate::studio_bench::Bench;

/// Slow enough that what runs still runs when the test looks.
fn slow() -> FakeScript {
    FakeScript { step_duration: Duration::from_millis(400), ..FakeScript::default() }
}

/// Asks for `count` pictures and waits until they stand in the queue.
fn ask(bench: &mut Bench, words: &str, count: u32) {
    let before = bench.studio(|studio| studio.state.candidates.list.len());
    bench.with(|studio| {
        studio.state.prompt.prompt = words.into();
        studio.state.prompt.picture_count = count;
        studio.state.prompt.seed_text = "40".into();
    });
    bench.act(Action::Prompt(PromptAction::Generate));
    let wanted = before + count as usize;
    bench.wait("the queue has them", |bench| bench.studio(|studio| studio.state.candidates.list.len() == wanted));
}

/// A paused queue with these rows, shown.
fn paused(rows: &[(&str, u32)]) -> Bench {
    let mut bench = Bench::new(FakeScript::default());
    bench.settle();
    bench.act(Action::Queue(QueueAction::Pause));
    for (words, count) in rows {
        ask(&mut bench, words, *count);
    }
    bench.leave_fields();
    bench.window.key_press(Key::Q);
    bench.frames(3);
    bench
}

/// The rows as they are read out.
fn rows(bench: &Bench) -> Vec<String> {
    let rows = bench
        .window
        .query_all_by(|node| node.label().is_some_and(|label| label.starts_with("Waiting ") && label.contains(':')));
    rows.filter_map(|node| node.accesskit_node().label()).collect()
}

fn words_of_rows(bench: &Bench) -> Vec<String> {
    rows(bench).iter().map(|row| row.split([':', ',']).nth(1).unwrap().trim().to_owned()).collect()
}

fn row_named(bench: &Bench, words: &str) -> String {
    rows(bench).into_iter().find(|row| row.contains(words)).unwrap_or_else(|| panic!("{words} in {:?}", rows(bench)))
}

fn focus_row(bench: &mut Bench, words: &str) {
    let name = row_named(bench, words);
    bench.window.get_by_label(&name).focus();
    bench.frames(2);
}

/// The prompts in the order in which the engine will take them.
fn engine_order(bench: &Bench) -> Vec<String> {
    bench.studio(|studio| {
        let of = |job: &JobId| studio.state.candidates.get(*job).unwrap().request.prompt.clone();
        studio.waiting_jobs().iter().map(of).collect()
    })
}

#[test]
fn what_waits_is_in_rows_that_keys_move_remove_and_double() {
    let mut bench = paused(&[("a rocket", 1), ("a penguin", 4), ("a gift", 2)]);
    assert_eq!(
        rows(&bench),
        [
            "Waiting 1: a rocket, 20 steps · 256 × 256",
            "Waiting 2: a penguin, ×4 · 20 steps",
            "Waiting 3: a gift, ×2 · 20 steps"
        ]
    );
    focus_row(&mut bench, "a gift");
    bench.window.key_press_modifiers(Modifiers::ALT, Key::ArrowUp);
    bench.frames(3);
    assert_eq!(words_of_rows(&bench), ["a rocket", "a gift", "a penguin"]);
    assert_eq!(engine_order(&bench)[..3], ["a rocket", "a gift", "a gift"]);
    // It keeps the keyboard, so the next key moves it further.
    bench.window.key_press(Key::Home);
    bench.frames(3);
    assert_eq!(words_of_rows(&bench), ["a gift", "a rocket", "a penguin"]);
    bench.window.key_press_modifiers(Modifiers::ALT, Key::ArrowDown);
    bench.frames(3);
    assert_eq!(words_of_rows(&bench), ["a rocket", "a gift", "a penguin"]);
    bench.window.key_press_modifiers(Modifiers::COMMAND, Key::D);
    bench.wait("it is there twice", |bench| rows(bench).len() == 4);
    assert_eq!(words_of_rows(&bench), ["a rocket", "a gift", "a gift", "a penguin"]);
    let seeds: Vec<u64> = bench.studio(|studio| {
        let gifts = studio.state.candidates.list.iter().filter(|one| one.request.prompt == "a gift");
        gifts.map(|one| one.request.seed).collect()
    });
    assert_eq!(seeds, [40, 41, 42, 43], "not the same pictures once more");
    focus_row(&mut bench, "a penguin");
    bench.window.key_press(Key::Delete);
    bench.frames(3);
    assert_eq!(words_of_rows(&bench), ["a rocket", "a gift", "a gift"]);
    assert_eq!(engine_order(&bench).len(), 5);
    let (_, undo) = bench.studio(|studio| studio.state.toasts.list.last().unwrap().action.clone()).expect("an Undo");
    bench.act(undo);
    bench.frames(2);
    assert_eq!(words_of_rows(&bench), ["a rocket", "a gift", "a gift", "a penguin"]);
    assert_eq!(engine_order(&bench).iter().filter(|words| *words == "a penguin").count(), 4);
}

#[test]
fn a_row_is_dragged_to_another_place() {
    let mut bench = paused(&[("one", 1), ("two", 1), ("three", 1), ("four", 1)]);
    for (dragged, over, wanted) in [
        ("one", "three", ["two", "three", "one", "four"]),
        ("four", "two", ["four", "two", "three", "one"]),
        ("two", "two", ["four", "two", "three", "one"]),
    ] {
        let place = |bench: &Bench, words: &str| bench.window.get_by_label(&row_named(bench, words)).rect();
        let (from, to) = (place(&bench, dragged), place(&bench, over));
        // Behind it where it goes down, before it where it goes up.
        let y = if to.top() > from.top() { to.bottom() - 4.0 } else { to.top() + 4.0 };
        let handle = egui::pos2(from.left() + 9.0, from.center().y);
        bench.window.event(Event::PointerMoved(handle));
        bench.frames(2);
        bench.button(handle, PointerButton::Primary, true, Modifiers::NONE);
        bench.frames(1);
        let target = egui::pos2(handle.x, if dragged == over { handle.y + 8.0 } else { y });
        bench.window.event(Event::PointerMoved(egui::pos2(handle.x, f32::midpoint(handle.y, target.y))));
        bench.frames(1);
        bench.window.event(Event::PointerMoved(target));
        bench.frames(2);
        bench.button(target, PointerButton::Primary, false, Modifiers::NONE);
        bench.frames(3);
        assert_eq!(words_of_rows(&bench), wanted);
        assert_eq!(engine_order(&bench), wanted);
    }
}

#[test]
fn the_words_of_a_waiting_row_can_be_written_anew() {
    let mut bench = paused(&[("a rocket", 1), ("a penguin", 2), ("a gift", 1)]);
    focus_row(&mut bench, "a penguin");
    bench.window.key_press(Key::Enter);
    bench.frames(3);
    let field = bench.window.get_by_label("Words of this row");
    assert!(field.accesskit_node().is_focused());
    bench.window.key_press_modifiers(Modifiers::COMMAND, Key::A);
    bench.frames(1);
    bench.window.get_by_label("Words of this row").type_text("an owl");
    bench.frames(2);
    bench.window.key_press(Key::Enter);
    bench.wait("it has other words", |bench| rows(bench).iter().any(|row| row.contains("an owl")));
    assert_eq!(words_of_rows(&bench), ["a rocket", "an owl", "a gift"]);
    assert!(row_named(&bench, "an owl").contains("×2"));
    assert_eq!(engine_order(&bench), ["a rocket", "an owl", "an owl", "a gift"]);
    // Escape leaves the words as they were.
    focus_row(&mut bench, "a gift");
    bench.window.key_press(Key::Enter);
    bench.frames(3);
    bench.window.get_by_label("Words of this row").type_text(" nobody wants");
    bench.frames(2);
    bench.window.key_press(Key::Escape);
    bench.frames(4);
    assert_eq!(words_of_rows(&bench), ["a rocket", "an owl", "a gift"]);
    assert!(bench.window.query_by_label("Words of this row").is_none());
}

#[test]
fn a_picture_that_is_only_enlarged_stays_one_whatever_is_done_with_its_row() {
    let mut bench = paused(&[("a rocket", 1)]);
    let small = UpscaleRequest {
        picture: Arc::new(Picture::filled(40, 30, [9, 9, 9, 255])),
        model: "/upscalers/twice.pth".into(),
        scale: Some(2.0),
        made_by: Request { prompt: "an owl".into(), ..Request::default() },
    };
    bench.act(Action::Files(FilesAction::ReadyToUpscale(Box::new(small))));
    bench.frames(2);
    assert!(row_named(&bench, "an owl").contains("upscale · 80 × 60"), "{}", row_named(&bench, "an owl"));
    // It has no words to write anew, and none that count on.
    focus_row(&mut bench, "an owl");
    bench.window.key_press(Key::Enter);
    bench.frames(3);
    assert!(bench.window.query_by_label("Words of this row").is_none());
    assert!(bench.toasts().iter().any(|toast| toast.contains("only enlarged")), "{:?}", bench.toasts());
    focus_row(&mut bench, "an owl");
    bench.window.key_press_modifiers(Modifiers::COMMAND, Key::D);
    bench.settle();
    assert_eq!(words_of_rows(&bench), ["a rocket", "an owl"]);
    // Taken out and put back.
    focus_row(&mut bench, "an owl");
    bench.window.key_press(Key::Delete);
    bench.frames(3);
    assert_eq!(words_of_rows(&bench), ["a rocket"]);
    bench.act(Action::Queue(QueueAction::PutBack));
    assert!(row_named(&bench, "an owl").contains("upscale"));
    // And after a restart.
    let mut bench = Bench::reopen(bench.close(), FakeScript::default());
    bench.wait("they wait", |bench| bench.studio(|studio| studio.state.candidates.list.len() == 2));
    bench.leave_fields();
    bench.window.key_press(Key::Q);
    bench.frames(3);
    assert!(row_named(&bench, "an owl").contains("upscale"));
    bench.click("Go on with the queue");
    bench.wait("both are made", |bench| bench.done().len() == 2);
    let made = bench.done();
    let owl = made.iter().find(|one| one.request.prompt == "an owl").unwrap();
    assert_eq!(owl.size_px(), Some([80, 60]));
}

#[test]
fn what_waited_is_there_after_a_restart_and_goes_on_when_asked() {
    let mut bench = paused(&[("a rocket", 2), ("a gift", 1), ("a penguin", 1)]);
    focus_row(&mut bench, "a penguin");
    bench.window.key_press(Key::Home);
    bench.frames(3);
    let mut bench = Bench::reopen(bench.close(), FakeScript::default());
    bench.wait("they wait", |bench| bench.studio(|studio| studio.state.candidates.list.len() == 4));
    bench.leave_fields();
    bench.window.key_press(Key::Q);
    bench.frames(3);
    assert_eq!(words_of_rows(&bench), ["a penguin", "a rocket", "a gift"]);
    assert!(row_named(&bench, "a rocket").contains("×2"));
    assert!(
        bench.toasts().iter().any(|toast| toast.contains("4 pictures wait from last time")),
        "{:?}",
        bench.toasts()
    );
    bench.settle();
    assert!(bench.done().is_empty(), "nothing begins before somebody has seen it");
    bench.click("Go on with the queue");
    bench.wait("all are made", |bench| bench.done().len() == 4);
    assert_eq!(bench.files().len(), 4);
    let made: Vec<String> = bench.done().iter().map(|one| one.request.prompt.clone()).collect();
    assert_eq!(made, ["a penguin", "a rocket", "a rocket", "a gift"]);
    // What is done does not wait again.
    let bench = Bench::reopen(bench.close(), FakeScript::default());
    let left = std::fs::read_dir(bench.paths.queue_folder()).unwrap().flatten();
    let jobs = left.filter(|file| file.path().extension().is_some_and(|ending| ending == "job" || ending == "part"));
    assert_eq!(jobs.count(), 0);
}

#[test]
fn a_running_row_is_shown_with_its_rest_and_stopped_as_one() {
    let mut bench = Bench::new(slow());
    bench.settle();
    ask(&mut bench, "a castle", 4);
    ask(&mut bench, "a rocket", 1);
    bench.leave_fields();
    bench.window.key_press(Key::Q);
    bench.wait("it runs", |bench| bench.has_label_starting("Being made: a castle"));
    assert!(bench.has_label_starting("Being made: a castle, picture 1 of 4"));
    assert_eq!(words_of_rows(&bench), ["a rocket"]);
    assert!(bench.has_label_starting("1 waiting"), "the status line says so too");
    bench.click("Cancel these 4 pictures");
    bench.wait("the next one runs", |bench| bench.has_label_starting("Being made: a rocket"));
    assert!(rows(&bench).is_empty());
    bench.act(Action::Results(ResultsAction::CancelAll));
    bench.wait("nothing is left", |bench| bench.studio(|studio| studio.state.candidates.list.is_empty()));
    assert!(bench.has_label_starting("Nothing waits"));
}

#[test]
fn in_front_is_next_and_the_big_buttons_caret_has_the_count() {
    let mut bench = paused(&[("a rocket", 1), ("a gift", 1)]);
    bench.click("More ways to generate");
    bench.frames(2);
    bench.click("Count: 8");
    assert_eq!(bench.studio(|studio| studio.state.prompt.picture_count), 8);
    bench.click("Count: 2");
    bench.with(|studio| studio.state.prompt.prompt = "first of all".into());
    bench.frames(1);
    bench.click("In front of the queue");
    bench.wait("they wait", |bench| rows(bench).len() == 3);
    assert_eq!(words_of_rows(&bench), ["first of all", "a rocket", "a gift"]);
    assert_eq!(engine_order(&bench), ["first of all", "first of all", "a rocket", "a gift"]);
}

#[test]
fn forever_makes_one_after_the_other_until_it_is_stopped() {
    let mut bench = Bench::new(FakeScript { step_duration: Duration::from_millis(2), ..FakeScript::default() });
    bench.type_prompt("a red apple");
    let keys = Modifiers::COMMAND.plus(Modifiers::ALT);
    bench.window.key_press_modifiers(keys, Key::Enter);
    bench.wait("several are made", |bench| bench.done().len() >= 3);
    let mut seeds: Vec<u64> = bench.done().iter().map(|one| one.request.seed).collect();
    seeds.dedup();
    assert!(seeds.len() >= 3, "each is another one");
    bench.window.key_press_modifiers(keys, Key::Enter);
    bench.wait("it ends", |bench| bench.studio(|studio| !studio.state.candidates.is_busy()));
    let made = bench.done().len();
    bench.settle();
    assert_eq!(bench.done().len(), made);
}

#[test]
fn a_long_row_that_is_done_behind_ones_back_is_noted_once() {
    let mut bench = Bench::new(FakeScript::default());
    bench.settle();
    ask(&mut bench, "a castle", 2);
    bench.wait("both are made", |bench| bench.done().len() == 2);
    bench.frames(2);
    assert!(bench.notes.lock().unwrap().is_empty(), "who looks at the window sees it");
    bench.window.event(Event::WindowFocused(false));
    bench.window.input_mut().focused = false;
    bench.frames(2);
    ask(&mut bench, "a rocket", 3);
    bench.wait("all are made", |bench| bench.done().len() == 5);
    bench.wait("it is noted", |bench| !bench.notes.lock().unwrap().is_empty());
    bench.settle();
    assert_eq!(*bench.notes.lock().unwrap(), ["3 pictures are done: a rocket"]);
}

#[test]
fn the_queue_as_it_is_drawn() {
    let mut results = egui_kittest::SnapshotResults::new();
    for (name, size, theme) in [
        ("queue_dark", [1440.0, 900.0], Theme::Dark),
        ("queue_light", [1440.0, 900.0], Theme::Light),
        ("queue_small", [1024.0, 640.0], Theme::Dark),
    ] {
        let mut bench = Bench::sized(FakeScript::default(), size, 1.0, theme);
        bench.settle();
        bench.act(Action::Queue(QueueAction::Pause));
        bench.with(Bench::scripted_run);
        for (words, count) in [("a rocket in space", 1), ("a penguin", 4), ("a gift on grass under a very old tree", 2)]
        {
            ask(&mut bench, words, count);
        }
        bench.leave_fields();
        bench.with(|studio| {
            studio.state.prompt.prompt = "a castle at night".into();
            studio.state.toasts.list.clear();
        });
        bench.window.key_press(Key::Q);
        // The words are counted by then.
        bench.settle();
        let row = bench.window.get_by_label(&row_named(&bench, "a penguin")).rect();
        bench.window.event(Event::PointerMoved(row.center()));
        bench.frames(3);
        results.add(bench.window.try_snapshot(name));
    }
}
