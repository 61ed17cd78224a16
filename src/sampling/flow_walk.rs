//! Steps of flow matching: diffusers' `FlowMatchEulerDiscreteScheduler`, `FlowMatchHeunDiscreteScheduler` and
//! `FlowMatchLCMScheduler`.

use super::flow::FlowLevels;
use super::flow_settings::FlowSettings;
use super::level::NoiseLevel;
use super::settings::Prediction;
use super::{History, NoiseSource, Scheduler, StepOutput};

/// Which way a step goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Straight on.
    Straight,
    /// To the picture and back under fresh noise, and so at the end: LCM's noise is drawn there too.
    Renewed,
}

/// One call a step.
#[derive(Debug)]
pub(crate) struct FlowWalk {
    levels: FlowLevels,
    way: Way,
}

impl FlowWalk {
    pub(crate) fn euler(settings: &FlowSettings, steps: usize) -> Self {
        let way = if settings.stochastic { Way::Renewed } else { Way::Straight };
        Self { levels: settings.even(steps), way }
    }

    pub(crate) fn lcm(settings: &FlowSettings, steps: usize) -> Self {
        Self { levels: settings.even(steps), way: Way::Renewed }
    }
}

fn original(sigma: f32, output: &[f32], sample: &[f32]) -> Vec<f32> {
    NoiseLevel::of_flow(sigma).predicted_original(Prediction::Flow, output, sample)
}

fn along(sample: &[f32], slope: &[f32], distance: f32) -> Vec<f32> {
    sample.iter().zip(slope).map(|(sample, slope)| sample + distance * slope).collect()
}

impl Scheduler for FlowWalk {
    fn timesteps(&self) -> &[f64] {
        &self.levels.timesteps
    }

    fn step(&mut self, index: usize, model_output: &[f32], sample: &[f32], noise: &mut dyn NoiseSource) -> StepOutput {
        let (sigma, next) = (self.levels.sigmas[index], self.levels.sigmas[index + 1]);
        let predicted_original = original(sigma, model_output, sample);
        let previous = match self.way {
            Way::Straight => along(sample, model_output, next - sigma),
            Way::Renewed => NoiseLevel::of_flow(next).add_noise(&predicted_original, &noise.randn(sample.len())),
        };
        StepOutput { previous, predicted_original }
    }

    fn add_noise(&self, index: usize, original: &[f32], noise: &[f32]) -> Vec<f32> {
        NoiseLevel::of_flow(self.levels.sigmas[index]).add_noise(original, noise)
    }
}

/// Two calls for every step but the last.
#[derive(Debug)]
pub(crate) struct FlowHeun {
    levels: FlowLevels,
    /// One per call.
    timesteps: Vec<f64>,
    /// Between a step's two calls: the latents that it began with, and what the network said of them.
    begun: Option<(Vec<f32>, Vec<f32>)>,
}

impl FlowHeun {
    pub(crate) fn new(settings: &FlowSettings, steps: usize) -> Self {
        let levels = settings.between_ends(steps);
        let timesteps = (0..2 * steps - 1).map(|call| levels.timesteps[call.div_ceil(2)]).collect();
        Self { levels, timesteps, begun: None }
    }
}

impl Scheduler for FlowHeun {
    fn timesteps(&self) -> &[f64] {
        &self.timesteps
    }

    fn order(&self) -> usize {
        2
    }

    fn step(&mut self, index: usize, model_output: &[f32], sample: &[f32], _noise: &mut dyn NoiseSource) -> StepOutput {
        let level = index.div_ceil(2);
        let sigma = self.levels.sigmas[level];
        let predicted_original = original(sigma, model_output, sample);
        let previous = match self.begun.take() {
            Some((start, first)) if index % 2 == 1 => {
                let mean: Vec<f32> = first.iter().zip(model_output).map(|(a, b)| 0.5 * (a + b)).collect();
                along(&start, &mean, sigma - self.levels.sigmas[level - 1])
            }
            _ => {
                self.begun = Some((sample.to_vec(), model_output.to_vec()));
                along(sample, model_output, self.levels.sigmas[level + 1] - sigma)
            }
        };
        StepOutput { previous, predicted_original }
    }

    fn add_noise(&self, index: usize, original: &[f32], noise: &[f32]) -> Vec<f32> {
        NoiseLevel::of_flow(self.levels.sigmas[index.div_ceil(2)]).add_noise(original, noise)
    }

    fn history(&self) -> History {
        let rows = self.begun.iter().flat_map(|(latents, output)| [latents.clone(), output.clone()]).collect();
        History { rows, counts: Vec::new() }
    }

    fn restore(&mut self, history: History) -> bool {
        let Some(rows) = history.into_rows(2) else { return false };
        self.begun = match <[Vec<f32>; 2]>::try_from(Vec::from(rows)) {
            Ok([latents, output]) => Some((latents, output)),
            Err(rows) if rows.is_empty() => None,
            Err(_) => return false,
        };
        true
    }
}
