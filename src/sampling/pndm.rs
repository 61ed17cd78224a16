//! Pseudo numerical methods for diffusion: Liu et al. (2022), arXiv 2202.09778. Four Runge-Kutta passes for each of
//! the first three steps (left out by Stable Diffusion's own files), then linear multistep.
//! Numbers follow diffusers' `PNDMScheduler`.

use super::level::NoiseLevel;
use super::schedule::{Alphas, whole_timesteps};
use super::settings::{Prediction, ScheduleSettings};
use super::{History, NoiseSource, SamplingError, Scheduler, SchedulerConfig, SchedulerName, StepOutput};

/// Steps that the Runge-Kutta start needs at least.
const ORDER: usize = 4;
/// Passes of one Runge-Kutta step.
const PASSES: usize = 4;

#[derive(Debug)]
pub(crate) struct Pndm {
    timesteps: Vec<i64>,
    timesteps_f64: Vec<f64>,
    /// How many of `timesteps` belong to the Runge-Kutta start.
    start_calls: usize,
    stride: i64,
    alphas: Alphas,
    prediction: Prediction,
    /// Calls so far: differs from a call's index where the first ones are skipped.
    calls: usize,
    /// The network's last outputs, the newest last.
    outputs: Vec<Vec<f32>>,
    /// The latents that an unfinished step began with, and its weighted outputs so far.
    begun: Option<Vec<f32>>,
    gathered: Vec<f32>,
}

impl Pndm {
    pub(crate) fn new(
        settings: &ScheduleSettings,
        config: &SchedulerConfig,
        steps: usize,
    ) -> Result<Self, SamplingError> {
        let chosen = whole_timesteps(settings, steps);
        let stride = (settings.train_timesteps / steps) as i64;
        let skips_start = config.skips_prk();
        let (timesteps, start_calls) = if skips_start {
            // The second call repeats the one but last timestep.
            let mut calls = chosen.clone();
            if let Some(&second) = chosen.get(1) {
                calls.insert(1, second);
            }
            (calls, 0)
        } else {
            if steps < ORDER {
                let max = settings.train_timesteps;
                return Err(SamplingError::Steps { scheduler: SchedulerName::Pndm, found: steps, min: ORDER, max });
            }
            let start = runge_kutta_timesteps(&chosen[..ORDER], stride / 2);
            let count = start.len();
            (start.into_iter().chain(chosen[ORDER - 1..].iter().copied()).collect(), count)
        };
        Ok(Self {
            timesteps_f64: timesteps.iter().map(|&timestep| timestep as f64).collect(),
            timesteps,
            start_calls,
            stride,
            alphas: Alphas::new(settings),
            prediction: settings.prediction,
            calls: 0,
            outputs: Vec::new(),
            begun: None,
            gathered: Vec::new(),
        })
    }

    /// Where a Runge-Kutta pass goes from, where to, and with what.
    fn runge_kutta(&mut self, timestep: i64, output: &[f32], sample: &[f32]) -> (i64, i64, Vec<f32>) {
        let pass = self.calls % PASSES;
        let to = timestep - if pass % 2 == 1 { 0 } else { self.stride / 2 };
        let from = self.timesteps[self.calls / PASSES * PASSES];
        if pass == 0 {
            self.outputs.push(output.to_vec());
            self.begun = Some(sample.to_vec());
            self.gathered = vec![0.0; output.len()];
        }
        let weight = if pass == 0 || pass == PASSES - 1 { 1.0 / 6.0 } else { 1.0 / 3.0 };
        for (sum, output) in self.gathered.iter_mut().zip(output) {
            *sum += weight * output;
        }
        let used = if pass == PASSES - 1 { std::mem::take(&mut self.gathered) } else { output.to_vec() };
        (from, to, used)
    }

    /// Where a multistep call goes from, where to, and with what.
    fn multistep(&mut self, timestep: i64, output: &[f32], sample: &[f32]) -> (i64, i64, Vec<f32>) {
        let (mut from, mut to) = (timestep, timestep - self.stride);
        if self.calls == 1 {
            // The same step once more, with the mean of both ends.
            (from, to) = (timestep + self.stride, timestep);
            let mean = self.weighted(&[1.0], output, 1.0, 2.0);
            return (from, to, mean);
        }
        let surplus = self.outputs.len().saturating_sub(3);
        self.outputs.drain(..surplus);
        self.outputs.push(output.to_vec());
        self.begun = (self.calls == 0).then(|| sample.to_vec());
        let used = match self.outputs.len() {
            1 => output.to_vec(),
            2 => self.weighted(&[3.0, -1.0], output, 0.0, 2.0),
            3 => self.weighted(&[23.0, -16.0, 5.0], output, 0.0, 12.0),
            _ => self.weighted(&[55.0, -59.0, 37.0, -9.0], output, 0.0, 24.0),
        };
        (from, to, used)
    }

    /// The kept outputs, the newest first, and the present one, by their weights, over `divisor`.
    fn weighted(&self, weights: &[f32], output: &[f32], weight: f32, divisor: f32) -> Vec<f32> {
        let newest_first: Vec<&Vec<f32>> = self.outputs.iter().rev().collect();
        let value = |at: usize| {
            let kept: f32 = weights.iter().zip(&newest_first).map(|(weight, past)| weight * past[at]).sum();
            (weight * output[at] + kept) / divisor
        };
        (0..output.len()).map(value).collect()
    }

    /// Equation 9 of the paper, from one timestep to another.
    fn moved(&self, from: i64, to: i64, sample: &[f32], output: &[f32]) -> Vec<f32> {
        let (alpha, alpha_to) = (self.alphas.at(from), self.alphas.at(to));
        let (beta, beta_to) = (1.0 - alpha, 1.0 - alpha_to);
        let noise = NoiseLevel::of_alpha(alpha).predicted_noise(self.prediction, output, sample);
        let sample_factor = (alpha_to / alpha).sqrt();
        let divisor = alpha * beta_to.sqrt() + (alpha * beta * alpha_to).sqrt();
        sample
            .iter()
            .zip(&noise)
            .map(|(sample, noise)| sample_factor * sample - (alpha_to - alpha) * noise / divisor)
            .collect()
    }
}

/// Begin, middle, middle and end of each of the first three steps; `chosen` are their four ends, falling.
fn runge_kutta_timesteps(chosen: &[i64], half: i64) -> Vec<i64> {
    chosen.windows(2).flat_map(|ends| [ends[0], ends[1] + half, ends[1] + half, ends[1]]).collect()
}

impl Scheduler for Pndm {
    fn timesteps(&self) -> &[f64] {
        &self.timesteps_f64
    }

    fn step_of(&self, index: usize) -> usize {
        match self.start_calls {
            // The second call repeats the first step.
            0 => index.saturating_sub(1),
            calls if index < calls => index / PASSES,
            calls => index - calls + calls / PASSES,
        }
    }

    fn step(&mut self, index: usize, model_output: &[f32], sample: &[f32], _noise: &mut dyn NoiseSource) -> StepOutput {
        let timestep = self.timesteps[index];
        let predicted_original = self.alphas.level(timestep).predicted_original(self.prediction, model_output, sample);
        let (from, to, used) = if self.calls < self.start_calls {
            self.runge_kutta(timestep, model_output, sample)
        } else {
            self.multistep(timestep, model_output, sample)
        };
        let previous = self.moved(from, to, self.begun.as_deref().unwrap_or(sample), &used);
        self.calls += 1;
        StepOutput { previous, predicted_original }
    }

    fn add_noise(&self, index: usize, original: &[f32], noise: &[f32]) -> Vec<f32> {
        self.alphas.level(self.timesteps[index]).add_noise(original, noise)
    }

    fn history(&self) -> History {
        let mut rows = self.outputs.clone();
        rows.push(self.gathered.clone());
        rows.extend(self.begun.clone());
        History { rows, counts: vec![self.calls as u64, self.outputs.len() as u64] }
    }

    fn restore(&mut self, history: History) -> bool {
        let History { mut rows, counts } = history;
        let &[calls, outputs] = counts.as_slice() else { return false };
        let (calls, outputs) = (calls as usize, outputs as usize);
        if calls > self.timesteps.len() || outputs > ORDER || !(outputs + 1..=outputs + 2).contains(&rows.len()) {
            return false;
        }
        self.begun = if rows.len() == outputs + 2 { rows.pop() } else { None };
        self.gathered = rows.pop().unwrap_or_default();
        (self.calls, self.outputs) = (calls, rows);
        true
    }
}
