//! How long the window's own work takes per frame: while a large preview arrives every 20 ms, and while a slow disk and a
//! canvas of 24 million pixels are worked on.
//!
//! Prints median, 95th percentile and maximum of `logic` + `ui`, and of the whole pass; no pass or fail.
#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::unwrap_used)]

#[path = "../tests/window/studio_bench.rs"]
#[allow(dead_code)]
mod studio_bench;

use std::sync::Arc;
use std::time::{Duration, Instant};

use egui_kittest::kittest::Queryable as _;
use inkwick::canvas::{Ink, Origin};
use inkwick::engine::device::{DeviceChoice, DtypeChoice};
use inkwick::engine::{CandleBackend, FakeScript};
use inkwick::mask::{Brush, BrushPoint};
use inkwick::raster::{Extension, Picture};
use inkwick::ui::Studio;
use inkwick::ui::action::{Action, CanvasAction, LibraryAction, PromptAction, Tab};
use inkwick::ui::results::candidate::Stage;
use studio_bench::Bench;

const PREVIEW_SIDE_PX: u32 = 2048;
/// A screen's own pace.
const FRAME: Duration = Duration::from_millis(16);

fn main() {
    let script = FakeScript {
        step_duration: Duration::from_millis(20),
        preview_side_px: PREVIEW_SIDE_PX,
        ..FakeScript::default()
    };
    println!("a {PREVIEW_SIDE_PX}×{PREVIEW_SIDE_PX} preview every 20 ms:");
    measure(Bench::new(script), 250);
    println!("the built-in model on every core:");
    measure(Bench::drawn_by(|| CandleBackend::new(DeviceChoice::Cpu, DtypeChoice::Auto)), 20);
    println!("a disk that takes 200 ms for everything, a canvas of 6000×4000, every frame until it is done:");
    for (name, start) in slow_work() {
        slow(name, start);
    }
}

type Start = fn(&mut Bench);

fn act(bench: &mut Bench, action: Action) {
    bench.with(|studio| studio.answers().send(action).expect("the window takes it"));
}

/// What once held the window up.
fn slow_work() -> [(&'static str, Start); 7] {
    [
        ("flood fill", |bench| act(bench, Action::Canvas(CanvasAction::Fill([10.0, 10.0])))),
        ("extend", |bench| {
            act(bench, Action::Canvas(CanvasAction::ExtendTo(Extension { right: 256, ..Extension::default() })));
            act(bench, Action::Canvas(CanvasAction::Extend));
        }),
        ("paste", |bench| {
            let image = egui::ColorImage::filled([6000, 4000], egui::Color32::from_rgb(200, 100, 0));
            bench.window.event(egui::Event::PasteImage(Arc::new(image)));
        }),
        ("generate, painted on", |bench| {
            bench.with(|studio| studio.state.prompt.prompt = "a fox".into());
            act(bench, Action::Prompt(PromptAction::Generate));
        }),
        ("undo of a flood fill", |bench| {
            act(bench, Action::Canvas(CanvasAction::Fill([10.0, 10.0])));
            bench.wait("it is filled", |bench| bench.studio(|studio| !studio.state.canvas.work.is_busy()));
            bench.spent.borrow_mut().clear();
            act(bench, Action::Canvas(CanvasAction::Undo));
        }),
        ("open the library", |bench| act(bench, Action::Library(LibraryAction::Open(Tab::Models)))),
        ("delete a download", |bench| act(bench, Action::Library(LibraryAction::GiveUp("a/model".into())))),
    ]
}

fn slow(name: &str, start: Start) {
    let mut bench = Bench::slow(tempfile::tempdir().expect("a folder"), Duration::from_millis(200));
    bench.wait("the canvas of the last time has come", |bench| bench.studio(|s| s.state.canvas.is_restored));
    bench.with(|studio| {
        let picture = Arc::new(Picture::filled(6000, 4000, [90, 120, 150, 255]));
        let canvas = &mut studio.state.canvas;
        canvas.replace_picture(Some((picture, Origin::default())));
        canvas
            .document
            .begin_stroke(Ink::Colour([200, 30, 60]), Brush { diameter_px: 300.0, hardness: 0.5, opacity: 1.0 });
        canvas.document.stroke_to(BrushPoint::at(2000.0, 2000.0));
        canvas.document.stroke_to(BrushPoint::at(4000.0, 2500.0));
        canvas.document.end_stroke();
    });
    bench.settle();
    bench.spent.borrow_mut().clear();
    start(&mut bench);
    // Long enough for the slow answers, and for all that follows from them.
    for _ in 0..90 {
        let started = Instant::now();
        bench.window.step();
        std::thread::sleep(FRAME.saturating_sub(started.elapsed()));
    }
    let mut own = std::mem::take(&mut *bench.spent.borrow_mut());
    report(name, &mut own);
}

/// One picture of so many steps, looked at in every frame.
fn measure(mut bench: Bench, steps: u32) {
    bench.type_prompt("a castle at night");
    bench.with(|studio| studio.state.prompt.steps = steps);
    bench.click("Generate");
    bench.wait("a step is told", |bench| bench.has_label_starting("step "));

    let mut own = Vec::new();
    let mut whole = Vec::new();
    let mut steps_seen = 0;
    let mut last_step = 0;
    bench.spent.borrow_mut().clear();
    while bench.window.query_by_label("Queue next").is_some() {
        let started = Instant::now();
        bench.window.step();
        let took = started.elapsed();
        whole.push(took);
        own.append(&mut bench.spent.borrow_mut());
        let step = bench.studio(running_step).unwrap_or(last_step);
        steps_seen += u32::from(step != last_step);
        last_step = step;
        std::thread::sleep(FRAME.saturating_sub(took));
    }
    println!("  {steps_seen} of {steps} steps seen");
    report("logic + ui", &mut own);
    report("whole pass", &mut whole);
}

fn running_step(studio: &Studio) -> Option<u32> {
    match &studio.state.candidates.running()?.stage {
        Stage::Running(progress) => Some(progress.done),
        _ => None,
    }
}

fn report(name: &str, times: &mut [Duration]) {
    times.sort_unstable();
    let at = |share: f64| times.get(((times.len() - 1) as f64 * share) as usize).copied().unwrap_or_default();
    let ms = |time: Duration| time.as_secs_f64() * 1000.0;
    println!(
        "  {name:22} {:4} frames  median {:6.2} ms  95th {:6.2} ms  max {:6.2} ms",
        times.len(),
        ms(at(0.5)),
        ms(at(0.95)),
        ms(at(1.0))
    );
}
