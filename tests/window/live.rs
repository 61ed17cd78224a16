//! Live painting: what is drawn while one paints, when, and where it is seen.

use std::time::Duration;

use egui::{Key, Modifiers, Role};
use egui_kittest::kittest::Queryable as _;
use inkwick::engine::FakeScript;
use inkwick::job::{JobId, ModelRef};
use inkwick::store::settings::Theme;
use inkwick::ui::action::LookingAt;

use crate::studio_bench::Bench;

fn made(bench: &Bench) -> Option<JobId> {
    bench.studio(|studio| studio.state.live.made.as_ref().map(|made| made.job))
}

fn prompt_of_made(bench: &Bench) -> String {
    bench.studio(|studio| studio.state.live.made.as_ref().map(|made| made.request.prompt.clone()).unwrap_or_default())
}

/// A photo, words and the colour brush; live painting is on, and has drawn once.
fn live(script: FakeScript) -> Bench {
    let mut bench = Bench::new(script);
    bench.lay(256, 256);
    bench.type_prompt("a house");
    bench.leave_fields();
    bench.with(|studio| studio.state.prompt.steps = 4);
    bench.window.key_press(Key::D);
    bench.frames(1);
    bench.window.key_press(Key::Y);
    bench.frames(1);
    bench.wait("a first picture", |bench| made(bench).is_some());
    bench
}

/// Does something, and waits until that was drawn.
fn drawn_after(bench: &mut Bench, what: &str, change: impl FnOnce(&mut Bench)) {
    let before = made(bench);
    change(bench);
    bench.wait(what, |bench| made(bench) != before);
}

#[test]
fn each_pause_draws_anew_and_nothing_is_saved_before_it_is_kept() {
    let mut bench = live(FakeScript::default());
    drawn_after(&mut bench, "the stroke", |bench| bench.drag(&[(50.0, 60.0), (150.0, 160.0)], Modifiers::NONE));
    drawn_after(&mut bench, "another word", |bench| {
        bench.with(|studio| studio.state.prompt.prompt.push_str(" at night"));
    });
    assert_eq!(prompt_of_made(&bench), "a house at night");
    drawn_after(&mut bench, "another strength", |bench| bench.with(|studio| studio.state.prompt.strength = 0.3));
    drawn_after(&mut bench, "another seed", |bench| {
        bench.with(|studio| studio.state.prompt.seed_text = "77".into());
    });
    drawn_after(&mut bench, "the stroke taken back", |bench| {
        bench.window.key_press_modifiers(Modifiers::COMMAND, Key::Z);
        bench.frames(1);
    });
    drawn_after(&mut bench, "a mask, which makes it Fill", |bench| {
        bench.window.key_press(Key::R);
        bench.frames(1);
        bench.drag(&[(40.0, 40.0), (90.0, 90.0)], Modifiers::NONE);
    });
    let last = made(&bench);
    std::thread::sleep(Duration::from_millis(200));
    bench.settle();
    assert_eq!(made(&bench), last, "without a change nothing is drawn");
    assert!(bench.files().is_empty() && bench.done().is_empty(), "nothing was kept");
    assert_eq!(bench.studio(|studio| studio.state.canvas.looking_at.clone()), LookingAt::Canvas);
}

#[test]
fn enter_keeps_the_result_as_a_candidate_and_one_goes_on_painting() {
    let mut bench = live(FakeScript::default());
    bench.window.key_press(Key::Enter);
    bench.wait("it stands in the strip", |bench| bench.done().len() == 1);
    let kept = &bench.done()[0];
    let file = kept.made().unwrap().file.clone();
    assert!(bench.files() == [file.clone()] && file.is_file(), "and lies in the gallery");
    assert_eq!(Some(kept.job), made(&bench));
    assert_eq!(bench.studio(|studio| studio.state.canvas.looking_at.clone()), LookingAt::Canvas);
    bench.window.key_press(Key::Enter);
    bench.settle();
    assert_eq!(bench.done().len(), 1, "once");
    drawn_after(&mut bench, "the stroke", |bench| bench.drag(&[(50.0, 60.0), (150.0, 160.0)], Modifiers::NONE));
    bench.click("Keep");
    bench.wait("the next one stands there too", |bench| bench.done().len() == 2);
    // Used as input, it is what one paints on: one step, which undo takes back.
    let result = bench.studio(|studio| studio.state.live.made.as_ref().unwrap().picture.clone());
    bench.window.key_press_modifiers(Modifiers::COMMAND, Key::I);
    bench.frames(2);
    assert!(bench.studio(|studio| studio.state.canvas.document.whole_picture()).is_some_and(|shown| *shown == *result));
    bench.window.key_press(Key::Y);
    bench.settle();
    assert!(made(&bench).is_none() && !bench.has_label_starting("Live result"), "it is off");
    assert_eq!(bench.done().len(), 2, "what was kept stays");
}

#[test]
fn the_newest_wish_replaces_what_is_stale() {
    let mut bench = live(FakeScript { step_duration: Duration::from_millis(2), ..FakeScript::default() });
    let first = made(&bench);
    // More than two seconds: overtaken in its first half.
    bench.with(|studio| studio.state.prompt.steps = 1000);
    bench.wait("it is being drawn", |bench| bench.studio(|studio| studio.state.live.job().is_some()));
    for word in ["one", "two", "three"] {
        bench.with(|studio| {
            studio.state.prompt.prompt = word.into();
            studio.state.prompt.steps = 4;
        });
        bench.window.step();
    }
    let is_first = |bench: &Bench| made(bench) == first;
    bench.wait("the next result", |bench| !is_first(bench));
    assert_ne!(prompt_of_made(&bench), "a house", "the stale one was given up");
    bench.wait("the newest", |bench| prompt_of_made(bench) == "three");
    assert!(bench.toasts().is_empty(), "{:?}", bench.toasts());
}

#[test]
fn what_fails_is_said_once_and_the_next_wish_is_drawn() {
    let mut bench = live(FakeScript::default());
    for word in ["it will fail", "it will fail too"] {
        bench.with(|studio| studio.state.prompt.prompt = word.into());
        std::thread::sleep(Duration::from_millis(150));
        bench.settle();
    }
    assert_eq!(bench.toasts().iter().filter(|text| text.contains("always fails")).count(), 1, "{:?}", bench.toasts());
    drawn_after(&mut bench, "what can be drawn", |bench| {
        bench.with(|studio| studio.state.prompt.prompt = "a tree".into());
    });
}

#[test]
fn an_empty_canvas_becomes_a_white_one_and_the_fast_model_is_offered() {
    let mut bench = Bench::new(FakeScript::default());
    bench.type_prompt("a house");
    bench.leave_fields();
    bench.window.key_press(Key::Y);
    bench.frames(2);
    assert!(bench.studio(|studio| studio.state.canvas.has_picture()));
    bench.click("Use 4 steps");
    bench.frames(2);
    bench.studio(|studio| {
        assert_eq!((&studio.state.prompt.model, studio.state.prompt.steps), (&ModelRef::BuiltInFourSteps, 4));
    });
    bench.wait("the fast model's", |bench| {
        bench.studio(|studio| {
            let made = studio.state.live.made.as_ref();
            made.is_some_and(|made| made.request.model == ModelRef::BuiltInFourSteps)
        })
    });
    bench.window.get_by_label("Live painting");
}

#[test]
fn the_result_stands_beside_the_drawing_above_it_or_over_it() {
    let mut bench = live(FakeScript::default());
    let places = |bench: &Bench| {
        let canvas = bench.window.get_by_role_and_label(Role::Canvas, "Canvas").rect();
        let result = |node: &egui_kittest::kittest::AccessKitNode<'_>| {
            node.label().is_some_and(|label| label.starts_with("Live result"))
        };
        (canvas, bench.window.query_all_by(result).next().map(|node| node.rect()))
    };
    let (canvas, result) = places(&bench);
    let result = result.expect("beside");
    assert!(result.left() >= canvas.right() && result.width() > 200.0, "{canvas:?} {result:?}");
    let drawing = bench.studio(|studio| studio.state.canvas.placed.unwrap().picture_rect());
    assert!((drawing.size() - result.size()).length() < 2.0, "at the same zoom");
    bench.window.key_press_modifiers(Modifiers::SHIFT, Key::Y);
    bench.frames(2);
    let (over, result) = places(&bench);
    assert!(result.is_none() && over.width() > 1.5 * canvas.width(), "over it");
    bench.window.key_press_modifiers(Modifiers::SHIFT, Key::Y);
    bench.lay(640, 160);
    bench.wait("a wide one", |bench| made(bench).is_some());
    bench.frames(3);
    let (canvas, result) = places(&bench);
    assert!(result.expect("below").top() >= canvas.bottom(), "wide pictures stand above each other");
    // Too narrow for two.
    bench.window.set_size(egui::vec2(853.0, 533.0));
    bench.frames(3);
    assert!(places(&bench).1.is_none());
}

#[test]
fn it_looks_like_this() {
    let mut results = egui_kittest::SnapshotResults::new();
    for (name, size, scale) in [("live_dark", [1440.0, 900.0], 1.0), ("live_small", [853.0, 533.0], 1.5)] {
        let mut bench = Bench::sized(FakeScript::default(), size, scale, Theme::Dark);
        bench.lay(256, 256);
        bench.with(|studio| {
            studio.state.prompt.prompt = "a house in the mountains".into();
            studio.state.prompt.seed_text = "16".into();
            studio.state.choose_model(ModelRef::BuiltInFourSteps);
        });
        bench.window.key_press(Key::D);
        bench.frames(1);
        bench.window.key_press(Key::Y);
        bench.frames(1);
        bench.wait("a picture", |bench| made(bench).is_some());
        bench.window.key_press(Key::Enter);
        bench.wait("it is kept", |bench| bench.done().len() == 1);
        bench.drag(&[(60.0, 200.0), (128.0, 60.0), (200.0, 200.0)], Modifiers::NONE);
        let before = made(&bench);
        bench.wait("the stroke", |bench| made(bench) != before);
        bench.with(|studio| {
            let live = studio.state.live.made.as_mut().unwrap();
            live.picture = std::sync::Arc::new(crate::studio_bench::gradient(256, 3));
            live.seconds = 0.42;
        });
        bench.settle();
        results.add(bench.window.try_snapshot(name));
    }
}
