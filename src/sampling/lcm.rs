//! Latent consistency models: Luo et al. (2023), arXiv 2310.04378. Each call gives the whole picture; fresh noise
//! takes it back to the next level. Numbers follow diffusers' `LCMScheduler`.

use super::bound::Bound;
use super::level::NoiseLevel;
use super::schedule::Alphas;
use super::settings::{Prediction, ScheduleSettings, unsupported};
use super::{NoiseSource, SamplingError, Scheduler, SchedulerConfig, SchedulerName, StepOutput};

/// σ of the data, as the boundary condition takes it.
const DATA_SIGMA: f32 = 0.5;

#[derive(Debug)]
pub(crate) struct Lcm {
    timesteps: Vec<f64>,
    levels: Vec<NoiseLevel>,
    timestep_scaling: f32,
    prediction: Prediction,
    bound: Bound,
}

impl Lcm {
    pub(crate) fn new(
        settings: &ScheduleSettings,
        config: &SchedulerConfig,
        steps: usize,
    ) -> Result<Self, SamplingError> {
        let distilled_steps = config.original_inference_steps.unwrap_or(50);
        if !(1..=settings.train_timesteps).contains(&distilled_steps) {
            let value = distilled_steps.to_string();
            return unsupported("original_inference_steps", value, "from 1 to num_train_timesteps");
        }
        if steps > distilled_steps {
            return Err(SamplingError::Steps {
                scheduler: SchedulerName::Lcm,
                found: steps,
                min: 1,
                max: distilled_steps,
            });
        }
        // Every stride-th training timestep belongs to the distillation; an even choice of those is walked.
        let stride = settings.train_timesteps / distilled_steps;
        let gap = distilled_steps as f64 / steps as f64;
        let timesteps: Vec<i64> = (0..steps)
            .map(|index| distilled_steps - (index as f64 * gap).floor() as usize)
            .map(|number| (number * stride) as i64 - 1)
            .collect();
        let alphas = Alphas::new(settings);
        Ok(Self {
            levels: timesteps.iter().map(|&timestep| alphas.level(timestep)).collect(),
            timesteps: timesteps.into_iter().map(|timestep| timestep as f64).collect(),
            timestep_scaling: config.timestep_scaling.unwrap_or(10.0) as f32,
            prediction: settings.prediction,
            bound: settings.bound,
        })
    }
}

impl Scheduler for Lcm {
    fn timesteps(&self) -> &[f64] {
        &self.timesteps
    }

    fn step(&mut self, index: usize, model_output: &[f32], sample: &[f32], noise: &mut dyn NoiseSource) -> StepOutput {
        let scaled = self.timesteps[index] as f32 * self.timestep_scaling;
        let variance = scaled * scaled + DATA_SIGMA * DATA_SIGMA;
        let (skip, out) = (DATA_SIGMA * DATA_SIGMA / variance, scaled / variance.sqrt());
        let mut original = self.levels[index].predicted_original(self.prediction, model_output, sample);
        self.bound.apply(&mut original);
        let predicted_original: Vec<f32> =
            original.iter().zip(sample).map(|(original, sample)| out * original + skip * sample).collect();
        let previous = match self.levels.get(index + 1) {
            Some(to) => to.add_noise(&predicted_original, &noise.randn(sample.len())),
            None => predicted_original.clone(),
        };
        StepOutput { previous, predicted_original }
    }

    fn add_noise(&self, index: usize, original: &[f32], noise: &[f32]) -> Vec<f32> {
        self.levels[index].add_noise(original, noise)
    }
}
