//! Whether a schedule can be walked at all: two calls at one noise level make a solver divide by nothing, as diffusers' do
//! with nearly as many steps as the model has timesteps.

use super::{Scheduler, TorchNoise};

/// What a network might say, call after call: bounded, and never the same twice.
fn answer(call: usize) -> [f32; 2] {
    let angle = call as f32;
    [angle.sin(), (0.7 * angle).cos()]
}

/// Walks a fresh scheduler from call `first` on, and says whether its own numbers run away, whatever the network says.
#[must_use]
pub fn runs_away(scheduler: &mut dyn Scheduler, first: usize) -> bool {
    let mut noise = TorchNoise::new(0);
    let calls = scheduler.timesteps().len();
    if first >= calls {
        return false;
    }
    let mut latents = scheduler.add_noise(first, &[0.5, -0.5], &[0.8, -1.2]);
    (first..calls).any(|index| {
        let mut input = latents.clone();
        scheduler.scale_model_input(index, &mut input);
        latents = scheduler.step(index, &answer(index), &latents, &mut noise).previous;
        !latents.iter().chain(&input).all(|value| value.is_finite())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sampling::{SchedulerConfig, SchedulerName, build};

    fn config(spacing: &str) -> SchedulerConfig {
        let text = format!(
            r#"{{"timestep_spacing": "{spacing}", "steps_offset": 1, "clip_sample": false, "skip_prk_steps": true,
                 "beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012}}"#
        );
        SchedulerConfig::from_json(&text).unwrap()
    }

    #[test]
    fn ordinary_numbers_of_steps_never_run_away() {
        for spacing in ["leading", "linspace", "trailing"] {
            for name in SchedulerName::ALL {
                for steps in [1, 4, 20, 50, 150, 400] {
                    let Ok(mut scheduler) = build(name, &config(spacing), steps) else { continue };
                    assert!(!runs_away(scheduler.as_mut(), 0), "{name:?} {spacing} {steps}");
                }
            }
        }
    }

    #[test]
    fn a_level_that_is_visited_twice_runs_away_where_it_is_walked() {
        for name in [SchedulerName::DpmMultistep, SchedulerName::DpmMultistepSde, SchedulerName::UniPc] {
            let made = || build(name, &config("leading"), 999).unwrap();
            assert!(runs_away(made().as_mut(), 0), "{name:?}");
            // Its levels repeat at the beginning, which a picture to start from leaves out.
            assert!(!runs_away(made().as_mut(), 500), "{name:?}");
            assert!(runs_away(build(name, &config("leading"), 1000).unwrap().as_mut(), 0), "{name:?}");
        }
    }
}
