//! `Dpm2` with a longer step down and fresh noise back up, as k-diffusion's `sample_dpm_2_ancestral`.
//! Numbers follow diffusers' `KDPM2AncestralDiscreteScheduler`.

use super::settings::{Prediction, ScheduleSettings};
use super::sigmas::{MiddleSteps, Sigmas, ancestral, middle};
use super::{NoiseSource, Scheduler, StepOutput};

#[derive(Debug)]
pub struct Dpm2Ancestral {
    steps: MiddleSteps,
    /// Deviation of the noise that ends each step.
    noise: Vec<f32>,
    prediction: Prediction,
}

impl Dpm2Ancestral {
    pub fn new(settings: &ScheduleSettings, steps: usize) -> Self {
        let sigmas = Sigmas::new(settings, steps);
        let parts: Vec<(f32, f32)> = (0..steps).map(|step| ancestral(sigmas.from(step), sigmas.to(step))).collect();
        let (arrivals, noise): (Vec<f32>, Vec<f32>) = parts.into_iter().unzip();
        let middles = (0..steps).map(|step| middle(sigmas.from(step), arrivals[step])).collect();
        Self { steps: MiddleSteps::new(sigmas, middles, arrivals), noise, prediction: settings.prediction }
    }
}

impl Scheduler for Dpm2Ancestral {
    fn timesteps(&self) -> &[f64] {
        &self.steps.timesteps
    }

    fn order(&self) -> usize {
        2
    }

    fn init_noise_sigma(&self) -> f64 {
        self.steps.sigmas.init_noise_sigma
    }

    fn scale_model_input(&self, index: usize, sample: &mut [f32]) {
        self.steps.scale_model_input(index, sample);
    }

    fn step(&mut self, index: usize, model_output: &[f32], sample: &[f32], noise: &mut dyn NoiseSource) -> StepOutput {
        let mut output = self.steps.step(index, self.prediction, model_output, sample);
        if index % 2 == 1 {
            let deviation = self.noise[index / 2];
            for (value, noise) in output.previous.iter_mut().zip(noise.randn(sample.len())) {
                *value += noise * deviation;
            }
        }
        output
    }

    fn add_noise(&self, index: usize, original: &[f32], noise: &[f32]) -> Vec<f32> {
        self.steps.add_noise(index, original, noise)
    }
}
