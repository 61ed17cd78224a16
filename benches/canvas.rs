//! What a brush costs on a large canvas: each pointer event, and each frame in which one paints.
//!
//! Prints median, 95th percentile and maximum; no pass or fail.
#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::unwrap_used)]

#[path = "../tests/studio_bench/mod.rs"]
#[allow(dead_code)]
mod studio_bench;

use std::sync::Arc;
use std::time::{Duration, Instant};

use egui::{Event, Modifiers, PointerButton, pos2};
use inkwick::canvas::{Document, Ink, Origin};
use inkwick::engine::FakeScript;
use inkwick::job::Picture;
use inkwick::mask::{Brush, BrushPoint};
use inkwick::ui::canvas::tools::Tool;
use studio_bench::Bench;

const SIDE_PX: u32 = 4096;

fn main() {
    println!("a stroke on {SIDE_PX}×{SIDE_PX}, each pointer event:");
    for (name, ink) in [("mask", Ink::Mask), ("eraser", Ink::Eraser), ("colour", Ink::Colour([200, 30, 60]))] {
        for (diameter_px, hardness) in [(50.0, 0.8), (200.0, 0.8), (200.0, 0.0), (500.0, 0.8)] {
            events(name, ink, Brush { diameter_px, hardness, opacity: 1.0 });
        }
    }
    println!("logic + ui of each frame while one paints on it with a brush of 200 px:");
    for (name, tool) in [("mask", Tool::Brush), ("colour", Tool::Colour)] {
        frames(name, tool);
    }
}

fn place(step: u32) -> (f32, f32) {
    let angle = step as f32 * 0.05;
    let middle = SIDE_PX as f32 / 2.0;
    (middle + angle.cos() * middle * 0.8, middle + (angle * 1.7).sin() * middle * 0.8)
}

fn events(name: &str, ink: Ink, brush: Brush) {
    let mut document = Document::default();
    document.replace(Some((Arc::new(Picture::filled(SIDE_PX, SIDE_PX, [90, 120, 150, 255])), Origin::default())));
    let mut times = Vec::new();
    for stroke in 0..4 {
        let mut event = |document: &mut Document, step: Option<u32>| {
            let started = Instant::now();
            match step {
                Some(0) => document.begin_stroke(ink, brush),
                Some(step) => {
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

fn frames(name: &str, tool: Tool) {
    let mut bench = Bench::new(FakeScript::default());
    bench.with(|studio| {
        let picture = Arc::new(Picture::filled(SIDE_PX, SIDE_PX, [90, 120, 150, 255]));
        studio.state.canvas.replace_picture(Some((picture, Origin::default())));
        studio.state.canvas.tool = tool;
        studio.state.canvas.tools.mask_brush.diameter_px = 200.0;
        studio.state.canvas.tools.colour_brush.diameter_px = 200.0;
    });
    bench.settle();
    bench.leave_fields();
    let view = bench.studio(|studio| studio.state.canvas.placed.expect("the picture is shown"));
    let on_screen = |step: u32| {
        let (x, y) = place(step);
        view.screen_from_image(pos2(x, y))
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
    report(name, &mut times);
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
