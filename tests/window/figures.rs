//! What is drawn and counted beside a run: the crop's dashes, and the status line's figures.

use egui::{Event, Key, Modifiers};
use inkwick::engine::FakeScript;
use inkwick::ui::action::{Action, PromptAction};

use crate::studio_bench::Bench;

#[test]
fn the_crops_dashes_lie_around_the_crop_while_the_mask_is_seen() {
    /// What is drawn as short white lines.
    fn dashes(bench: &Bench) -> Vec<egui::Rect> {
        fn gather(shape: &egui::Shape, found: &mut Vec<egui::Rect>) {
            match shape {
                egui::Shape::Vec(shapes) => shapes.iter().for_each(|shape| gather(shape, found)),
                egui::Shape::LineSegment { points, stroke }
                    if stroke.color == egui::Color32::WHITE && points[0].distance(points[1]) <= 6.1 =>
                {
                    found.push(egui::Rect::from_two_pos(points[0], points[1]));
                }
                _ => {}
            }
        }
        let mut found = Vec::new();
        bench.window.output().shapes.iter().for_each(|clipped| gather(&clipped.shape, &mut found));
        found
    }
    let mut bench = Bench::with_photo(300, 200);
    bench.window.key_press(Key::B);
    bench.frames(2);
    bench.drag(&[(140.0, 90.0), (160.0, 100.0)], Modifiers::NONE);
    bench.window.event(Event::PointerMoved(egui::pos2(700.0, 20.0)));
    bench.frames(3);
    let found = dashes(&bench);
    assert!(found.len() > 20, "{}", found.len());
    let crop = bench.studio(|studio| studio.state.next_frame().unwrap().crop);
    let [a, b] = [(crop.left, crop.top), (crop.right, crop.bottom)].map(|(x, y)| bench.on_screen(x as f32, y as f32));
    let around = found.iter().copied().reduce(egui::Rect::union).unwrap();
    let wanted = egui::Rect::from_two_pos(a, b);
    assert!(
        wanted.expand(1.5).contains_rect(around) && around.expand(8.0).contains_rect(wanted),
        "{around:?} {wanted:?}"
    );
    bench.window.key_press(Key::M);
    bench.frames(3);
    assert!(dashes(&bench).is_empty(), "a mask that is hidden has no crop to show");
    bench.window.key_press(Key::M);
    bench.frames(3);
    assert_eq!(dashes(&bench).len(), found.len());
    bench.window.key_press_modifiers(Modifiers::SHIFT, Key::C);
    bench.frames(3);
    assert!(dashes(&bench).is_empty(), "nothing is masked");
}

#[test]
fn the_status_line_counts_what_waits_and_the_time_of_all_of_it() {
    let script = FakeScript { step_duration: std::time::Duration::from_millis(25), ..FakeScript::default() };
    let mut bench = Bench::new(script);
    bench.settle();
    bench.with(|studio| {
        studio.state.prompt.prompt = "a red apple".into();
        studio.state.prompt.picture_count = 3;
    });
    bench.act(Action::Prompt(PromptAction::Generate));
    bench.wait("the first of three is being made", |bench| bench.has_label_starting("picture 1 of 3"));
    bench.wait("there is a measure", |bench| bench.studio(|studio| studio.state.candidates.seconds_left().is_some()));
    bench.studio(|studio| {
        let candidates = &studio.state.candidates;
        let current = candidates.list.iter().find_map(|one| match &one.stage {
            inkwick::ui::results::candidate::Stage::Running(progress) => Some(progress.clone()),
            _ => None,
        });
        if let Some(progress) = current {
            let behind = candidates.waiting().count() as f64 * progress.seconds_per_step * f64::from(progress.total);
            let all = candidates.seconds_left().unwrap();
            assert!(all > 0.7 * behind, "{all} s for what waits alone takes {behind} s");
        }
    });
    bench.wait("the second of three", |bench| bench.has_label_starting("picture 2 of 3"));
    bench.wait("all are done", |bench| bench.done().len() == 3);
    bench.frames(2);
    assert!(!bench.has_label_starting("1 waiting") && !bench.has_label_starting("0 waiting"));
}
