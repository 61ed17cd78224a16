//! Live painting with the built-in model in four steps, on every core: a recorded drawing is played stroke by stroke at
//! 256×256, and after each the hand rests.
//!
//! Prints how long after a stroke its picture is there, and what frames and strokes take meanwhile; no pass or fail.
#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::unwrap_used)]

#[path = "../tests/window/studio_bench.rs"]
#[allow(dead_code)]
mod studio_bench;

use std::time::{Duration, Instant};

use egui::{Event, Key, Modifiers, PointerButton};
use inkwick::canvas::Ink;
use inkwick::engine::CandleBackend;
use inkwick::engine::device::{DeviceChoice, DtypeChoice};
use inkwick::job::ModelRef;
use inkwick::mask::{Brush, BrushPoint};
use inkwick::ui::action::{Action, CanvasAction};
use studio_bench::Bench;

/// A screen's own pace.
const FRAME: Duration = Duration::from_millis(16);
/// Events of a pen in one frame.
const EVENTS_A_FRAME: usize = 4;
const ROUNDS: usize = 3;

/// A house on grass, as it was drawn: a colour, and the corners that the hand went through, in pixels.
type Stroke = ([u8; 3], &'static [(f32, f32)]);
const DRAWING: [Stroke; 8] = [
    ([127, 178, 230], &[(10.0, 20.0), (246.0, 20.0), (246.0, 60.0), (10.0, 60.0), (10.0, 100.0), (246.0, 100.0)]),
    ([95, 163, 72], &[(8.0, 240.0), (248.0, 236.0), (248.0, 214.0), (8.0, 214.0)]),
    ([232, 194, 138], &[(90.0, 140.0), (90.0, 200.0), (110.0, 200.0), (110.0, 140.0), (150.0, 140.0), (150.0, 200.0)]),
    ([214, 70, 46], &[(70.0, 140.0), (128.0, 80.0), (186.0, 140.0)]),
    ([214, 70, 46], &[(90.0, 130.0), (166.0, 130.0), (128.0, 100.0), (90.0, 130.0)]),
    ([122, 74, 44], &[(118.0, 208.0), (118.0, 176.0)]),
    ([74, 160, 232], &[(150.0, 164.0), (160.0, 170.0)]),
    ([255, 214, 64], &[(220.0, 36.0), (224.0, 40.0)]),
];

fn main() {
    let mut bench = Bench::drawn_by(|| CandleBackend::new(DeviceChoice::Cpu, DtypeChoice::Auto));
    bench.wait("the canvas of the last time has come", |bench| bench.studio(|s| s.state.canvas.is_restored));
    bench.with(|studio| {
        studio.state.choose_model(ModelRef::BuiltInFourSteps);
        studio.state.prompt.prompt = "a house in the mountains".into();
        studio.state.prompt.seed_text = "16".into();
        studio.state.prompt.strength = 0.5;
        studio.answers().send(Action::Canvas(CanvasAction::BlankCanvas)).expect("the window takes it");
    });
    bench.settle();
    bench.window.key_press(Key::D);
    bench.window.step();
    bench.with(|studio| studio.state.canvas.tools.colour_brush.diameter_px = 28.0);
    bench.window.key_press(Key::Y);
    bench.wait("the first picture, model and all", is_drawn);

    let (mut until, mut frames) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        for (colour, way) in DRAWING {
            bench.with(|studio| studio.state.canvas.tools.colour = colour);
            bench.spent.borrow_mut().clear();
            paint(&mut bench, way);
            let lifted = Instant::now();
            let before = bench.studio(|studio| studio.state.live.made.as_ref().map(|made| made.job));
            let is_new = |bench: &Bench| {
                bench.studio(|studio| studio.state.live.made.as_ref().map(|made| made.job)) != before && is_drawn(bench)
            };
            while !is_new(&bench) {
                assert!(lifted.elapsed() < Duration::from_secs(20), "no picture came");
                frame(&mut bench);
            }
            until.push(lifted.elapsed());
            frames.append(&mut bench.spent.borrow_mut());
        }
    }
    println!(
        "256×256, strength 0.5 of 4 steps, {} threads:",
        std::thread::available_parallelism().map_or(0, usize::from)
    );
    report("from a stroke's end to its picture", &mut until);
    report("logic + ui of a frame", &mut frames);
    report("a stroke's piece", &mut strokes(&mut bench));
}

/// Whether the newest wish was drawn.
fn is_drawn(bench: &Bench) -> bool {
    bench.studio(|studio| studio.state.live.made.is_some() && studio.state.live.is_up_to_date())
}

fn frame(bench: &mut Bench) {
    let started = Instant::now();
    bench.window.step();
    std::thread::sleep(FRAME.saturating_sub(started.elapsed()));
}

/// At a hand's pace: so many pixels from one event of the pen to the next.
fn paint(bench: &mut Bench, way: &[(f32, f32)]) {
    const PIXELS: f32 = 4.0;
    let mut points = vec![way[0]];
    for pair in way.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        let length = (to.0 - from.0).hypot(to.1 - from.1);
        let pieces = (length / PIXELS).ceil().max(1.0) as usize;
        points.extend((1..=pieces).map(|piece| {
            let share = piece as f32 / pieces as f32;
            (from.0 + (to.0 - from.0) * share, from.1 + (to.1 - from.1) * share)
        }));
    }
    let on_screen: Vec<egui::Pos2> = points.iter().map(|(x, y)| bench.on_screen(*x, *y)).collect();
    bench.window.event(Event::PointerMoved(on_screen[0]));
    frame(bench);
    bench.button(on_screen[0], PointerButton::Primary, true, Modifiers::NONE);
    for events in on_screen.chunks(EVENTS_A_FRAME) {
        for place in events {
            bench.window.event(Event::PointerMoved(*place));
        }
        frame(bench);
    }
    bench.button(on_screen[on_screen.len() - 1], PointerButton::Primary, false, Modifiers::NONE);
    frame(bench);
}

/// What each event of the pen costs by itself, while a picture is being drawn.
fn strokes(bench: &mut Bench) -> Vec<Duration> {
    let brush = Brush { diameter_px: 28.0, hardness: 0.8, opacity: 1.0 };
    let mut times = Vec::new();
    for round in 0..8u8 {
        bench.with(|studio| studio.state.canvas.document.begin_stroke(Ink::Colour([round * 30, 90, 60]), brush));
        for step in 0..30 {
            let at = BrushPoint::at(20.0 + step as f32 * 7.0, 40.0 + f32::from(round) * 20.0);
            times.push(bench.with(|studio| {
                let started = Instant::now();
                studio.state.canvas.document.stroke_to(at);
                started.elapsed()
            }));
            if step % EVENTS_A_FRAME == 0 {
                frame(bench);
            }
        }
        bench.with(|studio| studio.state.canvas.document.end_stroke());
        for _ in 0..12 {
            frame(bench);
        }
    }
    times
}

fn report(name: &str, times: &mut [Duration]) {
    times.sort_unstable();
    let at = |share: f64| times.get(((times.len() - 1) as f64 * share) as usize).copied().unwrap_or_default();
    let ms = |time: Duration| time.as_secs_f64() * 1000.0;
    println!(
        "  {name:36} {:5} times  median {:8.2} ms  95th {:8.2} ms  max {:8.2} ms",
        times.len(),
        ms(at(0.5)),
        ms(at(0.95)),
        ms(at(1.0))
    );
}
