//! What every scheduler does, and how one is made.
//! The shape follows diffusers' schedulers, with the call's index in place of a hidden step counter.

use super::ddim::Ddim;
use super::euler::Euler;
use super::euler_ancestral::EulerAncestral;
use super::settings::Settings;
use super::{NoiseSource, SamplingError, SchedulerConfig, SchedulerName};

/// What one step gives; both as long as the latents.
#[derive(Debug, Clone, PartialEq)]
pub struct StepOutput {
    /// The latents at the next, lower level of noise.
    pub previous: Vec<f32>,
    /// The clean latents as the network sees them now: what a preview shows.
    pub predicted_original: Vec<f32>,
}

/// The slices hold one picture's latents, `(channels, height, width)`. Every `index` counts model calls from 0 and
/// must be less than `timesteps().len()`.
pub trait Scheduler: Send {
    /// One per model call, in order: from noise to picture.
    fn timesteps(&self) -> &[f64];

    /// What standard normal noise is multiplied by to be the first call's latents.
    fn init_noise_sigma(&self) -> f64;

    /// Turns latents into the network's input, in place.
    fn scale_model_input(&self, index: usize, sample: &mut [f32]);

    /// One step from `timesteps()[index]` down. `noise` is drawn from only by schedulers that add some.
    fn step(&mut self, index: usize, model_output: &[f32], sample: &[f32], noise: &mut dyn NoiseSource) -> StepOutput;

    /// Clean latents brought to the level of `timesteps()[index]`.
    fn add_noise(&self, index: usize, original: &[f32], noise: &[f32]) -> Vec<f32>;
}

/// Makes the scheduler `name` for a model, as diffusers' `X.from_config` and `set_timesteps` do.
///
/// # Errors
/// When the configuration holds a value that is not supported, or `steps` is not from 1 to the number of timesteps
/// that the model was trained with.
pub fn build(name: SchedulerName, config: &SchedulerConfig, steps: usize) -> Result<Box<dyn Scheduler>, SamplingError> {
    let settings = Settings::new(name, config)?;
    if !(1..=settings.train_timesteps).contains(&steps) {
        return Err(SamplingError::Steps { found: steps, max: settings.train_timesteps });
    }
    Ok(match name {
        SchedulerName::Ddim => Box::new(Ddim::new(&settings, steps)),
        SchedulerName::Euler => Box::new(Euler::new(&settings, steps)),
        SchedulerName::EulerAncestral => Box::new(EulerAncestral::new(&settings, steps)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sampling::TorchNoise;

    fn config(text: &str) -> SchedulerConfig {
        SchedulerConfig::from_json(text).unwrap()
    }

    #[test]
    fn a_number_of_steps_that_cannot_be_is_a_sentence() {
        for steps in [0, 1001] {
            let error = build(SchedulerName::Euler, &SchedulerConfig::default(), steps).err().unwrap();
            assert_eq!(error.to_string(), format!("steps must be from 1 to 1000 for this model, found {steps}"));
        }
    }

    #[test]
    fn every_number_of_steps_that_can_be_gives_as_many_finite_steps() {
        for spacing in ["leading", "linspace", "trailing"] {
            let text = format!(r#"{{"timestep_spacing": "{spacing}", "steps_offset": 1, "clip_sample": false}}"#);
            for name in SchedulerName::ALL {
                for steps in [1, 2, 61, 999, 1000] {
                    let mut scheduler = build(name, &config(&text), steps).unwrap();
                    assert_eq!(scheduler.timesteps().len(), steps);
                    let mut latents = vec![0.5; 4];
                    for index in 0..steps {
                        let mut input = latents.clone();
                        scheduler.scale_model_input(index, &mut input);
                        latents = scheduler.step(index, &input, &latents, &mut TorchNoise::new(0)).previous;
                    }
                    assert!(latents.iter().all(|value| value.is_finite()), "{name:?} {spacing} {steps}");
                }
            }
        }
    }

    #[test]
    fn a_network_that_knows_the_picture_leads_to_it() {
        let config = config(r#"{"prediction_type": "sample", "clip_sample": false}"#);
        for name in SchedulerName::ALL {
            let mut scheduler = build(name, &config, 5).unwrap();
            let (picture, mut noise) = ([0.1, -0.7, 2.0], TorchNoise::new(3));
            let mut latents = scheduler.add_noise(0, &picture, &noise.randn(3));
            for index in 0..5 {
                latents = scheduler.step(index, &picture, &latents, &mut noise).previous;
            }
            for (found, wanted) in latents.iter().zip(picture) {
                assert!((found - wanted).abs() < 1e-5, "{name:?}: {latents:?}");
            }
        }
    }
}
