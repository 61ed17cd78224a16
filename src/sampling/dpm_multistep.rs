//! The multistep DPM solvers (DPM-Solver++ 2M and its kin), with and without added noise.
//! Numbers follow diffusers' `DPMSolverMultistepScheduler`.

use std::collections::VecDeque;

use super::dpm_solver::{LevelRules, Solver, SolverLevels, clipped_timesteps, difference};
use super::settings::{Betas, ScheduleSettings};
use super::{History, NoiseSource, SamplingError, Scheduler, SchedulerConfig, SchedulerName, StepOutput};

/// With fewer steps than this the last ones are taken by a lower order.
const FEW_STEPS: usize = 15;

#[derive(Debug)]
pub(crate) struct DpmMultistep {
    schedule: SolverLevels,
    solver: Solver,
    lower_order_final: bool,
    /// The last step is of the first order whatever their number.
    first_order_at_end: bool,
    /// What was walked by in the last calls, the newest first.
    outputs: VecDeque<Vec<f32>>,
}

impl DpmMultistep {
    pub(crate) fn new(
        name: SchedulerName,
        settings: &ScheduleSettings,
        config: &SchedulerConfig,
        steps: usize,
    ) -> Result<Self, SamplingError> {
        let rules = LevelRules {
            clipped: clipped_timesteps(settings, config),
            lu: config.use_lu_lambdas.unwrap_or(false),
            rounds: settings.betas != Betas::SquaredCosine,
            ends_at_laid: false,
        };
        Ok(Self {
            schedule: SolverLevels::new(settings, steps, rules),
            solver: Solver::new(name, settings, config)?,
            lower_order_final: config.lower_order_final.unwrap_or(true),
            first_order_at_end: config.euler_at_final.unwrap_or(false) || !settings.ends_at_sigma_min,
            outputs: VecDeque::new(),
        })
    }

    /// The order of call `index`, which is no higher than there are outputs.
    fn order_at(&self, index: usize) -> usize {
        let calls = self.schedule.timesteps.len();
        let eases_out = self.lower_order_final && calls < FEW_STEPS;
        let most = match calls - index {
            1 if eases_out || self.first_order_at_end => 1,
            2 if eases_out => 2,
            _ => 3,
        };
        self.outputs.len().min(self.solver.order).min(most)
    }

    /// What is walked by, and its differences over λ up to the order.
    fn terms(&self, index: usize, order: usize) -> Vec<Vec<f32>> {
        let lambda = |back: usize| self.schedule.levels[index - back].lambda();
        let newest = &self.outputs[0];
        if order == 1 {
            return vec![newest.clone()];
        }
        let h = self.schedule.levels[index + 1].lambda() - lambda(0);
        let r0 = (lambda(0) - lambda(1)) / h;
        let first = difference(newest, &self.outputs[1], 1.0 / r0);
        if order == 2 {
            return vec![newest.clone(), first];
        }
        let r1 = (lambda(1) - lambda(2)) / h;
        let earlier = difference(&self.outputs[1], &self.outputs[2], 1.0 / r1);
        let bend = r0 / (r0 + r1);
        let corrected = first.iter().zip(&earlier).map(|(first, earlier)| first + bend * (first - earlier)).collect();
        vec![newest.clone(), corrected, difference(&first, &earlier, 1.0 / (r0 + r1))]
    }
}

impl Scheduler for DpmMultistep {
    fn timesteps(&self) -> &[f64] {
        &self.schedule.timesteps
    }

    fn step(&mut self, index: usize, model_output: &[f32], sample: &[f32], noise: &mut dyn NoiseSource) -> StepOutput {
        let levels = [self.schedule.levels[index], self.schedule.levels[index + 1]];
        let (used, predicted_original) = self.solver.read(levels[0], model_output, sample);
        self.outputs.push_front(used);
        self.outputs.truncate(self.solver.order);
        let fresh = self.solver.adds_noise().then(|| noise.randn(sample.len()));
        let order = self.order_at(index);
        let terms = self.terms(index, order);
        let previous = self.solver.update(levels, sample, &terms, order == 3, fresh.as_deref());
        StepOutput { previous, predicted_original }
    }

    fn add_noise(&self, index: usize, original: &[f32], noise: &[f32]) -> Vec<f32> {
        self.schedule.levels[index].add_noise(original, noise)
    }

    fn history(&self) -> History {
        History::of_rows(&self.outputs)
    }

    fn restore(&mut self, history: History) -> bool {
        let Some(rows) = history.into_rows(self.solver.order) else { return false };
        self.outputs = rows;
        true
    }
}
