//! Linear multistep (Adams-Bashforth over uneven sigmas), as in k-diffusion: looks back at up to four derivatives.
//! Numbers follow diffusers' `LMSDiscreteScheduler`.

use std::collections::VecDeque;

use super::settings::{Prediction, ScheduleSettings};
use super::sigmas::Sigmas;
use super::{History, NoiseSource, Scheduler, StepOutput};

const MOST_DERIVATIVES: usize = 4;

#[derive(Debug)]
pub(crate) struct Lms {
    sigmas: Sigmas,
    prediction: Prediction,
    /// The newest first.
    derivatives: VecDeque<Vec<f32>>,
}

impl Lms {
    pub(crate) fn new(settings: &ScheduleSettings, steps: usize) -> Self {
        Self {
            sigmas: Sigmas::new(settings, steps),
            prediction: settings.prediction,
            derivatives: VecDeque::with_capacity(MOST_DERIVATIVES + 1),
        }
    }

    /// The integral of each Lagrange polynomial through the last `order` sigmas, over the step from `index`.
    fn coefficients(&self, index: usize, order: usize) -> Vec<f32> {
        let here = f64::from(self.sigmas.from(index));
        let nodes: Vec<f64> = (0..order).map(|back| f64::from(self.sigmas.from(index - back)) - here).collect();
        let end = f64::from(self.sigmas.to(index)) - here;
        (0..order).map(|node| integral_of_lagrange(&nodes, node, end) as f32).collect()
    }
}

/// From 0 to `end`, of the polynomial that is 1 at `nodes[node]` and 0 at the others.
fn integral_of_lagrange(nodes: &[f64], node: usize, end: f64) -> f64 {
    let mut powers = vec![1.0];
    for (other, root) in nodes.iter().enumerate().filter(|(other, _)| *other != node) {
        let scale = nodes[node] - nodes[other];
        let mut next = vec![0.0; powers.len() + 1];
        for (power, factor) in powers.iter().enumerate() {
            next[power + 1] += factor / scale;
            next[power] -= factor * root / scale;
        }
        powers = next;
    }
    powers
        .iter()
        .rev()
        .zip((1..=powers.len()).rev())
        .fold(0.0, |sum, (factor, power)| sum * end + factor / power as f64)
        * end
}

impl Scheduler for Lms {
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
        let sigma = self.sigmas.from(index);
        let predicted_original = self.sigmas.predicted_original(index, self.prediction, model_output, sample);
        self.derivatives.push_front(
            sample.iter().zip(&predicted_original).map(|(sample, original)| (sample - original) / sigma).collect(),
        );
        self.derivatives.truncate(MOST_DERIVATIVES);
        // The order follows the step's place in the schedule, also where earlier steps were skipped: then there are
        // fewer derivatives than coefficients, as in diffusers.
        let coefficients = self.coefficients(index, (index + 1).min(MOST_DERIVATIVES));
        let mut previous = sample.to_vec();
        for (at, value) in previous.iter_mut().enumerate() {
            let sum: f32 = coefficients.iter().zip(&self.derivatives).map(|(factor, past)| factor * past[at]).sum();
            *value += sum;
        }
        StepOutput { previous, predicted_original }
    }

    fn add_noise(&self, index: usize, original: &[f32], noise: &[f32]) -> Vec<f32> {
        self.sigmas.add_noise(index, original, noise)
    }

    fn history(&self) -> History {
        History::of_rows(&self.derivatives)
    }

    fn restore(&mut self, history: History) -> bool {
        let Some(rows) = history.into_rows(MOST_DERIVATIVES) else { return false };
        self.derivatives = rows;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_polynomials_are_integrated_exactly() {
        // (x − 2)(x − 3) / ((0 − 2)(0 − 3)) over 0…1 is (1/3 − 5/2 + 6) / 6.
        let found = integral_of_lagrange(&[0.0, 2.0, 3.0], 0, 1.0);
        assert!((found - (1.0 / 3.0 - 2.5 + 6.0) / 6.0).abs() < 1e-12, "{found}");
        // One node: the constant 1.
        assert!((integral_of_lagrange(&[0.0], 0, -2.0) + 2.0).abs() < 1e-12);
    }
}
