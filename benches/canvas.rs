//! What a hand costs on a large canvas: each pointer event of a brush, each frame in which one paints, and each step that
//! changes the whole mask.
//!
//! Prints median, 95th percentile and maximum; no pass or fail.
#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::unwrap_used)]

#[path = "../tests/window/studio_bench.rs"]
#[allow(dead_code)]
mod studio_bench;

use std::sync::Arc;
use std::time::{Duration, Instant};

use egui::{Event, Modifiers, PointerButton, pos2};
use inkwick::canvas::tools::Tool;
use inkwick::canvas::{Content, Document, Ink, LayerId, LayerPart, LayerSettings, Origin};
use inkwick::engine::FakeScript;
use inkwick::mask::{Brush, BrushPoint};
use inkwick::raster::Picture;
use inkwick::system::memory::resident_memory_bytes;
use inkwick::ui::action::{Action, CanvasAction, MaskStep};
use studio_bench::Bench;

const SIDE_PX: u32 = 4096;

fn main() {
    println!("a stroke on {SIDE_PX}×{SIDE_PX}, each pointer event:");
    for (name, ink) in [("mask", Ink::Mask), ("eraser", Ink::Eraser), ("colour", Ink::Colour([200, 30, 60]))] {
        for diameter_px in [20.0, 200.0, 800.0] {
            for hardness in [1.0, 0.0] {
                let brush = Brush { diameter_px, hardness, opacity: 1.0 };
                events(name, ink, None, brush);
                // Beside it in turns, on a layer that can be drawn on and on where that counts.
                if ink == Ink::Mask {
                    events("layer", ink, Some(LayerPart::Drawing), brush);
                    events("layer's mask", ink, Some(LayerPart::Mask), brush);
                }
            }
        }
    }
    layers();
    println!("logic + ui of each frame while one paints on it, with two pointer events in each:");
    for (name, tool) in [("mask", Tool::Brush), ("colour", Tool::Colour)] {
        for diameter_px in [20.0, 200.0, 800.0] {
            for zoom in [None, Some(1.0)] {
                frames(name, tool, diameter_px, zoom);
            }
        }
    }
    println!("a step that changes the whole mask, and its undo:");
    for (name, is_full) in [("two strokes", false), ("all over", true)] {
        whole_mask(name, is_full);
    }
}

/// Grow and its kin as the window does them, on the window's thread.
fn whole_mask(name: &str, is_full: bool) {
    let steps = [
        ("grow", MaskStep::Grow),
        ("shrink", MaskStep::Shrink),
        ("soften", MaskStep::Feather),
        ("invert", MaskStep::Invert),
        ("everything", MaskStep::All),
        ("clear", MaskStep::Clear),
    ];
    for (step_name, step) in steps {
        let mut bench = Bench::new(FakeScript::default());
        bench.wait("the canvas of the last time has come", |bench| bench.studio(|s| s.state.canvas.is_restored));
        bench.with(|studio| {
            let picture = Arc::new(Picture::filled(SIDE_PX, SIDE_PX, [90, 120, 150, 255]));
            let canvas = &mut studio.state.canvas;
            canvas.replace_picture(Some((picture, Origin::default())));
            let reach = if is_full { 1900.0 } else { 300.0 };
            for (dx, dy) in [(1.0, 1.0), (1.0, -1.0)] {
                let middle = SIDE_PX as f32 / 2.0;
                canvas.document.begin_stroke(Ink::Mask, Brush { diameter_px: 300.0, hardness: 0.5, opacity: 1.0 });
                canvas.document.stroke_to(BrushPoint::at(middle - reach * dx, middle - reach * dy));
                canvas.document.stroke_to(BrushPoint::at(middle + reach * dx, middle + reach * dy));
                canvas.document.end_stroke();
            }
        });
        bench.settle();
        let mut slowest = |action: Action| {
            bench.spent.borrow_mut().clear();
            bench.with(|studio| studio.answers().send(action).expect("the window hears"));
            bench.frames(3);
            bench.spent.borrow().iter().max().copied().unwrap_or_default().as_secs_f64() * 1000.0
        };
        let done = slowest(Action::Canvas(CanvasAction::Mask(step)));
        println!(
            "  {name:12} {step_name:12} {done:7.1} ms  undo {:7.1} ms",
            slowest(Action::Canvas(CanvasAction::Undo))
        );
    }
}

fn place(step: u32) -> (f32, f32) {
    let angle = step as f32 * 0.02;
    let middle = SIDE_PX as f32 / 2.0;
    (middle + angle.cos() * middle * 0.8, middle + (angle * 1.7).sin() * middle * 0.8)
}

/// What the process takes more for a picture and ten layers, half of them drawings and half pictures of their own.
fn layers() {
    let before = resident_memory_bytes();
    let mut document = blank();
    for layer in 0..10_u8 {
        if layer % 2 == 0 {
            // All of it drawn on, so that the system has given every page.
            let id = add_drawing(&mut document);
            document.change(|canvas| canvas.with_content(id, |content| Some(content.inverted())));
            document.change(|canvas| {
                canvas.with_layer_mask(id, |mut plane| {
                    plane.invert();
                    Some(plane)
                })
            });
        } else {
            let picture = Content::Picture(Arc::new(Picture::filled(SIDE_PX, SIDE_PX, [layer, 60, 90, 255])));
            document.change(|canvas| Some(canvas.with_layer(LayerSettings::default(), picture, None, [SIDE_PX; 2])));
        }
    }
    document.take_records();
    let megabytes = resident_memory_bytes().zip(before).map(|(now, before)| now.saturating_sub(before) / 1_000_000);
    let words = megabytes.map_or("not known here".to_owned(), |megabytes| format!("{megabytes} MB"));
    println!("a picture and ten layers of {SIDE_PX}×{SIDE_PX}: {words}");
    assert_eq!(document.stack().layers().len(), 10);
}

fn blank() -> Document {
    let mut document = Document::default();
    document.replace(Some((Arc::new(Picture::filled(SIDE_PX, SIDE_PX, [90, 120, 150, 255])), Origin::default())));
    document
}

/// With a mask of its own.
fn add_drawing(document: &mut Document) -> LayerId {
    let drawing = Content::empty_drawing([SIDE_PX; 2]);
    document.change(|canvas| Some(canvas.with_layer(LayerSettings::default(), drawing, None, [SIDE_PX; 2])));
    let id = document.stack().layers()[0].id;
    document.change(|canvas| canvas.with_layer_mask(id, Some));
    id
}

fn events(name: &str, ink: Ink, part: Option<fn(LayerId) -> LayerPart>, brush: Brush) {
    let mut document = blank();
    let part = part.map(|part| part(add_drawing(&mut document)));
    let mut times = Vec::new();
    for stroke in 0..4 {
        let mut event = |document: &mut Document, step: Option<u32>| {
            let started = Instant::now();
            match step {
                Some(0) => document.begin_stroke_on(part, ink, brush),
                Some(step) => {
                    // As a quick hand goes: about 40 px between two events of a mouse.
                    let (x, y) = place(step + stroke * 1000);
                    document.stroke_to(BrushPoint::at(x, y));
                }
                None => document.end_stroke(),
            }
            times.push(started.elapsed());
        };
        for step in 0..200 {
            event(&mut document, Some(step));
        }
        event(&mut document, None);
        document.take_dirty();
        document.take_records();
    }
    let words = format!("{name} {} px, hardness {}", brush.diameter_px, brush.hardness);
    report(&words, &mut times);
}

fn frames(name: &str, tool: Tool, diameter_px: f32, zoom: Option<f32>) {
    let mut bench = Bench::new(FakeScript::default());
    bench.wait("the canvas of the last time has come", |bench| bench.studio(|s| s.state.canvas.is_restored));
    bench.with(|studio| {
        let picture = Arc::new(Picture::filled(SIDE_PX, SIDE_PX, [90, 120, 150, 255]));
        studio.state.canvas.replace_picture(Some((picture, Origin::default())));
        studio.state.canvas.tool = tool;
        studio.state.canvas.view.zoom = zoom;
        studio.state.canvas.tools.mask_brush.diameter_px = diameter_px;
        studio.state.canvas.tools.colour_brush.diameter_px = diameter_px;
    });
    bench.settle();
    bench.leave_fields();
    let view = bench.studio(|studio| studio.state.canvas.placed.expect("the picture is shown"));
    let on_screen = |step: u32| {
        // At 1:1 only the middle is seen: the hand stays there.
        let (x, y) = place(step);
        let middle = SIDE_PX as f32 / 2.0;
        let share = if zoom.is_some() { 0.12 } else { 1.0 };
        view.screen_from_image(pos2(middle + (x - middle) * share, middle + (y - middle) * share))
    };
    let button = |pressed| Event::PointerButton {
        pos: on_screen(0),
        button: PointerButton::Primary,
        pressed,
        modifiers: Modifiers::NONE,
    };
    bench.window.event(Event::PointerMoved(on_screen(0)));
    bench.frames(2);
    bench.window.event(button(true));
    bench.frames(1);
    bench.spent.borrow_mut().clear();
    for step in 1..200 {
        // A mouse of 125 Hz and a screen of 60.
        bench.window.event(Event::PointerMoved(on_screen(2 * step)));
        bench.window.event(Event::PointerMoved(on_screen(2 * step + 1)));
        bench.window.step();
    }
    let mut times = std::mem::take(&mut *bench.spent.borrow_mut());
    bench.window.event(button(false));
    bench.frames(1);
    let seen = if zoom.is_some() { "at 1:1" } else { "fitted" };
    report(&format!("{name} {diameter_px} px, {seen}"), &mut times);
}

fn report(name: &str, times: &mut [Duration]) {
    times.sort_unstable();
    let at = |share: f64| times.get(((times.len() - 1) as f64 * share) as usize).copied().unwrap_or_default();
    let ms = |time: Duration| time.as_secs_f64() * 1000.0;
    println!(
        "  {name:28} {:4}  median {:6.3} ms  95th {:6.3} ms  max {:6.3} ms",
        times.len(),
        ms(at(0.5)),
        ms(at(0.95)),
        ms(at(1.0))
    );
}
