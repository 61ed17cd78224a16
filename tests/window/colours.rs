//! The colour popup and the canvas extended by numbers, by pointer and by keys alone.

use egui::{Key, Modifiers};
use egui_kittest::SnapshotResults;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use inkwick::canvas::tools::Tool;
use inkwick::raster::Extension;

use crate::studio_bench::Bench;

fn open(bench: &mut Bench) {
    bench.with(|studio| studio.state.canvas.tool = Tool::Colour);
    bench.frames(2);
    bench.click("Colour");
    bench.frames(3);
}

fn colour(bench: &Bench) -> [u8; 3] {
    bench.studio(|studio| studio.state.canvas.tools.colour)
}

#[test]
fn a_colour_is_written_as_figures() {
    let mut bench = Bench::with_photo(300, 200);
    open(&mut bench);
    let field = || egui::Role::TextInput;
    bench.window.get_by_role_and_label(field(), "Hex").focus();
    bench.frames(2);
    bench.window.key_press_modifiers(Modifiers::COMMAND, Key::A);
    bench.frames(1);
    bench.window.get_by_role_and_label(field(), "Hex").type_text("#3f");
    bench.frames(2);
    assert_eq!(colour(&bench), [214, 40, 40], "not yet a colour");
    bench.window.get_by_role_and_label(field(), "Hex").type_text("a0c8");
    bench.frames(2);
    assert_eq!(colour(&bench), [0x3f, 0xa0, 0xc8]);
}

#[test]
fn keys_alone_change_shade_and_hue() {
    let mut bench = Bench::with_photo(300, 200);
    open(&mut bench);
    // The square has the keyboard from the start.
    let [red, green, _] = colour(&bench);
    for _ in 0..10 {
        bench.window.key_press(Key::ArrowDown);
        bench.frames(1);
    }
    let darker = colour(&bench);
    assert!(darker[0] < red - 15, "{darker:?}");
    bench.window.key_press_modifiers(Modifiers::SHIFT, Key::ArrowLeft);
    bench.frames(2);
    let paler = colour(&bench);
    assert!(paler[1] > darker[1] + 10 && paler[0] == darker[0], "{paler:?}, from {darker:?}, {green}");
    bench.window.get_by_role_and_label(egui::Role::Slider, "Hue").focus();
    bench.frames(2);
    bench.window.key_press_modifiers(Modifiers::SHIFT, Key::ArrowRight);
    bench.frames(2);
    let other = colour(&bench);
    assert!(other[1] > paler[1] + 20, "towards yellow: {other:?}");
    // Through black and back.
    let hue =
        |bench: &Bench| bench.window.get_by_role_and_label(egui::Role::Slider, "Hue").accesskit_node().numeric_value();
    let before = hue(&bench);
    bench.with(|studio| studio.state.canvas.tools.colour = [0, 0, 0]);
    bench.frames(2);
    assert_eq!(hue(&bench), before);
    // The first leaves the slider, the second closes.
    for _ in 0..2 {
        bench.window.key_press(Key::Escape);
        bench.frames(2);
    }
    assert!(bench.window.query_by_role_and_label(egui::Role::TextInput, "Hex").is_none());
}

#[test]
fn a_used_colour_is_found_among_the_recent_ones() {
    let mut bench = Bench::with_photo(300, 200);
    bench.with(|studio| studio.state.canvas.tools.colour = [1, 2, 3]);
    bench.with(|studio| studio.state.canvas.tool = Tool::Colour);
    bench.frames(2);
    bench.drag(&[(100.0, 100.0), (120.0, 100.0)], Modifiers::NONE);
    bench.with(|studio| studio.state.canvas.tools.colour = [255, 255, 255]);
    open(&mut bench);
    bench.click("Recent 1: #010203");
    bench.frames(2);
    assert_eq!(colour(&bench), [1, 2, 3]);
    bench.click("Palette 4: #d62828");
    bench.frames(2);
    assert_eq!(colour(&bench), [214, 40, 40]);
    bench.window.snapshot("colour_popup");
}

#[test]
fn the_canvas_grows_by_the_pixels_that_were_written() {
    let mut bench = Bench::with_photo(300, 200);
    bench.window.key_press(Key::O);
    bench.frames(2);
    bench.click("By numbers");
    bench.frames(3);
    let write = |bench: &mut Bench, side: &str, pixels: &str| {
        bench.window.get_by_role_and_label(egui::Role::SpinButton, side).click();
        bench.frames(2);
        bench.window.key_press_modifiers(Modifiers::COMMAND, Key::A);
        bench.window.event(egui::Event::Text(pixels.into()));
        bench.frames(1);
        bench.window.key_press(Key::Enter);
        bench.frames(2);
    };
    write(&mut bench, "Left", "13");
    write(&mut bench, "Bottom", "50");
    assert!(bench.has_label_starting("Becomes 313 × 250 px"));
    assert!(bench.has_label_starting("The model's grid is 32 px"));
    let mut results = SnapshotResults::new();
    results.add(bench.window.try_snapshot("extend_numbers"));
    bench.click("Fit the grid");
    bench.frames(2);
    assert!(bench.has_label_starting("Becomes 320 × 256 px") && bench.has_label_starting("On the model's grid"));
    bench.click("Extend");
    bench.wait("it has grown", |bench| {
        bench.studio(|studio| studio.state.canvas.document.size_px()) == Some([320, 256])
    });
    bench.studio(|studio| {
        let canvas = &studio.state.canvas;
        // What is new is masked, with eight pixels of the photo beside it, which lies where its numbers say.
        assert_eq!(canvas.document.mask().plane().row(100)[..22], [[255; 21].as_slice(), &[0]].concat());
        assert_eq!(canvas.document.picture().unwrap().pixel(13, 0), Some([0, 0, 90, 255]));
        assert_eq!(canvas.extension, None::<Extension>);
    });
}
