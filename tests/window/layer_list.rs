//! The list of layers in the window: where it stands, how it looks, and its rows under the hand.

use egui::{Key, Modifiers, Role};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use inkwick::engine::FakeScript;
use inkwick::raster::Preprocessor;
use inkwick::store::settings::Theme;
use inkwick::ui::action::{Action, LayerAction, Maker, NewLayer};

use crate::layers::{layers, names, row, white_at, with_scribble};
use crate::studio_bench::Bench;

#[test]
fn a_row_is_dragged_to_another_place() {
    let mut bench = with_scribble();
    bench.window.key_press(Key::N);
    bench.frames(3);
    assert_eq!(names(&bench), ["Scribble 2", "Scribble"]);
    let (from, to) = (row(&mut bench, "Scribble 2"), row(&mut bench, "Scribble"));
    bench.window.event(egui::Event::PointerMoved(from));
    bench.frames(1);
    bench.button(from, egui::PointerButton::Primary, true, Modifiers::NONE);
    for y in [from.y + 12.0, to.y, to.y + 12.0] {
        bench.window.event(egui::Event::PointerMoved(egui::pos2(from.x, y)));
        bench.frames(1);
    }
    bench.button(egui::pos2(from.x, to.y + 12.0), egui::PointerButton::Primary, false, Modifiers::NONE);
    bench.frames(3);
    assert_eq!(names(&bench), ["Scribble", "Scribble 2"]);
}

#[test]
fn where_only_a_rail_fits_the_list_opens_over_the_canvas() {
    let mut bench = Bench::sized(FakeScript::default(), [853.0, 533.0], 1.0, Theme::Dark);
    bench.lay(300, 200);
    bench.window.key_press(Key::N);
    bench.frames(3);
    assert!(bench.window.query_by_label("New layer").is_none());
    bench.click("Open the layers");
    bench.frames(2);
    let list = bench.window.get_by_label("New layer").rect();
    assert!(list.left() > 500.0 && list.top() > 72.0, "{list:?}");
    // One goes on painting beside it.
    bench.with(|studio| studio.state.canvas.tools.mask_brush.diameter_px = 12.0);
    bench.drag(&[(20.0, 150.0), (60.0, 150.0)], Modifiers::NONE);
    assert_eq!(white_at(&layers(&bench)[0], 40, 150), 255);
    assert!(bench.window.query_by_label("New layer").is_some());
    bench.leave_fields();
    bench.window.key_press(Key::Escape);
    bench.frames(2);
    assert!(bench.window.query_by_label("New layer").is_none());
}

/// Every control of the list lies inside of it, and no two of them over each other.
#[test]
fn nothing_of_the_list_is_cut_or_covered() {
    for (size, theme) in
        [([1440.0, 900.0], Theme::Dark), ([1210.0, 560.0], Theme::Light), ([1210.0, 430.0], Theme::Dark)]
    {
        let mut bench = Bench::sized(FakeScript::default(), size, 1.0, theme);
        bench.lay(300, 200);
        for _ in 0..6 {
            bench.window.key_press(Key::N);
            bench.frames(3);
        }
        bench.with(|studio| studio.state.layers.more_is_open = true);
        bench.settle();
        let list = bench.studio(|studio| studio.state.layers.rect.unwrap());
        assert!(list.height() <= (size[1] - 60.0) / 2.0 + 1.0, "{list:?} of {size:?}");
        let search = bench.window.get_by_label("Search pictures").rect();
        assert!(search.top() >= list.bottom(), "the gallery stands below: {search:?} {list:?}");
        let controls: Vec<egui::Rect> = bench
            .window
            .query_all_by(|node| matches!(node.role(), Role::Slider | Role::SpinButton | Role::ComboBox | Role::Button))
            .map(|node| (node.rect(), node.accesskit_node().is_disabled()))
            .filter(|(rect, _)| list.contains(rect.center()))
            .map(|(rect, _)| rect)
            .collect();
        assert!(controls.len() > 5, "{}", controls.len());
        assert!(
            controls.iter().all(|rect| list.x_range().contains(rect.left()) && list.x_range().contains(rect.right()))
        );
    }
}

#[test]
fn the_list_looks_as_it_should() {
    let mut results = egui_kittest::SnapshotResults::new();
    for (name, size, theme) in [
        ("layers_dark", [1440.0, 900.0], Theme::Dark),
        ("layers_light", [1440.0, 900.0], Theme::Light),
        ("layers_small", [853.0, 533.0], Theme::Dark),
    ] {
        let mut bench = Bench::sized(FakeScript::default(), size, 1.0, theme);
        bench.lay(300, 200);
        bench.with(|studio| studio.state.prompt.prompt = "a castle by a mountain lake, misty morning".into());
        bench.act(Action::Layers(LayerAction::Add(NewLayer::OfPicture(Maker::Plain(Preprocessor::Blur)))));
        bench.frames(3);
        bench.window.key_press(Key::N);
        bench.frames(3);
        bench.with(|studio| {
            studio.state.canvas.tools.mask_brush.diameter_px = 6.0;
            studio.state.canvas.document.change_stack(|stack| {
                stack.layers[1].settings.is_on = false;
                stack.layers[1].settings.is_locked = true;
                stack.layers[0].settings.layer_use.control_mut().unwrap().weight = 0.8;
                stack.layers[0].settings.layer_use.control_mut().unwrap().to = 0.6;
                true
            });
        });
        for way in [[(60.0, 150.0), (60.0, 80.0)], [(60.0, 80.0), (90.0, 40.0)], [(90.0, 40.0), (120.0, 80.0)]] {
            bench.drag(&way, Modifiers::NONE);
        }
        if name == "layers_small" {
            bench.click("Open the layers");
        }
        bench.window.event(egui::Event::PointerMoved(egui::pos2(5.0, 400.0)));
        bench.settle();
        results.add(bench.window.try_snapshot(name));
    }
    let mut bench = with_scribble();
    bench.drag(&[(50.0, 50.0), (120.0, 150.0)], Modifiers::NONE);
    bench.window.key_press(Key::V);
    bench.wait("it is worked out", |bench| bench.studio(|studio| studio.state.layers.looks.seen.is_some()));
    bench.settle();
    results.add(bench.window.try_snapshot("layer_seen"));
}
