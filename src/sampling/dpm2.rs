//! A second-order solver that looks at the middle of each step: algorithm 2 of Karras et al. (2022), arXiv 2206.00364,
//! in the form of k-diffusion's `sample_dpm_2`. Numbers follow diffusers' `KDPM2DiscreteScheduler`.

use super::settings::{Prediction, ScheduleSettings};
use super::sigmas::{MiddleSteps, Sigmas, middle};
use super::{NoiseSource, Scheduler, StepOutput};

#[derive(Debug)]
pub struct Dpm2 {
    steps: MiddleSteps,
    prediction: Prediction,
}

impl Dpm2 {
    pub fn new(settings: &ScheduleSettings, steps: usize) -> Self {
        let sigmas = Sigmas::new(settings, steps);
        let middles: Vec<f32> = (0..steps).map(|step| middle(sigmas.to(step), sigmas.from(step))).collect();
        let arrivals = (0..steps).map(|step| sigmas.to(step)).collect();
        Self { steps: MiddleSteps::new(sigmas, middles, arrivals), prediction: settings.prediction }
    }
}

impl Scheduler for Dpm2 {
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

    fn step(&mut self, index: usize, model_output: &[f32], sample: &[f32], _noise: &mut dyn NoiseSource) -> StepOutput {
        self.steps.step(index, self.prediction, model_output, sample)
    }

    fn add_noise(&self, index: usize, original: &[f32], noise: &[f32]) -> Vec<f32> {
        self.steps.add_noise(index, original, noise)
    }
}
