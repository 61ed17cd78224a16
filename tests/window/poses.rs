//! People on a layer: a point is dragged, a person goes along, comes and goes; each is one step and is kept.

use egui::Modifiers;
use inkwick::engine::FakeScript;
use inkwick::job::{ControlKind, Pose};
use inkwick::ui::action::{Action, CanvasAction, LayerAction, NewLayer};

use crate::layers::layers;
use crate::studio_bench::Bench;

fn with_pose() -> Bench {
    let mut bench = Bench::new(FakeScript::default());
    bench.lay(300, 200);
    bench.click("New layer");
    bench.click("Pose to move");
    bench.wait("it is there", |bench| layers(bench).len() == 1);
    bench.settle();
    bench
}

fn pose(bench: &Bench) -> Pose {
    layers(bench)[0].settings.layer_use.pose().unwrap().clone()
}

fn settled(bench: &mut Bench) {
    bench.wait("it is drawn", |bench| bench.studio(|studio| !studio.state.canvas.work.is_busy()));
    bench.settle();
}

#[test]
fn a_dragged_point_is_one_step_and_the_picture_follows_it() {
    let mut bench = with_pose();
    let before = pose(&bench);
    assert_eq!(layers(&bench)[0].settings.layer_use.control().unwrap().kind, Some(ControlKind::Pose));
    assert!(*layers(&bench)[0].content.seen() == before.drawn());
    // The left wrist.
    let [x, y] = before.people[0].points[7];
    bench.drag(&[(x, y), (x + 20.0, y - 20.0), (x + 60.0, y - 50.0)], Modifiers::NONE);
    settled(&mut bench);
    let after = pose(&bench);
    let [moved_x, moved_y] = after.people[0].points[7];
    assert!((moved_x - x - 60.0).abs() < 2.0 && (moved_y - y + 50.0).abs() < 2.0, "{moved_x} {moved_y}");
    let moved = before.people[0]
        .points
        .iter()
        .zip(&after.people[0].points)
        .filter(|(old, new)| format!("{old:?}") != format!("{new:?}"))
        .count();
    assert_eq!(moved, 1, "the others stay");
    assert!(*layers(&bench)[0].content.seen() == after.drawn());
    bench.act(Action::Canvas(CanvasAction::Undo));
    assert_eq!(pose(&bench), before);
    assert!(*layers(&bench)[0].content.seen() == before.drawn());
    bench.act(Action::Canvas(CanvasAction::Redo));
    assert_eq!(pose(&bench), after);
}

#[test]
fn with_shift_a_person_goes_along_and_alt_hides_a_point() {
    let mut bench = with_pose();
    let before = pose(&bench);
    let [x, y] = before.people[0].points[1];
    bench.drag(&[(x, y), (x + 30.0, y)], Modifiers::SHIFT);
    settled(&mut bench);
    let after = pose(&bench);
    for (old, new) in before.people[0].points.iter().zip(&after.people[0].points) {
        assert!((new[0] - old[0] - 30.0).abs() < 2.0 && (new[1] - old[1]).abs() < 2.0, "{old:?} {new:?}");
    }
    let [x, y] = after.people[0].points[10];
    for is_seen in [false, true] {
        bench.drag(&[(x, y)], Modifiers::ALT);
        settled(&mut bench);
        assert_eq!(pose(&bench).people[0].sees(10), is_seen);
    }
}

#[test]
fn people_come_and_go() {
    let mut bench = with_pose();
    bench.click("What to do with the chosen layer");
    bench.click("Add a person");
    settled(&mut bench);
    assert_eq!(pose(&bench).people.len(), 2);
    let first = pose(&bench).people[0].clone();
    bench.click("What to do with the chosen layer");
    bench.click("Take the last moved person away");
    settled(&mut bench);
    assert_eq!(pose(&bench).people, [first]);
    // A locked layer stays as it is.
    let id = layers(&bench)[0].id;
    bench.act(Action::Layers(LayerAction::ToggleLock(inkwick::ui::action::LayerRow::Layer(id))));
    let before = pose(&bench);
    let [x, y] = before.people[0].points[7];
    bench.drag(&[(x, y), (x + 60.0, y)], Modifiers::NONE);
    settled(&mut bench);
    assert_eq!(pose(&bench), before);
}

#[test]
fn without_a_picture_a_paper_is_laid_and_people_stay_on_a_larger_canvas() {
    let mut bench = Bench::new(FakeScript::default());
    bench.wait("the canvas is there", |bench| bench.studio(|studio| studio.state.canvas.is_restored));
    bench.act(Action::Layers(LayerAction::Add(NewLayer::Pose)));
    bench.wait("it is there", |bench| layers(bench).len() == 1);
    let before = pose(&bench);
    let sides = inkwick::raster::Extension { left: 64, top: 0, right: 0, bottom: 32 };
    bench.with(|studio| assert!(studio.state.canvas.document.change(|canvas| canvas.extended(sides))));
    let after = pose(&bench);
    assert_eq!(after.size_px, [before.size_px[0] + 64, before.size_px[1] + 32]);
    let [old, new] = [&before, &after].map(|pose| pose.people[0].points[1]);
    assert!((new[0] - old[0] - 64.0).abs() < 1e-3 && (new[1] - old[1]).abs() < 1e-3);
    assert!(*layers(&bench)[0].content.seen() == after.drawn());
}
