//! The tool strip at every width and scale: no two controls touch, and what has no room is found under "…".

use egui::{Key, Modifiers, Rect, Role};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use inkwick::canvas::tools::Tool;
use inkwick::engine::FakeScript;
use inkwick::ui::action::{Action, CanvasAction, MaskStep};

use crate::studio_bench::Bench;

/// What can be pressed, with its name and place.
fn controls(bench: &Bench) -> Vec<(String, Rect)> {
    let roles = [
        Role::Button,
        Role::RadioButton,
        Role::CheckBox,
        Role::ComboBox,
        Role::Slider,
        Role::SpinButton,
        Role::TextInput,
        Role::MenuItem,
    ];
    let nodes = bench.window.query_all_by(|node| roles.contains(&node.role()));
    nodes.map(|node| (node.accesskit_node().label().unwrap_or_default(), node.rect())).collect()
}

/// Those of the tool strip, which stands right above the canvas.
fn of_the_strip(bench: &Bench) -> (Rect, Vec<(String, Rect)>) {
    let canvas = bench.window.get_by_role_and_label(Role::Canvas, "Canvas").rect();
    let strip = Rect::from_x_y_ranges(canvas.x_range(), canvas.top() - 40.0..=canvas.top());
    let found = controls(bench).into_iter().filter(|(_, rect)| strip.contains(rect.center()));
    (strip, found.collect())
}

type Control = (String, Rect);

fn touching(controls: &[Control]) -> Option<(&Control, &Control)> {
    let apart = |a: Rect, b: Rect| {
        let seen = a.intersect(b);
        seen.width() < 0.1 || seen.height() < 0.1
    };
    controls.iter().enumerate().find_map(|(index, one)| {
        controls[..index].iter().find(|other| !apart(one.1, other.1)).map(|other| (one, other))
    })
}

#[test]
fn no_two_controls_of_the_strip_touch_at_any_width_scale_and_tool() {
    let mut bench = Bench::with_photo(300, 200);
    bench.act(Action::Canvas(CanvasAction::Mask(MaskStep::All)));
    bench.frames(2);
    for scale in [1.0, 1.25, 1.5, 1.75, 2.0] {
        for width_px in (640..=2560).step_by(64) {
            let size = egui::vec2(width_px as f32 / scale, 1200.0 / scale);
            bench.window.set_pixels_per_point(scale);
            bench.window.set_size(size);
            for tool in Tool::ALL {
                bench.with(|studio| studio.state.canvas.tool = tool);
                bench.frames(2);
                let (strip, found) = of_the_strip(&bench);
                let place = format!("{width_px} pixels at {scale}, {tool:?}");
                assert_eq!(touching(&found), None, "{place}");
                for (name, rect) in &found {
                    assert!(strip.expand(0.1).contains_rect(*rect), "{place}: {name} at {rect:?} of {strip:?}");
                }
                // Always there, however narrow.
                for name in [tool_of(tool).name(), "More of this tool", "Undo", "Redo"] {
                    assert_eq!(found.iter().filter(|(found, _)| found == name).count(), 1, "{place}: {name}");
                }
            }
        }
    }
}

/// The lasso's button stands for the polygon too.
fn tool_of(tool: Tool) -> Tool {
    if tool == Tool::Polygon { Tool::Lasso } else { tool }
}

#[test]
fn what_has_no_room_is_found_under_the_dots_with_its_name_and_works() {
    for (size, scale) in [([853.0, 533.0], 1.5), ([860.0, 640.0], 1.0), ([700.0, 600.0], 1.0), ([560.0, 400.0], 1.0)] {
        let mut bench = Bench::sized(FakeScript::default(), size, scale, inkwick::store::settings::Theme::Dark);
        bench.lay(300, 200);
        for tool in Tool::ALL {
            bench.with(|studio| studio.state.canvas.tool = tool);
            bench.frames(2);
            let (_, shown) = of_the_strip(&bench);
            bench.click("More of this tool");
            bench.frames(2);
            let names: Vec<String> = controls(&bench).into_iter().map(|(name, _)| name).collect();
            for wanted in Tool::ALL.map(tool_of).map(Tool::name).into_iter().chain(["Undo", "Redo"]) {
                let count = names.iter().filter(|name| *name == wanted).count();
                assert!(count == 1, "{tool:?} at {size:?}: {wanted} is there {count} times");
            }
            if tool.is_for_mask() {
                for wanted in ["Show the mask", "Invert the mask", "Clear the mask"] {
                    assert!(names.iter().any(|name| name == wanted), "{tool:?} at {size:?}: {wanted}");
                }
            }
            assert!(shown.len() < names.len());
            bench.window.key_press(Key::Escape);
            bench.frames(2);
        }
        // The press that once ran Undo.
        bench.with(|studio| studio.state.canvas.tool = Tool::Lasso);
        bench.frames(2);
        let (_, shown) = of_the_strip(&bench);
        if !shown.iter().any(|(name, _)| name == "Invert the mask") {
            bench.click("More of this tool");
            bench.frames(2);
        }
        bench.click("Invert the mask");
        bench.frames(2);
        bench.studio(|studio| {
            let document = &studio.state.canvas.document;
            assert!(studio.state.canvas.has_picture() && !document.mask().is_empty(), "{size:?}");
        });
    }
}

#[test]
fn the_strip_folds_as_drawn() {
    let mut results = egui_kittest::SnapshotResults::new();
    for (name, size, scale, tool) in [
        ("strip_150", [853.0, 533.0], 1.5, Tool::Brush),
        ("strip_860", [860.0, 640.0], 1.0, Tool::Lasso),
        ("strip_700", [700.0, 600.0], 1.0, Tool::Brush),
    ] {
        let mut bench = Bench::sized(FakeScript::default(), size, scale, inkwick::store::settings::Theme::Dark);
        bench.lay(300, 200);
        bench.with(|studio| studio.state.canvas.tool = tool);
        bench.frames(2);
        bench.drag(&[(100.0, 80.0), (160.0, 90.0), (120.0, 120.0)], Modifiers::NONE);
        bench.click("More of this tool");
        bench.settle();
        results.add(bench.window.try_snapshot(name));
    }
}
