//! A unified predictor and corrector: Zhao et al. (2023), arXiv 2302.04867. Each call first mends the step before it.
//! Numbers follow diffusers' `UniPCMultistepScheduler`.

use std::collections::VecDeque;

use super::bound::Bound;
use super::dpm_solver::{LevelRules, SolverLevels};
use super::level::NoiseLevel;
use super::settings::{Prediction, ScheduleSettings, unsupported};
use super::{History, NoiseSource, SamplingError, Scheduler, SchedulerConfig, StepOutput};

#[derive(Debug)]
pub(crate) struct UniPc {
    schedule: SolverLevels,
    order: usize,
    lower_order_final: bool,
    /// Walks by the predicted picture, not by the predicted noise.
    by_data: bool,
    /// B(h) of the paper is e^h − 1, not h.
    second_kind: bool,
    /// Calls whose arrival is not mended.
    uncorrected: Vec<usize>,
    prediction: Prediction,
    bound: Bound,
    /// What was walked by in the last calls, the newest first.
    outputs: VecDeque<Vec<f32>>,
    /// Mended latents of the last call, and the order of the step that was taken from there.
    last: Option<(Vec<f32>, usize)>,
}

impl UniPc {
    pub(crate) fn new(
        settings: &ScheduleSettings,
        config: &SchedulerConfig,
        steps: usize,
    ) -> Result<Self, SamplingError> {
        let second_kind = match config.solver_type.as_deref() {
            None | Some("bh2" | "midpoint" | "heun" | "logrho") => true,
            Some("bh1") => false,
            Some(value) => return unsupported("solver_type", value, "bh1 or bh2"),
        };
        let order = config.solver_order.unwrap_or(2);
        if !(1..=8).contains(&order) {
            return unsupported("solver_order", order.to_string(), "from 1 to 8");
        }
        let rules = LevelRules { rounds: true, ends_at_laid: true, ..LevelRules::default() };
        let by_data = config.predict_x0.unwrap_or(true);
        Ok(Self {
            schedule: SolverLevels::new(settings, steps, rules),
            order,
            lower_order_final: config.lower_order_final.unwrap_or(true),
            by_data,
            second_kind,
            uncorrected: config.disable_corrector.clone().unwrap_or_default(),
            prediction: settings.prediction,
            // Without the predicted picture there is nothing that could be bounded.
            bound: if by_data { settings.bound } else { Bound::None },
            outputs: VecDeque::new(),
            last: None,
        })
    }

    /// A step of `order` from call `from` to the next level, by the outputs from the `skip`-th newest on. With
    /// `arrived` (what the network says there) it is the corrector, else the predictor.
    fn walked(&self, from: usize, order: usize, sample: &[f32], arrived: Option<&[f32]>) -> Vec<f32> {
        let levels = &self.schedule.levels;
        let (start, end) = (levels[from], levels[from + 1]);
        let h = end.lambda() - start.lambda();
        let newest = &self.outputs[0];
        let ratios: Vec<f32> = (1..order).map(|back| (levels[from - back].lambda() - start.lambda()) / h).collect();
        let weights = self.weights(&ratios, h, arrived.is_some());

        let signed = if self.by_data { -h } else { h };
        let grown = signed.exp_m1();
        let scale = if self.second_kind { grown } else { signed };
        let (keep, walk) =
            if self.by_data { (end.noise / start.noise, end.signal) } else { (end.signal / start.signal, end.noise) };
        let value = |at: usize| {
            let mut residual: f32 = weights
                .iter()
                .zip(&ratios)
                .zip(self.outputs.iter().skip(1))
                .map(|((weight, ratio), past)| weight * ((past[at] - newest[at]) / ratio))
                .sum();
            if let (Some(arrived), Some(weight)) = (arrived, weights.last()) {
                residual += weight * (arrived[at] - newest[at]);
            }
            keep * sample[at] - walk * grown * newest[at] - walk * scale * residual
        };
        (0..sample.len()).map(value).collect()
    }

    /// ρ of the paper: one for each earlier output, and for the corrector one more for the arrival.
    fn weights(&self, ratios: &[f32], h: f32, corrects: bool) -> Vec<f32> {
        match (ratios.len(), corrects) {
            (0, false) => return Vec::new(),
            (0, true) | (1, false) => return vec![0.5],
            _ => {}
        }
        let count = ratios.len() + usize::from(corrects);
        let signed = if self.by_data { -h } else { h };
        let scale = if self.second_kind { signed.exp_m1() } else { signed };
        let mut phi = signed.exp_m1() / signed - 1.0;
        let mut factorial = 1.0;
        let mut nodes = ratios.to_vec();
        nodes.push(1.0);
        let mut rows = Vec::with_capacity(count);
        for power in 0..count {
            let mut row: Vec<f64> = nodes[..count].iter().map(|node| f64::from(node.powi(power as i32))).collect();
            row.push(f64::from(phi * factorial / scale));
            rows.push(row);
            factorial *= (power + 2) as f32;
            phi = phi / signed - 1.0 / factorial;
        }
        solved(rows).into_iter().map(|weight| weight as f32).collect()
    }
}

/// Gauss's elimination; each row ends with its right side.
fn solved(mut rows: Vec<Vec<f64>>) -> Vec<f64> {
    let count = rows.len();
    for column in 0..count {
        let best = (column..count).max_by(|&a, &b| rows[a][column].abs().total_cmp(&rows[b][column].abs()));
        rows.swap(column, best.unwrap_or(column));
        let pivot = rows[column].clone();
        for (at, row) in rows.iter_mut().enumerate() {
            if at != column {
                let factor = row[column] / pivot[column];
                row.iter_mut().zip(&pivot).for_each(|(value, pivot)| *value -= factor * pivot);
            }
        }
    }
    rows.iter().enumerate().map(|(at, row)| row[count] / row[at]).collect()
}

impl Scheduler for UniPc {
    fn timesteps(&self) -> &[f64] {
        &self.schedule.timesteps
    }

    fn step(&mut self, index: usize, model_output: &[f32], sample: &[f32], _noise: &mut dyn NoiseSource) -> StepOutput {
        let level: NoiseLevel = self.schedule.levels[index];
        let mut predicted_original = level.predicted_original(self.prediction, model_output, sample);
        self.bound.apply(&mut predicted_original);
        let used = if self.by_data {
            predicted_original.clone()
        } else {
            level.predicted_noise(self.prediction, model_output, sample)
        };
        let mended = match &self.last {
            Some((start, order)) if index > 0 && !self.uncorrected.contains(&(index - 1)) => {
                self.walked(index - 1, *order, start, Some(&used))
            }
            _ => sample.to_vec(),
        };
        self.outputs.push_front(used);
        self.outputs.truncate(self.order);
        let left = self.schedule.timesteps.len() - index;
        let most = if self.lower_order_final { self.order.min(left) } else { self.order };
        let order = most.min(self.outputs.len());
        let previous = self.walked(index, order, &mended, None);
        self.last = Some((mended, order));
        StepOutput { previous, predicted_original }
    }

    fn add_noise(&self, index: usize, original: &[f32], noise: &[f32]) -> Vec<f32> {
        self.schedule.levels[index].add_noise(original, noise)
    }

    fn history(&self) -> History {
        let mut history = History::of_rows(&self.outputs);
        if let Some((mended, order)) = &self.last {
            history.rows.push(mended.clone());
            history.counts.push(*order as u64);
        }
        history
    }

    fn restore(&mut self, mut history: History) -> bool {
        let last = match history.counts.pop() {
            None => None,
            Some(order) => match history.rows.pop() {
                Some(mended) if (1..=history.rows.len() as u64).contains(&order) => Some((mended, order as usize)),
                _ => return false,
            },
        };
        let Some(outputs) = history.into_rows(self.order) else { return false };
        (self.outputs, self.last) = (outputs, last);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equations_are_solved_whatever_the_order_of_their_rows() {
        // 2y = 6 and x + y = 5.
        assert_eq!(solved(vec![vec![0.0, 2.0, 6.0], vec![1.0, 1.0, 5.0]]), [2.0, 3.0]);
    }
}
