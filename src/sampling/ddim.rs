//! Denoising diffusion implicit models: Song et al. (2020), arXiv 2010.02502, with η = 0 (no noise is added).
//! Numbers follow diffusers' `DDIMScheduler`.

use super::bound::Bound;
use super::level::NoiseLevel;
use super::schedule::{Alphas, whole_timesteps};
use super::settings::{Prediction, ScheduleSettings};
use super::{NoiseSource, Scheduler, StepOutput};

#[derive(Debug)]
pub(crate) struct Ddim {
    timesteps: Vec<f64>,
    /// Of each model call: where it starts and where it arrives.
    levels: Vec<(NoiseLevel, NoiseLevel)>,
    prediction: Prediction,
    bound: Bound,
}

impl Ddim {
    pub(crate) fn new(settings: &ScheduleSettings, steps: usize) -> Self {
        let alphas = Alphas::new(settings);
        let timesteps = whole_timesteps(settings, steps);
        let stride = (settings.train_timesteps / steps) as i64;
        let levels =
            timesteps.iter().map(|&timestep| (alphas.level(timestep), alphas.level(timestep - stride))).collect();
        Self {
            timesteps: timesteps.into_iter().map(|timestep| timestep as f64).collect(),
            levels,
            prediction: settings.prediction,
            bound: settings.bound,
        }
    }
}

impl Scheduler for Ddim {
    fn timesteps(&self) -> &[f64] {
        &self.timesteps
    }

    fn step(&mut self, index: usize, model_output: &[f32], sample: &[f32], _noise: &mut dyn NoiseSource) -> StepOutput {
        let (from, to) = self.levels[index];
        let mut predicted_original = from.predicted_original(self.prediction, model_output, sample);
        // The direction is the one of the network's own output, not of the bounded picture.
        let direction = from.predicted_noise(self.prediction, model_output, sample);
        self.bound.apply(&mut predicted_original);
        StepOutput { previous: to.add_noise(&predicted_original, &direction), predicted_original }
    }

    fn add_noise(&self, index: usize, original: &[f32], noise: &[f32]) -> Vec<f32> {
        self.levels[index].0.add_noise(original, noise)
    }
}
