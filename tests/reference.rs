//! Our numbers against those that diffusers gave: see `tests/reference/README.md` for how the data came to be.
//! Every difference is relative to the largest value of what was wanted.

// The lints know tests by their attribute and not their helpers.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::PathBuf;

use inkwick::sampling::{NoiseSource, SchedulerConfig, SchedulerName, TorchNoise, build};
use serde_json::Value;

fn data(file: &str) -> Value {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/reference/data").join(file);
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn floats(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
}

fn widened(values: &[f32]) -> Vec<f64> {
    values.iter().copied().map(f64::from).collect()
}

fn relative_difference(found: &[f64], wanted: &[f64]) -> f64 {
    assert_eq!(found.len(), wanted.len());
    let largest = wanted.iter().fold(0.0_f64, |largest, value| largest.max(value.abs())).max(1e-12);
    let distance = |(found, wanted): (&f64, &f64)| (found - wanted).abs() / largest;
    // A NaN must fail, so it counts as far away.
    found.iter().zip(wanted).map(distance).fold(0.0, |worst, next| if next <= worst { worst } else { next })
}

#[test]
fn noise_is_what_torch_draws() {
    for case in data("torch_randn.json").as_array().unwrap() {
        let mut noise = TorchNoise::new(case["seed"].as_str().unwrap().parse().unwrap());
        for call in case["calls"].as_array().unwrap() {
            let (first, last) = (floats(&call["first"]), floats(&call["last"]));
            let found = widened(&noise.randn(call["n"].as_u64().unwrap() as usize));
            for (found, wanted) in [(&found[..first.len()], &first), (&found[found.len() - last.len()..], &last)] {
                let worst = found.iter().zip(wanted).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
                assert!(worst <= 1e-6, "seed {}, n {}: {worst:e}", case["seed"], call["n"]);
            }
        }
    }
}

/// The stand-in for the network that `sampling.py` has.
fn network(input: &[f32], timestep: f64) -> Vec<f32> {
    let pattern = |index: usize| ((index * 7 % 5) as f32 - 2.0) * 0.1;
    let value = |(index, input): (usize, &f32)| input * 0.5 + pattern(index) * (timestep as f32 / 1000.0);
    input.iter().enumerate().map(value).collect()
}

#[test]
fn schedulers_walk_where_diffusers_walks() {
    const VALUES: usize = 24;
    for case in data("sampling.json").as_array().unwrap() {
        let name = SchedulerName::from_id(case["scheduler"].as_str().unwrap()).unwrap();
        let config = SchedulerConfig::from_json(&case["config"].to_string()).unwrap();
        let steps = case["steps"].as_u64().unwrap() as usize;
        let mut scheduler = build(name, &config, steps).unwrap();
        let check = |what: &str, found: &[f64], tolerance: f64| {
            let wanted = case[what].as_f64().map_or_else(|| floats(&case[what]), |value| vec![value]);
            let worst = relative_difference(found, &wanted);
            assert!(worst <= tolerance, "{what} is off by {worst:e}: {found:?} in {case}");
        };
        // From a sigma of thousands, one step of float32 rounds away the digits of what is left at its end.
        let walked = if scheduler.init_noise_sigma() > 1000.0 { 2e-4 } else { 1e-5 };
        check("timesteps", scheduler.timesteps(), 1e-6);
        check("init_noise_sigma", &[scheduler.init_noise_sigma()], 1e-6);

        let mut noise = TorchNoise::new(7);
        let sigma = scheduler.init_noise_sigma() as f32;
        let mut sample: Vec<f32> = noise.randn(VALUES).into_iter().map(|value| value * sigma).collect();
        for index in 0..steps {
            let mut input = sample.clone();
            scheduler.scale_model_input(index, &mut input);
            let output = network(&input, scheduler.timesteps()[index]);
            let step = scheduler.step(index, &output, &sample, &mut noise);
            if index == 0 {
                check("first_original", &widened(&step.predicted_original[..4]), 2e-6);
            }
            sample = step.previous;
        }
        check("last", &widened(&sample[..4]), walked);
        check("last_abs_sum", &[sample.iter().map(|value| f64::from(value.abs())).sum()], walked);

        let ramp = |from: f64, to: f64| -> Vec<f32> {
            (0..VALUES).map(|index| (from + (to - from) * index as f64 / (VALUES - 1) as f64) as f32).collect()
        };
        let noised = scheduler.add_noise(steps / 2, &ramp(-1.0, 1.0), &ramp(2.0, -2.0));
        check("noised_at_half", &widened(&noised[..4]), 2e-6);
    }
}
