//! Pictures beside each other: chosen in the strip, looked at in four ways, with what they differ in.

use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;
use inkwick::engine::FakeScript;
use inkwick::store::settings::Theme;
use inkwick::ui::action::{Action, CompareMode, PromptAction, ResultsAction};
use inkwick::ui::results::candidate::Stage;

use crate::studio_bench::Bench;

/// With a picture for each number of steps.
fn with_pictures(bench: &mut Bench, steps: &[u32]) {
    for count in steps {
        bench.with(|studio| {
            studio.state.prompt.prompt = "a castle in the mountains".into();
            studio.state.prompt.seed_text = format!("{}", 10 + count);
            studio.state.prompt.steps = *count;
        });
        let before = bench.done().len();
        bench.act(Action::Prompt(PromptAction::Generate));
        bench.wait("it is drawn", |bench| bench.done().len() > before);
    }
    bench.leave_fields();
    bench.settle();
}

fn is_open(bench: &Bench) -> bool {
    bench.studio(|studio| studio.state.compare.is_open())
}

fn divider(bench: &Bench) -> f32 {
    bench.studio(|studio| studio.state.compare.open.as_ref().unwrap().divider)
}

fn pair(bench: &Bench) -> Vec<u32> {
    bench.studio(|studio| {
        let open = studio.state.compare.open.as_ref().unwrap();
        [open.a(), open.b()].map(|compared| compared.request.as_ref().unwrap().steps).to_vec()
    })
}

#[test]
fn the_last_two_are_compared_at_a_press_and_keys_move_what_is_seen() {
    let mut bench = Bench::sized(FakeScript::default(), [1440.0, 900.0], 1.0, Theme::Light);
    with_pictures(&mut bench, &[20, 10]);
    bench.window.key_press(Key::C);
    bench.frames(3);
    assert!(is_open(&bench));
    assert_eq!(pair(&bench), [20, 10]);
    // What differs is listed, what is alike is folded.
    assert!(bench.has_label_starting("Steps: 20 · 10") && bench.has_label_starting("Seed: 30 · 20"));
    assert!(!bench.has_label_starting("Prompt: a castle"));
    bench.settle();
    bench.window.snapshot("compare_light");
    bench.click("The same");
    assert!(bench.has_label_starting("Prompt: a castle"));
    bench.click("The same");

    bench.window.key_press(Key::ArrowRight);
    bench.window.key_press_modifiers(Modifiers::SHIFT, Key::ArrowLeft);
    bench.frames(2);
    assert!((divider(&bench) - 0.41).abs() < 1e-4, "{}", divider(&bench));
    bench.window.key_press(Key::X);
    bench.frames(2);
    assert_eq!(pair(&bench), [10, 20]);
    bench.window.key_press(Key::Escape);
    bench.frames(2);
    assert!(!is_open(&bench));
}

#[test]
fn each_way_of_looking_shows_what_it_says() {
    let mut bench = Bench::sized(FakeScript::default(), [1440.0, 900.0], 1.0, Theme::Light);
    with_pictures(&mut bench, &[20, 10, 30]);
    // How long each took depends on the machine.
    bench.with(|studio| {
        for candidate in &mut studio.state.candidates.list {
            if let Stage::Done(made) = &mut candidate.stage {
                made.seconds = 0.0;
            }
        }
    });
    let files = bench.done().iter().map(|candidate| candidate.made().unwrap().file.clone()).collect();
    bench.act(Action::Results(ResultsAction::Compare(files)));
    bench.wait("they are there", is_open);
    bench.click("Compare: Side by side");
    bench.settle();
    bench.window.snapshot("compare_side_by_side_light");
    // The third one becomes B.
    bench.click("3 · show as B");
    assert_eq!(pair(&bench), [20, 30]);
    bench.click("Compare: Difference");
    let computed =
        |bench: &Bench| bench.studio(|studio| studio.state.compare.open.as_ref().unwrap().computed_mean().is_some());
    bench.wait("it is computed", computed);
    bench.settle();
    bench.window.snapshot("compare_difference_light");
    let mean = bench.studio(|studio| studio.state.compare.open.as_ref().unwrap().computed_mean()).unwrap();
    assert!(mean > 0.0, "the pictures are of different seeds");
    bench.click("Compare: Flicker");
    assert_eq!(bench.studio(|studio| studio.state.compare.open.as_ref().unwrap().mode), CompareMode::Flicker);
    bench.click("Close");
    assert!(!is_open(&bench));
}

#[test]
fn pictures_are_chosen_in_the_strip_with_ctrl() {
    let mut bench = Bench::new(FakeScript::default());
    with_pictures(&mut bench, &[20, 10, 30]);
    for index in [2, 0] {
        let tile = bench.window.query_all_by_label_contains("Result: a castle").nth(index).unwrap();
        tile.click_modifiers(Modifiers::COMMAND);
        bench.frames(2);
    }
    bench.window.key_press(Key::C);
    bench.frames(2);
    assert_eq!(pair(&bench), [30, 20]);
}

#[test]
fn one_picture_alone_is_not_compared_and_it_is_said_what_helps() {
    let mut bench = Bench::new(FakeScript::default());
    with_pictures(&mut bench, &[20]);
    bench.window.key_press(Key::C);
    bench.frames(2);
    assert!(!is_open(&bench));
    assert!(bench.toasts().iter().any(|toast| toast.contains("Choose two to four")), "{:?}", bench.toasts());
}

#[test]
fn pictures_of_other_sizes_and_unreadable_ones_are_met() {
    let mut bench = Bench::new(FakeScript::default());
    bench.settle();
    let files =
        vec![bench.photo("wide.png", 300, 100), bench.photo("tall.png", 90, 200), "/no/such/picture.png".into()];
    bench.act(Action::Results(ResultsAction::Compare(files)));
    bench.wait("the unreadable one is left out", |bench| {
        bench.studio(|studio| {
            let open = studio.state.compare.open.as_ref();
            open.is_some_and(|open| open.pictures.len() == 2 && open.pictures.iter().all(|one| one.picture.is_some()))
        })
    });
    assert!(bench.has_label_starting("Pixels: 300 × 100 · 90 × 200"));
    bench.click("Compare: Difference");
    bench.wait("the difference is there", |bench| {
        bench.studio(|studio| studio.state.compare.open.as_ref().unwrap().computed_mean().is_some())
    });
}

#[test]
fn every_control_has_room_in_a_small_window() {
    for (size, scale) in [([853.0, 533.0], 1.5), ([640.0, 500.0], 1.0), ([1024.0, 700.0], 1.0)] {
        let mut bench = Bench::sized(FakeScript::default(), size, scale, Theme::Dark);
        with_pictures(&mut bench, &[20, 10]);
        bench.act(Action::Results(ResultsAction::Compare(
            bench.done().iter().map(|candidate| candidate.made().unwrap().file.clone()).collect(),
        )));
        bench.click("Compare: Difference");
        bench.settle();
        let rects: Vec<egui::Rect> = ["Compare: Slider", "Compare: Difference", "Swap A and B", "Gain", "Close"]
            .iter()
            .map(|label| {
                bench.window.query_all_by_label(label).next().unwrap_or_else(|| panic!("{label} at {size:?}")).rect()
            })
            .collect();
        for (index, rect) in rects.iter().enumerate() {
            assert!(rect.right() <= size[0], "{size:?} {rect:?}");
            assert!(rects[..index].iter().all(|other| !other.shrink(1.0).intersects(*rect)), "{size:?} {rects:?}");
        }
    }
}
