//! The singlestep DPM solvers (DPM-Solver++ 2S and its kin): groups of calls of rising order, each walking from the
//! group's first latents. Numbers follow diffusers' `DPMSolverSinglestepScheduler`.

use std::collections::VecDeque;

use super::dpm_solver::{LevelRules, Solver, SolverLevels, clipped_timesteps, difference};
use super::settings::ScheduleSettings;
use super::{History, NoiseSource, SamplingError, Scheduler, SchedulerConfig, SchedulerName, StepOutput};

#[derive(Debug)]
pub(crate) struct DpmSinglestep {
    schedule: SolverLevels,
    solver: Solver,
    /// Of each call.
    orders: Vec<usize>,
    /// What was walked by in the last calls, the newest first.
    outputs: VecDeque<Vec<f32>>,
    /// The latents that the present group of calls began with.
    begun: Vec<f32>,
}

impl DpmSinglestep {
    pub(crate) fn new(
        name: SchedulerName,
        settings: &ScheduleSettings,
        config: &SchedulerConfig,
        steps: usize,
    ) -> Result<Self, SamplingError> {
        let solver = Solver::new(name, settings, config)?;
        let rules = LevelRules { clipped: clipped_timesteps(settings, config), rounds: true, ..LevelRules::default() };
        let ends_at_zero = !settings.ends_at_sigma_min;
        // Groups that do not come out even end in lower orders, asked for or not.
        let lower_order_final =
            config.lower_order_final.unwrap_or(false) || ends_at_zero || !steps.is_multiple_of(solver.order);
        Ok(Self {
            schedule: SolverLevels::new(settings, steps, rules),
            orders: orders(solver.order, steps, lower_order_final, ends_at_zero),
            solver,
            outputs: VecDeque::new(),
            begun: Vec::new(),
        })
    }

    /// What is walked by from the group's first level, and its differences over λ up to the order.
    fn terms(&self, index: usize, order: usize) -> Vec<Vec<f32>> {
        let base = index + 1 - order;
        let lambda = |at: usize| self.schedule.levels[at].lambda();
        let first = &self.outputs[order - 1];
        if order == 1 {
            return vec![first.clone()];
        }
        let h = lambda(index + 1) - lambda(base);
        let r0 = (lambda(index) - lambda(base)) / h;
        let whole = difference(&self.outputs[0], first, 1.0 / r0);
        if order == 2 {
            return vec![first.clone(), whole];
        }
        let r1 = (lambda(index - 1) - lambda(base)) / h;
        let half = difference(&self.outputs[1], first, 1.0 / r1);
        if !self.solver.is_heun() {
            return vec![first.clone(), whole];
        }
        let slope = half.iter().zip(&whole).map(|(half, whole)| (r0 * half - r1 * whole) / (r0 - r1)).collect();
        let bend = whole.iter().zip(&half).map(|(whole, half)| 2.0 * (whole - half) / (r0 - r1)).collect();
        vec![first.clone(), slope, bend]
    }
}

/// The order of each of `steps` calls: 1 2 1 2 … or 1 2 3 1 2 3 …
fn orders(order: usize, steps: usize, lower_order_final: bool, ends_at_zero: bool) -> Vec<usize> {
    let mut orders: Vec<usize> = (0..steps).map(|index| index % order + 1).collect();
    if lower_order_final && order > 1 && steps.is_multiple_of(order) {
        // The last group is one shorter, and a single call follows it.
        orders[steps - 1] = 1;
    }
    if ends_at_zero {
        orders[steps - 1] = 1;
    }
    orders
}

impl Scheduler for DpmSinglestep {
    fn timesteps(&self) -> &[f64] {
        &self.schedule.timesteps
    }

    fn step(&mut self, index: usize, model_output: &[f32], sample: &[f32], noise: &mut dyn NoiseSource) -> StepOutput {
        let (used, predicted_original) = self.solver.read(self.schedule.levels[index], model_output, sample);
        self.outputs.push_front(used);
        self.outputs.truncate(self.solver.order);
        let fresh = self.solver.adds_noise().then(|| noise.randn(sample.len()));
        // Where the first calls are skipped, the group has fewer than its order says.
        let order = self.orders[index].min(self.outputs.len());
        if order == 1 {
            self.begun = sample.to_vec();
        }
        let levels = [self.schedule.levels[index + 1 - order], self.schedule.levels[index + 1]];
        let terms = self.terms(index, order);
        let previous = self.solver.update(levels, &self.begun, &terms, order == 3, fresh.as_deref());
        StepOutput { previous, predicted_original }
    }

    fn add_noise(&self, index: usize, original: &[f32], noise: &[f32]) -> Vec<f32> {
        self.schedule.levels[index].add_noise(original, noise)
    }

    fn history(&self) -> History {
        let mut history = History::of_rows(&self.outputs);
        history.rows.push(self.begun.clone());
        history
    }

    fn restore(&mut self, mut history: History) -> bool {
        let Some(begun) = history.rows.pop() else { return false };
        let Some(outputs) = history.into_rows(self.solver.order) else { return false };
        (self.begun, self.outputs) = (begun, outputs);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_end_in_lower_orders() {
        assert_eq!(orders(2, 5, true, true), [1, 2, 1, 2, 1]);
        assert_eq!(orders(2, 4, true, true), [1, 2, 1, 1]);
        assert_eq!(orders(2, 4, false, false), [1, 2, 1, 2]);
        assert_eq!(orders(3, 6, true, false), [1, 2, 3, 1, 2, 1]);
        assert_eq!(orders(3, 7, true, false), [1, 2, 3, 1, 2, 3, 1]);
        assert_eq!(orders(3, 5, true, true), [1, 2, 3, 1, 1]);
    }
}
