//! Masks of layers' own, and layers that are merged: under the hand, and in what the engine is given.

use egui::{Key, Modifiers, Role};
use egui_kittest::kittest::Queryable as _;
use inkwick::canvas::LayerSettings;
use inkwick::job::{Placement, Request};
use inkwick::ui::action::{Action, CanvasAction, LayerAction, LayerRow};

use crate::layers::{layers, names, row, white_at, with_scribble};
use crate::studio_bench::Bench;

/// A scribble from top to bottom, with a mask over its upper half.
fn masked() -> Bench {
    let mut bench = with_scribble();
    bench.drag(&[(50.0, 20.0), (50.0, 180.0)], Modifiers::NONE);
    let id = layers(&bench)[0].id;
    bench.act(Action::Layers(LayerAction::AddMask(id)));
    bench.frames(3);
    bench.with(|studio| studio.state.canvas.tools.mask_brush.diameter_px = 40.0);
    bench.drag(&[(40.0, 50.0), (70.0, 50.0)], Modifiers::NONE);
    bench
}

fn press_generate(bench: &mut Bench) -> Request {
    let asked = |bench: &Bench| bench.studio(|studio| studio.state.candidates.list.len());
    let before = asked(bench);
    bench.with(|studio| studio.state.prompt.prompt = "a castle".into());
    bench.window.key_press_modifiers(Modifiers::COMMAND, Key::Enter);
    bench.wait("the picture is asked for", |bench| asked(bench) > before);
    bench.studio(|studio| studio.state.candidates.list.last().unwrap().request.clone())
}

#[test]
fn the_brush_paints_where_a_layer_counts_and_the_request_says_it() {
    let mut bench = masked();
    let layer = layers(&bench)[0].clone();
    let mask = layer.mask.as_ref().unwrap().plane();
    assert_eq!([mask.row(50)[50], mask.row(150)[50]], [255, 0]);
    assert_eq!(white_at(&layer, 50, 150), 255, "the drawing itself stays");
    assert!(bench.studio(|studio| studio.state.canvas.document.mask().is_empty()), "and so does the canvas's mask");
    let request = press_generate(&mut bench);
    let control = &request.controls[0];
    assert_eq!(**control.mask.as_ref().unwrap(), *mask);
    assert_eq!(control.validate(), Ok(()));
    // The eraser takes away there, too, and with nothing painted it counts everywhere.
    bench.act(Action::Canvas(CanvasAction::ChooseTool(inkwick::canvas::tools::Tool::Eraser)));
    bench.drag(&[(10.0, 50.0), (120.0, 50.0)], Modifiers::NONE);
    let mask = layers(&bench)[0].mask.clone().unwrap();
    assert_eq!(mask.plane().row(50)[50], 0);
    for _ in 0..2 {
        bench.act(Action::Canvas(CanvasAction::Undo));
    }
    assert!(layers(&bench)[0].counts_where().is_none());
    assert!(press_generate(&mut bench).controls[0].mask.is_none());
}

#[test]
fn a_mask_is_a_row_of_its_own_that_can_be_inverted_and_deleted() {
    let mut bench = masked();
    let id = layers(&bench)[0].id;
    row(&mut bench, "Mask of Scribble");
    assert_eq!(bench.studio(|studio| studio.state.canvas.chosen()), LayerRow::LayerMask(id));
    bench.act(Action::Layers(LayerAction::InvertMask(id)));
    bench.frames(3);
    let at = |bench: &Bench, y: u32| layers(bench)[0].mask.as_ref().unwrap().plane().row(y)[50];
    assert_eq!([at(&bench, 50), at(&bench, 150)], [0, 255]);
    bench.leave_fields();
    bench.window.key_press(Key::Delete);
    bench.frames(3);
    assert_eq!((names(&bench), layers(&bench)[0].mask.is_some()), (vec!["Scribble".to_owned()], false));
    assert!(bench.window.query_by_role_and_label(Role::ListItem, "Layer Mask of Scribble").is_none());
    bench.act(Action::Canvas(CanvasAction::Undo));
    bench.frames(2);
    assert_eq!([at(&bench, 50), at(&bench, 150)], [0, 255]);
    // It goes along with a copy, and comes back with a restart.
    bench.act(Action::Layers(LayerAction::Duplicate(id)));
    bench.frames(3);
    assert!(layers(&bench).iter().all(|layer| layer.counts_where().is_some()));
    let before: Vec<_> = layers(&bench).into_iter().map(|layer| layer.mask).collect();
    let mut bench = Bench::reopen(bench.close(), inkwick::engine::FakeScript::default());
    bench.wait("the canvas is there", |bench| bench.studio(|studio| studio.state.canvas.is_restored));
    assert!(layers(&bench).into_iter().map(|layer| layer.mask).collect::<Vec<_>>() == before);
}

#[test]
fn two_scribbles_are_merged_by_a_key() {
    let mut bench = with_scribble();
    bench.drag(&[(50.0, 20.0), (50.0, 180.0)], Modifiers::NONE);
    bench.window.key_press(Key::N);
    bench.frames(3);
    bench.drag(&[(150.0, 20.0), (150.0, 180.0)], Modifiers::NONE);
    assert_eq!(names(&bench), ["Scribble 2", "Scribble"]);
    bench.window.key_press_modifiers(Modifiers::COMMAND, Key::E);
    bench.frames(3);
    assert_eq!(names(&bench), ["Scribble"]);
    let merged = layers(&bench)[0].clone();
    assert_eq!([white_at(&merged, 50, 100), white_at(&merged, 150, 100), white_at(&merged, 100, 100)], [255, 255, 0]);
    // Nothing lies below it now: that is said.
    bench.window.key_press_modifiers(Modifiers::COMMAND, Key::E);
    bench.frames(3);
    assert!(bench.toasts().iter().any(|said| said.contains("No layer lies below")), "{:?}", bench.toasts());
    bench.act(Action::Canvas(CanvasAction::Undo));
    bench.frames(2);
    assert_eq!(names(&bench), ["Scribble 2", "Scribble"]);
}

#[test]
fn a_layer_is_placed_by_numbers_and_that_is_one_step() {
    let mut bench = with_scribble();
    bench.drag(&[(50.0, 20.0), (50.0, 180.0)], Modifiers::NONE);
    let layer = layers(&bench)[0].clone();
    let placement = Placement { x: 100.0, flips_down: true, ..Placement::default() };
    let settings = LayerSettings { placement, ..layer.settings.clone() };
    bench.act(Action::Layers(LayerAction::Set { layer: layer.id, settings: Box::new(settings) }));
    bench.frames(3);
    let control = press_generate(&mut bench).controls[0].clone();
    let white = |x: usize, y: usize| control.picture.as_ref().unwrap().rgba()[(y * 300 + x) * 4];
    assert_eq!([white(50, 100), white(150, 100)], [0, 255], "the engine is given it where it is seen");
    // It is drawn on again once that is its own pixels.
    bench.drag(&[(20.0, 20.0), (20.0, 60.0)], Modifiers::NONE);
    assert!(bench.toasts().iter().any(|said| said.contains("Apply")), "{:?}", bench.toasts());
    bench.act(Action::Layers(LayerAction::ApplyPlacement(layer.id)));
    bench.frames(3);
    let applied = layers(&bench)[0].clone();
    assert!(applied.settings.placement.is_none());
    assert_eq!([white_at(&applied, 50, 100), white_at(&applied, 150, 100)], [0, 255]);
    bench.act(Action::Canvas(CanvasAction::Undo));
    bench.frames(2);
    assert_eq!(layers(&bench)[0].settings.placement, placement);
    bench.act(Action::Canvas(CanvasAction::Undo));
    bench.frames(2);
    assert!(layers(&bench)[0].settings.placement.is_none());
    assert_eq!(white_at(&layers(&bench)[0], 50, 100), 255);
    // And its numbers stand in its settings.
    bench.with(|studio| studio.state.layers.place_is_open = true);
    bench.frames(3);
    for label in ["Position", "Angle"] {
        assert!(bench.window.query_all_by_label(label).next().is_some(), "{label}");
    }
}
