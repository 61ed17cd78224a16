//! The window as a person uses it: by its labels and keys, with a backend that draws by script.

mod studio_bench;

use std::time::Duration;

use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;
use inkwick::engine::FakeScript;
use inkwick::store::settings::{Settings, Theme};
use studio_bench::Bench;

fn slow() -> FakeScript {
    FakeScript { step_duration: Duration::from_millis(15), ..FakeScript::default() }
}

#[test]
fn a_prompt_becomes_a_picture_in_the_gallery() {
    let mut bench = Bench::new(slow());
    bench.type_prompt("a red apple");
    bench.click("Generate");
    bench.wait("a step is told", |bench| bench.has_label_starting("step "));
    assert!(bench.window.query_by_label("Queue next").is_some());
    bench.wait("the picture is done", |bench| bench.done().len() == 1);
    assert_eq!(bench.done()[0].request.prompt, "a red apple");
    bench.wait("the gallery lists it", |bench| bench.studio(|studio| studio.state.gallery.pictures().count()) == 1);
    assert_eq!(bench.files().len(), 1);
    bench.wait("the button is back", |bench| bench.window.query_by_label("Generate").is_some());
}

#[test]
fn the_keyboard_starts_a_run() {
    let mut bench = Bench::new(FakeScript::default());
    bench.type_prompt("a castle at night");
    bench.window.key_press_modifiers(Modifiers::COMMAND, Key::Enter);
    bench.wait("the picture is done", |bench| bench.done().len() == 1);
    assert_eq!(bench.studio(|studio| studio.state.prompt.prompt.clone()), "a castle at night");
}

#[test]
fn cancel_answers_in_the_same_frame() {
    let mut bench = Bench::new(FakeScript { step_duration: Duration::from_millis(100), ..FakeScript::default() });
    bench.type_prompt("a blue bear");
    bench.click("Generate");
    bench.wait("a step is told", |bench| bench.has_label_starting("step "));
    bench.click("Cancel");
    bench.frames(2);
    assert!(!bench.studio(|studio| studio.state.candidates.is_busy()));
    assert!(bench.window.query_by_label("Generate").is_some());
    std::thread::sleep(Duration::from_millis(300));
    bench.frames(3);
    assert!(bench.files().is_empty());
    assert!(bench.toasts().is_empty(), "a wanted cancel is no error");
}

#[test]
fn a_failing_prompt_tells_so_and_the_next_one_works() {
    for word in ["fail", "panic"] {
        let mut bench = Bench::new(FakeScript::default());
        bench.type_prompt(&format!("please {word}"));
        bench.click("Generate");
        bench.wait("a toast tells of it", |bench| !bench.toasts().is_empty());
        assert!(bench.toasts()[0].contains(word), "{:?}", bench.toasts());
        bench.clear_prompt();
        bench.type_prompt("a red apple");
        bench.click("Generate");
        bench.wait("the next one works", |bench| bench.done().len() == 1);
        assert_eq!(bench.toasts().len(), 1, "an error stays until it is closed");
        bench.click("Close message");
        bench.frames(2);
        assert!(bench.toasts().is_empty());
    }
}

#[test]
fn three_pictures_have_seeds_in_a_row() {
    let mut bench = Bench::new(FakeScript::default());
    bench.with(|studio| {
        studio.state.prompt.picture_count = 3;
        studio.state.prompt.seed_text = "41".into();
    });
    bench.type_prompt("a cat and a pizza");
    bench.click("Generate");
    bench.wait("three pictures are done", |bench| bench.done().len() == 3);
    let seeds: Vec<u64> = bench.done().iter().map(|candidate| candidate.request.seed).collect();
    assert_eq!(seeds, [41, 42, 43]);
    assert_eq!(bench.files().len(), 3);
}

#[test]
fn an_accepted_picture_is_repainted_and_undo_takes_it_back() {
    let mut bench = Bench::new(FakeScript::default());
    bench.type_prompt("a red apple");
    bench.click("Generate");
    bench.wait("the picture is done", |bench| bench.done().len() == 1);
    bench.leave_fields();
    bench.window.key_press(Key::Enter);
    bench.wait("the button says what it does", |bench| bench.window.query_by_label("Repaint picture").is_some());
    assert!(bench.window.query_all_by_label("Strength").next().is_some());
    bench.click("Repaint picture");
    bench.wait("the repainted one is done", |bench| bench.done().len() == 2);
    bench.leave_fields();
    bench.window.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    bench.wait("back to Create", |bench| bench.window.query_by_label("Generate").is_some());
}

#[test]
fn settings_and_the_unsent_prompt_survive_a_restart() {
    let mut bench = Bench::new(FakeScript::default());
    bench.type_prompt("half a thought");
    bench.with(|studio| studio.state.prompt.steps = 33);
    bench.frames(2);
    let home = bench.close();
    let bench = Bench::reopen(home, FakeScript::default());
    bench.studio(|studio| {
        assert_eq!(studio.state.prompt.prompt, "half a thought");
        assert_eq!(studio.state.prompt.steps, 33);
    });
}

#[test]
fn settings_are_written_while_the_window_stays_open() {
    let mut bench = Bench::new(FakeScript::default());
    bench.type_prompt("kept");
    bench.wait("the file has the prompt", |bench| {
        Settings::load(&bench.paths.settings_file).settings.draft.request.prompt == "kept"
    });
}

#[test]
fn tab_hides_the_panels_unless_one_types() {
    let mut bench = Bench::new(FakeScript::default());
    bench.leave_fields();
    bench.window.key_press(Key::Tab);
    bench.frames(3);
    assert!(bench.window.query_by_label("Prompt").is_none());
    bench.window.key_press(Key::Tab);
    bench.frames(3);
    assert!(bench.window.query_all_by_label("Prompt").next().is_some());
    bench.window.get_by_role_and_label(egui::Role::MultilineTextInput, "Prompt").focus();
    bench.frames(2);
    bench.window.key_press(Key::Tab);
    bench.frames(2);
    assert!(bench.window.query_all_by_label("Prompt").next().is_some());
}

#[test]
fn the_window_looks_as_it_should() {
    let mut results = egui_kittest::SnapshotResults::new();
    for (name, size, scale, theme) in [
        ("empty_light", [1440.0, 900.0], 1.0, Theme::Light),
        ("empty_dark", [1440.0, 900.0], 1.0, Theme::Dark),
        ("small_125", [1024.0, 640.0], 1.25, Theme::Dark),
        ("small_150", [853.0, 533.0], 1.5, Theme::Dark),
    ] {
        let mut bench = Bench::sized(FakeScript::default(), size, scale, theme);
        bench.settle();
        results.add(bench.window.try_snapshot(name));
    }
}

#[test]
fn a_run_looks_as_it_should() {
    let script = FakeScript { step_duration: Duration::from_secs(20), ..FakeScript::default() };
    let mut bench = Bench::sized(script, [1440.0, 900.0], 1.0, Theme::Dark);
    bench.with(Bench::scripted_run);
    bench.settle();
    bench.window.snapshot("run_dark");
}
