//! Denoising diffusion implicit models: Song et al. (2020), arXiv 2010.02502, with η = 0 (no noise is added).
//! Numbers follow diffusers' `DDIMScheduler`.

use super::schedule::{alphas_cumprod, timesteps};
use super::settings::{Bound, Prediction, Settings};
use super::{NoiseSource, Scheduler, StepOutput};

/// A level of noise: ᾱ and 1 − ᾱ are the squares of these.
#[derive(Debug, Clone, Copy)]
struct Level {
    signal: f32,
    noise: f32,
}

impl Level {
    fn new(alpha_cumprod: f32) -> Self {
        Self { signal: alpha_cumprod.sqrt(), noise: (1.0 - alpha_cumprod).sqrt() }
    }
}

#[derive(Debug)]
pub struct Ddim {
    timesteps: Vec<f64>,
    /// Of each model call: where it starts and where it arrives.
    levels: Vec<(Level, Level)>,
    prediction: Prediction,
    bound: Bound,
}

impl Ddim {
    pub fn new(settings: &Settings, steps: usize) -> Self {
        let alphas = alphas_cumprod(settings);
        let last = settings.train_timesteps - 1;
        // An offset can lead past the schedule's end when every timestep is asked for.
        let indices: Vec<usize> = timesteps(settings, steps)
            .into_iter()
            .map(|timestep| (timestep.round_ties_even() as usize).min(last))
            .collect();
        let stride = settings.train_timesteps / steps;
        let final_alpha = if settings.ends_clean { 1.0 } else { alphas[0] };
        let levels = indices
            .iter()
            .map(|&index| {
                let arrival = index.checked_sub(stride).map_or(final_alpha, |index| alphas[index]);
                (Level::new(alphas[index]), Level::new(arrival))
            })
            .collect();
        Self {
            timesteps: indices.into_iter().map(|index| index as f64).collect(),
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

    fn init_noise_sigma(&self) -> f64 {
        1.0
    }

    fn scale_model_input(&self, _index: usize, _sample: &mut [f32]) {}

    fn step(&mut self, index: usize, model_output: &[f32], sample: &[f32], _noise: &mut dyn NoiseSource) -> StepOutput {
        let (from, to) = self.levels[index];
        let pairs = || model_output.iter().zip(sample);
        let mut original: Vec<f32> = match self.prediction {
            Prediction::Epsilon => {
                pairs().map(|(output, sample)| (sample - from.noise * output) / from.signal).collect()
            }
            Prediction::Velocity => {
                pairs().map(|(output, sample)| from.signal * sample - from.noise * output).collect()
            }
            Prediction::Sample => model_output.to_vec(),
        };
        // The direction is the one of the network's own output, not of the bounded picture.
        let direction: Vec<f32> = match self.prediction {
            Prediction::Epsilon => model_output.to_vec(),
            Prediction::Velocity => {
                pairs().map(|(output, sample)| from.signal * output + from.noise * sample).collect()
            }
            Prediction::Sample => {
                pairs().map(|(output, sample)| (sample - from.signal * output) / from.noise).collect()
            }
        };
        match self.bound {
            Bound::None => {}
            Bound::Clip { range } => original.iter_mut().for_each(|value| *value = value.clamp(-range, range)),
            Bound::Threshold { ratio, max } => threshold(&mut original, ratio, max),
        }
        let previous = original
            .iter()
            .zip(&direction)
            .map(|(original, direction)| to.signal * original + to.noise * direction)
            .collect();
        StepOutput { previous, predicted_original: original }
    }

    fn add_noise(&self, index: usize, original: &[f32], noise: &[f32]) -> Vec<f32> {
        let (level, _) = self.levels[index];
        original.iter().zip(noise).map(|(original, noise)| level.signal * original + level.noise * noise).collect()
    }
}

/// Dynamic thresholding: what lies beyond the `ratio` quantile of the absolute values is cut, the rest is scaled by it.
fn threshold(values: &mut [f32], ratio: f32, max: f32) {
    let mut sorted: Vec<f32> = values.iter().map(|value| value.abs()).collect();
    sorted.sort_by(f32::total_cmp);
    let Some(last) = sorted.len().checked_sub(1) else { return };
    let rank = ratio.clamp(0.0, 1.0) * last as f32;
    let (low, high) = (rank.floor() as usize, (rank.ceil() as usize).min(last));
    let quantile = sorted[low] + (sorted[high] - sorted[low]) * (rank - rank.floor());
    let limit = quantile.max(1.0).min(max);
    for value in values {
        *value = value.max(-limit).min(limit) / limit;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholding_cuts_the_outliers_and_scales_the_rest() {
        // torch.quantile([1, 2, 4], 0.75) is 3.
        let mut values = [-1.0, 2.0, 4.0];
        threshold(&mut values, 0.75, 10.0);
        let wanted = [-1.0 / 3.0, 2.0 / 3.0, 1.0];
        assert!(values.iter().zip(wanted).all(|(found, wanted)| (found - wanted).abs() < 1e-6), "{values:?}");
    }
}
