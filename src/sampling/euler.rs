//! Euler's method on the probability flow, plain and ancestral.
//!
//! Plain: algorithm 2 of Karras et al. (2022), arXiv 2206.00364, without churn; numbers follow diffusers'
//! `EulerDiscreteScheduler`. Ancestral, as in k-diffusion: a longer step down, then fresh noise back up; numbers follow
//! `EulerAncestralDiscreteScheduler`.

use super::settings::{Prediction, ScheduleSettings};
use super::sigmas::{Sigmas, ancestral_step};
use super::{NoiseSource, Scheduler, StepOutput};

#[derive(Debug)]
pub(crate) struct Euler {
    sigmas: Sigmas,
    prediction: Prediction,
    is_ancestral: bool,
}

impl Euler {
    pub(crate) fn new(settings: &ScheduleSettings, steps: usize) -> Self {
        Self { sigmas: Sigmas::new(settings, steps), prediction: settings.prediction, is_ancestral: false }
    }

    pub(crate) fn ancestral(settings: &ScheduleSettings, steps: usize) -> Self {
        Self { is_ancestral: true, ..Self::new(settings, steps) }
    }
}

impl Scheduler for Euler {
    fn timesteps(&self) -> &[f64] {
        &self.sigmas.timesteps
    }

    fn init_noise_sigma(&self) -> f64 {
        self.sigmas.init_noise_sigma
    }

    fn scale_model_input(&self, index: usize, sample: &mut [f32]) {
        self.sigmas.scale_model_input(index, sample);
    }

    fn step(&mut self, index: usize, model_output: &[f32], sample: &[f32], noise: &mut dyn NoiseSource) -> StepOutput {
        let predicted_original = self.sigmas.predicted_original(index, self.prediction, model_output, sample);
        let (from, to) = (self.sigmas.from(index), self.sigmas.to(index));
        let (down, up) = if self.is_ancestral { ancestral_step(from, to) } else { (to, 0.0) };
        let mut previous = self.sigmas.moved(index, down, sample, &predicted_original);
        if self.is_ancestral {
            // Drawn at the last step too, where nothing of it is added: the stream goes on as it does in diffusers.
            for (value, noise) in previous.iter_mut().zip(noise.randn(sample.len())) {
                *value += noise * up;
            }
        }
        StepOutput { previous, predicted_original }
    }

    fn add_noise(&self, index: usize, original: &[f32], noise: &[f32]) -> Vec<f32> {
        self.sigmas.add_noise(index, original, noise)
    }
}
