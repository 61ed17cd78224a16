//! What a scheduler's step costs beside the network's: both at 512×512, with the built-in model (the smallest one that
//! there is, so that the share is the largest). Prints a line for each scheduler; no pass or fail.
#![allow(clippy::expect_used, clippy::print_stdout)]

use std::time::Instant;

use candle_core::{DType, Device};
use inkwick::checkpoint::builtin_model;
use inkwick::job::{CancelToken, Progress, Request};
use inkwick::pipeline::Pipeline;
use inkwick::sampling::{SchedulerConfig, SchedulerName, TorchNoise, build};

const SIDE_PX: u32 = 512;
/// Four channels, an eighth of the side.
const LATENTS: usize = 4 * 64 * 64;
const STEPS: usize = 20;
const ROUNDS: u32 = 20;

fn main() {
    let network = seconds_of_a_step();
    println!("the built-in network at {SIDE_PX}×{SIDE_PX}: {:.1} ms a step", network * 1e3);
    let config = r#"{"beta_schedule": "scaled_linear", "clip_sample": false, "skip_prk_steps": true}"#;
    let config = SchedulerConfig::from_json(config).expect("the config is right");
    for name in SchedulerName::ALL {
        let seconds = seconds_of_a_walk(name, &config) / STEPS as f64;
        println!(
            "{:13} {:8.1} µs a step, {:.3} % of the network's",
            name.id(),
            seconds * 1e6,
            seconds / network * 100.0
        );
    }
}

/// All of a scheduler's work for one picture, noise included.
fn seconds_of_a_walk(name: SchedulerName, config: &SchedulerConfig) -> f64 {
    let output = vec![0.1_f32; LATENTS];
    let started = Instant::now();
    for _ in 0..ROUNDS {
        let mut scheduler = build(name, config, STEPS).expect("every scheduler takes so many steps");
        let mut noise = TorchNoise::new(0);
        let mut latents = vec![1.0_f32; LATENTS];
        for index in 0..scheduler.timesteps().len() {
            let mut input = latents.clone();
            scheduler.scale_model_input(index, &mut input);
            latents = scheduler.step(index, &output, &latents, &mut noise).previous;
        }
    }
    started.elapsed().as_secs_f64() / f64::from(ROUNDS)
}

/// With guidance, as people draw; the fastest of a few steps.
fn seconds_of_a_step() -> f64 {
    let files = builtin_model().expect("the built-in model is there");
    let mut pipeline = Pipeline::load(&files, &Device::Cpu, DType::F32, &|_, _| Ok(())).expect("it can be read");
    let request = Request {
        prompt: "a red apple".into(),
        steps: 4,
        width: Some(SIDE_PX),
        height: Some(SIDE_PX),
        ..Request::default()
    };
    let mut fastest = f64::MAX;
    let mut tell = |progress: Progress| {
        if let Progress::Step { seconds, .. } = progress {
            fastest = fastest.min(seconds);
        }
    };
    pipeline.run(&request, &CancelToken::default(), &mut tell).expect("it draws");
    fastest
}
