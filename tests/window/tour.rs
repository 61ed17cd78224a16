//! The first start's tour: four steps, moved on by what one does, ended by Escape, never seen again.

use egui::Key;
use egui_kittest::SnapshotResults;
use egui_kittest::kittest::Queryable as _;
use inkwick::engine::FakeScript;
use inkwick::store::settings::Settings;

use crate::studio_bench::Bench;

const SIZE: [f32; 2] = [1440.0, 900.0];

fn shows(bench: &Bench, label: &str) -> bool {
    bench.window.query_all_by_label(label).next().is_some()
}

#[test]
fn it_goes_from_words_to_ones_own_picture() {
    let mut bench = Bench::first(FakeScript::default(), SIZE);
    bench.settle();
    assert!(shows(&bench, "Say what you want to see"));
    // One need not read it: the prompt has the keyboard all the same.
    bench.window.event(egui::Event::Text("a red apple".into()));
    bench.frames(2);
    assert_eq!(bench.studio(|studio| studio.state.prompt.prompt.clone()), "a red apple");
    bench.click("Next step of the tour");
    bench.frames(2);
    assert!(shows(&bench, "Make it"));
    bench.click("Generate");
    bench.wait("the picture is done", |bench| bench.done().len() == 1);
    bench.frames(2);
    assert!(shows(&bench, "Keep what you like"), "what was done moves it on");
    bench.click("Next step of the tour");
    bench.frames(2);
    assert!(shows(&bench, "Now a picture of yours"));
    let photo = bench.photo("mine.png", 64, 64);
    bench.drop_file(photo);
    bench.wait("it ends with one's own picture", |bench| !shows(bench, "Now a picture of yours"));
}

#[test]
fn one_escape_ends_it_and_it_never_comes_again() {
    let mut bench = Bench::first(FakeScript::default(), SIZE);
    bench.settle();
    assert!(!bench.paths.settings_file.exists());
    bench.window.key_press(Key::Escape);
    bench.frames(2);
    assert!(!shows(&bench, "Say what you want to see"));
    bench.wait("the settings are kept", |bench| bench.paths.settings_file.exists());
    assert!(!Settings::load(&bench.paths.settings_file).is_first_start);
    // The Escape was the tour's alone.
    assert!(bench.studio(|studio| studio.state.toasts.list.is_empty()));
}

#[test]
fn escape_ends_the_tour_alone_the_next_leaves_the_prompt_and_enter_accepts() {
    let mut bench = Bench::first(FakeScript::default(), SIZE);
    bench.settle();
    let writes = |bench: &Bench| bench.window.ctx.text_edit_focused();
    bench.window.event(egui::Event::Text("a red apple".into()));
    bench.frames(3);
    bench.window.key_press_modifiers(egui::Modifiers::COMMAND, Key::Enter);
    bench.wait("the picture is done", |bench| bench.done().len() == 1);
    bench.frames(3);
    assert!(writes(&bench) && shows(&bench, "Keep what you like"));
    bench.window.key_press(Key::Escape);
    bench.frames(3);
    assert!(!shows(&bench, "Keep what you like"));
    assert!(writes(&bench), "one Escape does one thing");
    bench.window.key_press(Key::Escape);
    bench.frames(3);
    assert!(!writes(&bench));
    assert_eq!(bench.done().len(), 1, "nothing was set aside");
    bench.window.key_press(Key::Enter);
    bench.wait("it lies on the canvas", |bench| bench.studio(|studio| studio.state.canvas.has_picture()));
    assert_eq!(bench.studio(|studio| studio.state.prompt.prompt.clone()), "a red apple");
}

#[test]
fn a_start_that_is_not_the_first_has_none() {
    let mut bench = Bench::new(FakeScript::default());
    bench.settle();
    assert!(!shows(&bench, "Say what you want to see") && !shows(&bench, "Skip the tour"));
}

#[test]
fn the_tour_looks_quiet() {
    let mut results = SnapshotResults::new();
    let mut bench = Bench::first(FakeScript::default(), SIZE);
    bench.settle();
    results.add(bench.window.try_snapshot("tour_words"));
    for _ in 0..3 {
        bench.click("Next step of the tour");
        bench.frames(3);
    }
    results.add(bench.window.try_snapshot("tour_own_picture"));
    let mut small = Bench::first(FakeScript::default(), [640.0, 480.0]);
    small.settle();
    results.add(small.window.try_snapshot("tour_small"));
}
