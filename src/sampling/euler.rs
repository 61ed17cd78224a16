//! Euler's method on the probability flow: algorithm 2 of Karras et al. (2022), arXiv 2206.00364, without churn.
//! Numbers follow diffusers' `EulerDiscreteScheduler`.

use super::settings::{Prediction, ScheduleSettings};
use super::sigmas::Sigmas;
use super::{NoiseSource, Scheduler, StepOutput};

#[derive(Debug)]
pub struct Euler {
    sigmas: Sigmas,
    prediction: Prediction,
}

impl Euler {
    pub fn new(settings: &ScheduleSettings, steps: usize) -> Self {
        Self { sigmas: Sigmas::new(settings, steps), prediction: settings.prediction }
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

    fn step(&mut self, index: usize, model_output: &[f32], sample: &[f32], _noise: &mut dyn NoiseSource) -> StepOutput {
        let predicted_original = self.sigmas.predicted_original(index, self.prediction, model_output, sample);
        let previous = self.sigmas.moved(index, self.sigmas.to(index), sample, &predicted_original);
        StepOutput { previous, predicted_original }
    }

    fn add_noise(&self, index: usize, original: &[f32], noise: &[f32]) -> Vec<f32> {
        self.sigmas.add_noise(index, original, noise)
    }
}
