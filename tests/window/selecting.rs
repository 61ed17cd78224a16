//! The tool that selects by a click, as a hand uses it, with a finder that finds squares.

use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;
use inkwick::engine::FakeScript;
use inkwick::ui::action::Sheet;

use crate::studio_bench::Bench;

/// A window with a photo, the tool in hand, and something to find with.
fn ready() -> Bench {
    let mut bench = Bench::new(FakeScript::default());
    bench.lay(300, 200);
    bench.window.key_press(Key::W);
    bench.frames(2);
    bench.drag(&[(50.0, 60.0)], Modifiers::NONE);
    bench.wait("the sheet says how to get it", |bench| bench.studio(|s| s.state.sheet == Some(Sheet::Selector)));
    assert_eq!(masked_px(&bench), 0);
    bench.frames(2);
    bench.click("Fetch 41 MB");
    bench.wait("it is there", |bench| bench.toasts().iter().any(|toast| toast.starts_with("Click on a thing")));
    bench.studio(|studio| {
        assert!(studio.state.sheet.is_none() && studio.state.canvas.document.mask().bounds().is_none());
    });
    bench
}

fn masked_px(bench: &Bench) -> usize {
    bench.studio(|studio| {
        studio.state.canvas.document.mask().plane().values().iter().filter(|value| **value > 0).count()
    })
}

fn select(bench: &mut Bench, way: &[(f32, f32)], modifiers: Modifiers) {
    bench.drag(way, modifiers);
    bench.wait("it is found", |bench| bench.studio(|studio| !studio.state.canvas.selecting.is_looking()));
    bench.frames(1);
}

#[test]
fn clicks_and_boxes_add_take_away_and_are_one_step_each() {
    let mut bench = ready();
    select(&mut bench, &[(50.0, 60.0)], Modifiers::NONE);
    assert_eq!(masked_px(&bench), 400);
    select(&mut bench, &[(150.0, 60.0), (170.0, 80.0), (190.0, 90.0)], Modifiers::NONE);
    let boxed = masked_px(&bench) - 400;
    assert!(boxed.abs_diff(40 * 30) < 80, "{boxed}");
    // The last box goes on: what is clicked with Alt does not belong.
    select(&mut bench, &[(170.0, 75.0)], Modifiers::SHIFT | Modifiers::ALT);
    assert_eq!(masked_px(&bench), 400 + boxed - 100);
    // A new click with Alt takes away what it finds.
    select(&mut bench, &[(50.0, 60.0)], Modifiers::ALT);
    assert_eq!(masked_px(&bench), boxed - 100);
    for left in [400 + boxed - 100, 400 + boxed, 400, 0] {
        bench.window.key_press_modifiers(Modifiers::COMMAND, Key::Z);
        bench.frames(2);
        assert_eq!(masked_px(&bench), left);
    }
}

#[test]
fn the_strip_says_how_an_answer_joins_the_mask() {
    let mut bench = ready();
    select(&mut bench, &[(50.0, 60.0)], Modifiers::NONE);
    // What has no room in the strip stands under "…"; where there is little, its sign has the same name.
    let choose = |bench: &mut Bench, name: &str| {
        if bench.window.query_by_label(name).is_none() {
            bench.click("More of this tool");
            bench.frames(2);
        }
        bench.click(name);
        bench.frames(2);
        bench.window.key_press(egui::Key::Escape);
        bench.frames(2);
    };
    choose(&mut bench, "Selection: Replace");
    select(&mut bench, &[(200.0, 100.0)], Modifiers::NONE);
    assert_eq!(masked_px(&bench), 400);
    choose(&mut bench, "Selection: Take away");
    select(&mut bench, &[(210.0, 100.0)], Modifiers::NONE);
    assert_eq!(masked_px(&bench), 200);
    bench.settle();
    bench.window.snapshot("tool_select");
}
