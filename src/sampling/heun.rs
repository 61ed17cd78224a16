//! Heun's second-order method: algorithm 1 of Karras et al. (2022), arXiv 2206.00364, without churn.
//! Every step but the last takes two model calls. Numbers follow diffusers' `HeunDiscreteScheduler`.

use super::bound::Bound;
use super::settings::{Prediction, ScheduleSettings};
use super::sigmas::Sigmas;
use super::{History, NoiseSource, Scheduler, StepOutput};

#[derive(Debug)]
pub(crate) struct Heun {
    sigmas: Sigmas,
    /// One per model call.
    timesteps: Vec<f64>,
    prediction: Prediction,
    bound: Bound,
    /// Between a step's two calls: the latents that it began with and their derivative.
    begun: Option<(Vec<f32>, Vec<f32>)>,
}

impl Heun {
    pub(crate) fn new(settings: &ScheduleSettings, steps: usize) -> Self {
        let sigmas = Sigmas::new(settings, steps);
        let timesteps = (0..2 * steps - 1).map(|call| sigmas.timesteps[call.div_ceil(2)]).collect();
        Self { sigmas, timesteps, prediction: settings.prediction, bound: settings.bound, begun: None }
    }
}

/// Call 0 stands at level 0, calls 1 and 2 at level 1, and so on.
fn level_of(call: usize) -> usize {
    call.div_ceil(2)
}

impl Scheduler for Heun {
    fn timesteps(&self) -> &[f64] {
        &self.timesteps
    }

    fn order(&self) -> usize {
        2
    }

    fn init_noise_sigma(&self) -> f64 {
        self.sigmas.init_noise_sigma
    }

    fn scale_model_input(&self, index: usize, sample: &mut [f32]) {
        self.sigmas.scale_model_input(level_of(index), sample);
    }

    fn step(&mut self, index: usize, model_output: &[f32], sample: &[f32], _noise: &mut dyn NoiseSource) -> StepOutput {
        let level = level_of(index);
        let sigma = self.sigmas.from(level);
        let mut predicted_original = self.sigmas.predicted_original(level, self.prediction, model_output, sample);
        self.bound.apply(&mut predicted_original);
        let slope: Vec<f32> =
            sample.iter().zip(&predicted_original).map(|(sample, original)| (sample - original) / sigma).collect();
        let along = |start: &[f32], slope: &[f32], distance: f32| -> Vec<f32> {
            start.iter().zip(slope).map(|(start, slope)| start + slope * distance).collect()
        };
        let previous = match self.begun.take() {
            Some((start, first_slope)) if index % 2 == 1 => {
                let mean: Vec<f32> =
                    first_slope.iter().zip(&slope).map(|(first, second)| (first + second) / 2.0).collect();
                along(&start, &mean, sigma - self.sigmas.from(level - 1))
            }
            _ => {
                let previous = along(sample, &slope, self.sigmas.to(level) - sigma);
                self.begun = Some((sample.to_vec(), slope));
                previous
            }
        };
        StepOutput { previous, predicted_original }
    }

    fn add_noise(&self, index: usize, original: &[f32], noise: &[f32]) -> Vec<f32> {
        self.sigmas.add_noise(level_of(index), original, noise)
    }

    fn history(&self) -> History {
        let rows = self.begun.iter().flat_map(|(latents, slope)| [latents.clone(), slope.clone()]).collect();
        History { rows, counts: Vec::new() }
    }

    fn restore(&mut self, history: History) -> bool {
        let Some(rows) = history.into_rows(2) else { return false };
        self.begun = match <[Vec<f32>; 2]>::try_from(Vec::from(rows)) {
            Ok([latents, slope]) => Some((latents, slope)),
            Err(rows) if rows.is_empty() => None,
            Err(_) => return false,
        };
        true
    }
}
