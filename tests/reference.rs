//! Our numbers against those that diffusers gave: see `tests/reference/README.md` for how the data came to be.
//! Every difference is relative to the largest value of what was wanted.

// The lints know tests by their attribute and not their helpers.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::collections::HashMap;
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
    walk("sampling.json");
}

#[test]
fn flows_are_walked_where_diffusers_walks_them() {
    walk("flow.json");
}

fn walk(file: &str) {
    const VALUES: usize = 24;
    let data = data(file);
    let mut worst_of_all = HashMap::new();
    let mut failures = Vec::new();
    for case in data["cases"].as_array().unwrap() {
        let name = SchedulerName::from_id(case["scheduler"].as_str().unwrap()).unwrap();
        let number = |key: &str| case[key].as_u64().unwrap_or_default() as usize;
        let (steps, begin) = (number("steps"), number("begin"));
        let written = &data["configs"][number("config")];
        let config = SchedulerConfig::from_json(&written.to_string()).unwrap();
        let config = match case["mu"].as_f64() {
            Some(mu) => config.with_mu(mu),
            None => config,
        };
        let mut scheduler = match build(name, &config, steps) {
            Ok(scheduler) => scheduler,
            Err(error) => {
                failures.push(format!("{error}: {case} {written}"));
                continue;
            }
        };
        let whole = scheduler.timesteps().to_vec();
        let mut check = |what: &str, found: &[f64], tolerance: f64| {
            let wanted = case[what].as_f64().map_or_else(|| floats(&case[what]), |value| vec![value]);
            let off = relative_difference(found, &wanted);
            let worst: &mut f64 = worst_of_all.entry((name, what.to_owned())).or_default();
            *worst = worst.max(off);
            if off > tolerance {
                failures.push(format!("{what} is off by {off:e}: {found:?} in {case} {written}"));
            }
        };
        check("calls", &[whole.len() as f64], 0.0);
        // The first three, then the last three; of a short walk the same ones twice.
        let ends = [&whole[..whole.len().min(3)], &whole[whole.len().saturating_sub(3)..]].concat();
        // In a long ancestral step little is left of its middle; torch's roots are not rounded as everybody's are.
        let placed = if name == SchedulerName::Dpm2Ancestral { 2e-5 } else { 1e-6 };
        check("timesteps", &ends, placed);
        check("timestep_sum", &[whole.iter().sum()], placed);
        check("init_noise_sigma", &[scheduler.init_noise_sigma()], 1e-6);

        let first_call = begin * scheduler.order();
        let mut noise = TorchNoise::new(7);
        let mut sample = noise.randn(VALUES);
        if begin > 0 {
            let ramp: Vec<f32> =
                (0..VALUES).map(|index| (-1.0 + 2.0 * index as f64 / (VALUES - 1) as f64) as f32).collect();
            sample = scheduler.add_noise(first_call, &ramp, &sample);
        } else {
            let sigma = scheduler.init_noise_sigma() as f32;
            for value in &mut sample {
                *value *= sigma;
            }
        }
        for (index, timestep) in whole.iter().enumerate().skip(first_call) {
            let mut input = sample.clone();
            scheduler.scale_model_input(index, &mut input);
            let output = network(&input, *timestep);
            let step = scheduler.step(index, &output, &sample, &mut noise);
            if index == first_call && !case["first_original"].is_null() {
                check("first_original", &widened(&step.predicted_original[..4]), 2e-6);
            }
            sample = step.previous;
        }
        // From a sigma of thousands, one step of float32 rounds away the digits of what is left at its end.
        let zero_snr = written["rescale_betas_zero_snr"].as_bool().unwrap_or(false);
        let walked = if zero_snr { 2e-4 } else { 5e-5 };
        check("last", &widened(&sample[..4]), walked);
        check("last_abs_sum", &[sample.iter().map(|value| f64::from(value.abs())).sum()], walked);
    }
    let mut worst: Vec<_> = worst_of_all.into_iter().filter(|((_, what), _)| what.starts_with("last")).collect();
    worst.sort_by(|a, b| b.1.total_cmp(&a.1));
    println!("{} walks, worst: {worst:?}", data["cases"].as_array().unwrap().len());
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
}
