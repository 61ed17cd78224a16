//! A layer moved, scaled and turned by its handles on the canvas.

use egui::{Key, Modifiers, PointerButton};
use egui_kittest::kittest::Queryable as _;
use inkwick::canvas::{Layer, LayerId};
use inkwick::job::Placement;
use inkwick::ui::action::{Action, LayerAction, LayerRow, NewLayer};

use crate::layers::{layers, with_scribble};
use crate::studio_bench::Bench;

fn placement(bench: &Bench) -> Placement {
    layers(bench)[0].settings.placement
}

fn with_handles() -> Bench {
    let mut bench = with_scribble();
    bench.drag(&[(50.0, 50.0), (120.0, 150.0)], Modifiers::NONE);
    bench.window.key_press_modifiers(Modifiers::COMMAND, Key::T);
    bench.frames(2);
    assert!(bench.studio(|studio| studio.state.canvas.placing.is_on));
    bench
}

fn undo(bench: &mut Bench) {
    bench.window.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    bench.frames(2);
}

fn near(found: f32, wanted: f32) {
    assert!((found - wanted).abs() < 0.6, "{found} {wanted}");
}

#[test]
fn a_drag_of_a_handle_is_one_step() {
    let mut bench = with_handles();
    let drawn = layers(&bench)[0].content.clone();
    let steps = bench.studio(|studio| studio.state.canvas.document.undo_count());
    // Inside: it is moved.
    bench.drag(&[(150.0, 120.0), (160.0, 125.0), (190.0, 140.0)], Modifiers::NONE);
    near(placement(&bench).x, 40.0);
    near(placement(&bench).y, 20.0);
    assert!(layers(&bench)[0].content == drawn, "nothing is painted");
    assert_eq!(bench.studio(|studio| studio.state.canvas.document.undo_count()), steps + 1);
    undo(&mut bench);
    assert!(placement(&bench).is_none());
    // A corner freely, then with its proportions.
    bench.drag(&[(300.0, 200.0), (150.0, 150.0)], Modifiers::NONE);
    let free = placement(&bench);
    near(free.size * 100.0, 50.0);
    near(free.stretch * 100.0, 150.0);
    undo(&mut bench);
    bench.drag(&[(300.0, 200.0), (150.0, 100.0)], Modifiers::SHIFT);
    let even = placement(&bench);
    near(even.size * 100.0, 50.0);
    near(even.stretch, 1.0);
    let [x, y] = even.map([0.0, 0.0], [300, 200]);
    near(x, 0.0);
    near(y, 0.0);
    undo(&mut bench);
    // A side.
    bench.drag(&[(150.0, 200.0), (150.0, 100.0)], Modifiers::NONE);
    near(placement(&bench).size, 1.0);
    near(placement(&bench).stretch * 100.0, 50.0);
    undo(&mut bench);
    // The handle that turns, in steps with Shift.
    let zoom = bench.studio(|studio| studio.state.canvas.placed.unwrap().zoom());
    let turn = (150.0, 28.0 / zoom);
    bench.drag(&[turn, (300.0, 104.0)], Modifiers::SHIFT);
    near(placement(&bench).angle, 90.0);
    undo(&mut bench);
    assert!(placement(&bench).is_none());
}

#[test]
fn escape_takes_a_drag_back_and_then_the_handles() {
    let mut bench = with_handles();
    let steps = bench.studio(|studio| studio.state.canvas.document.undo_count());
    let [from, to] = [bench.on_screen(150.0, 120.0), bench.on_screen(190.0, 150.0)];
    bench.window.event(egui::Event::PointerMoved(from));
    bench.frames(2);
    bench.button(from, PointerButton::Primary, true, Modifiers::NONE);
    bench.frames(1);
    bench.window.event(egui::Event::PointerMoved(to));
    bench.frames(1);
    near(placement(&bench).x, 40.0);
    bench.window.key_press(Key::Escape);
    bench.frames(1);
    assert!(placement(&bench).is_none());
    bench.window.event(egui::Event::PointerMoved(bench.on_screen(250.0, 150.0)));
    bench.frames(1);
    bench.button(to, PointerButton::Primary, false, Modifiers::NONE);
    bench.frames(2);
    assert!(placement(&bench).is_none(), "it is let go");
    assert_eq!(bench.studio(|studio| studio.state.canvas.document.undo_count()), steps);
    assert!(bench.studio(|studio| studio.state.canvas.placing.is_on));
    bench.window.key_press(Key::Escape);
    bench.frames(1);
    assert!(!bench.studio(|studio| studio.state.canvas.placing.is_on));
    // The brush paints again.
    let before = layers(&bench)[0].content.clone();
    bench.drag(&[(200.0, 30.0), (240.0, 30.0)], Modifiers::NONE);
    assert!(layers(&bench)[0].content != before);
}

#[test]
fn what_cannot_be_moved_has_no_handles() {
    let mut bench = with_handles();
    let id: LayerId = layers(&bench)[0].id;
    bench.act(Action::Layers(LayerAction::ToggleLock(LayerRow::Layer(id))));
    bench.drag(&[(150.0, 120.0), (190.0, 140.0)], Modifiers::NONE);
    assert!(placement(&bench).is_none());
    bench.act(Action::Layers(LayerAction::ToggleLock(LayerRow::Layer(id))));
    // Another row, and they are gone.
    bench.act(Action::Layers(LayerAction::Choose(LayerRow::Mask)));
    assert!(!bench.studio(|studio| studio.state.canvas.placing.is_on));
    bench.act(Action::Layers(LayerAction::Add(NewLayer::Pose)));
    bench.frames(3);
    bench.window.key_press_modifiers(Modifiers::COMMAND, Key::T);
    bench.frames(2);
    let is_pose = |layer: &Layer| layer.settings.layer_use.pose().is_some();
    assert!(layers(&bench).iter().any(is_pose));
    assert!(bench.toasts().iter().any(|said| said.contains("by its points")), "{:?}", bench.toasts());
}

#[test]
fn handles_look_as_designed() {
    let mut bench = with_handles();
    bench.drag(&[(300.0, 200.0), (240.0, 170.0)], Modifiers::NONE);
    let zoom = bench.studio(|studio| studio.state.canvas.placed.unwrap().zoom());
    let at = placement(&bench).map([150.0, 0.0], [300, 200]);
    bench.drag(&[(at[0], at[1] + 28.0 / zoom), (at[0] + 60.0, at[1] + 30.0)], Modifiers::NONE);
    bench.with(|studio| studio.state.layers.place_is_open = true);
    bench.window.event(egui::Event::PointerMoved(egui::pos2(5.0, 400.0)));
    bench.settle();
    assert!(bench.window.query_by_label("Done").is_some());
    bench.window.snapshot("layer_handles");
}
