//! How long the window's own work takes per frame while a large preview arrives every 20 ms.
//!
//! Prints median, 95th percentile and maximum of `logic` + `ui`, and of the whole pass; no pass or fail.
#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::unwrap_used)]

#[path = "../tests/window/studio_bench.rs"]
#[allow(dead_code)]
mod studio_bench;

use std::time::{Duration, Instant};

use egui_kittest::kittest::Queryable as _;
use inkwick::engine::device::{DeviceChoice, DtypeChoice};
use inkwick::engine::{CandleBackend, FakeScript};
use inkwick::ui::Studio;
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
        "  {name:10} {:4} frames  median {:6.2} ms  95th {:6.2} ms  max {:6.2} ms",
        times.len(),
        ms(at(0.5)),
        ms(at(0.95)),
        ms(at(1.0))
    );
}
