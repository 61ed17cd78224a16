//! A second-order solver that looks at the middle of each step, plain and ancestral.
//!
//! Plain: algorithm 2 of Karras et al. (2022), arXiv 2206.00364, in the form of k-diffusion's `sample_dpm_2`; numbers
//! follow diffusers' `KDPM2DiscreteScheduler`. Ancestral: a longer step down and fresh noise back up, as
//! `sample_dpm_2_ancestral`; numbers follow `KDPM2AncestralDiscreteScheduler`.

use super::settings::{Prediction, ScheduleSettings};
use super::sigmas::{MiddleSteps, Sigmas, ancestral_step, middle};
use super::{History, NoiseSource, Scheduler, StepOutput};

#[derive(Debug)]
pub(crate) struct Dpm2 {
    steps: MiddleSteps,
    /// Deviation of the noise that ends each step, where it is ancestral.
    noise: Option<Vec<f32>>,
    prediction: Prediction,
}

impl Dpm2 {
    pub(crate) fn new(settings: &ScheduleSettings, steps: usize) -> Self {
        let sigmas = Sigmas::new(settings, steps);
        let middles: Vec<f32> = (0..steps).map(|step| middle(sigmas.to(step), sigmas.from(step))).collect();
        let arrivals = (0..steps).map(|step| sigmas.to(step)).collect();
        Self { steps: MiddleSteps::new(sigmas, middles, arrivals), noise: None, prediction: settings.prediction }
    }

    pub(crate) fn ancestral(settings: &ScheduleSettings, steps: usize) -> Self {
        let sigmas = Sigmas::new(settings, steps);
        let parts = (0..steps).map(|step| ancestral_step(sigmas.from(step), sigmas.to(step)));
        let (arrivals, noise): (Vec<f32>, Vec<f32>) = parts.unzip();
        let middles = (0..steps).map(|step| middle(sigmas.from(step), arrivals[step])).collect();
        let steps = MiddleSteps::new(sigmas, middles, arrivals);
        Self { steps, noise: Some(noise), prediction: settings.prediction }
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

    fn step(&mut self, index: usize, model_output: &[f32], sample: &[f32], noise: &mut dyn NoiseSource) -> StepOutput {
        let mut output = self.steps.step(index, self.prediction, model_output, sample);
        if let Some(deviations) = &self.noise
            && index % 2 == 1
        {
            for (value, noise) in output.previous.iter_mut().zip(noise.randn(sample.len())) {
                *value += noise * deviations[index / 2];
            }
        }
        output
    }

    fn add_noise(&self, index: usize, original: &[f32], noise: &[f32]) -> Vec<f32> {
        self.steps.add_noise(index, original, noise)
    }

    fn history(&self) -> History {
        History { rows: self.steps.begun.iter().cloned().collect(), counts: Vec::new() }
    }

    fn restore(&mut self, history: History) -> bool {
        let Some(mut rows) = history.into_rows(1) else { return false };
        self.steps.begun = rows.pop_front();
        true
    }
}
