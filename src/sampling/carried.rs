//! Latents of one walk as another one has them: another scheduler, other noise levels or another number of steps goes on
//! where the first one stood.

use super::{NoiseSource, Scheduler};

/// Levels that differ by less are one, as the same numbers in single precision are.
const SAME: f32 = 1e-4;
/// With less signal than this there is nothing to go on from.
const LEAST_SIGNAL: f32 = 1e-4;

/// How much of the clean latents, and how much standard normal noise, the latents have that enter call `index`.
#[must_use]
pub fn level_of(scheduler: &dyn Scheduler, index: usize) -> [f32; 2] {
    let of = |original, noise| scheduler.add_noise(index, &[original], &[noise]).first().copied().unwrap_or_default();
    [of(1.0, 0.0), of(0.0, 1.0)]
}

/// Whether two levels are the same.
#[must_use]
pub fn is_same_level(one: [f32; 2], other: [f32; 2]) -> bool {
    one.iter().zip(other).all(|(one, other)| (one - other).abs() <= SAME * one.abs().max(other.abs()).max(SAME))
}

/// Where a walk goes on.
#[derive(Debug, Clone, PartialEq)]
pub struct Carried {
    /// The call that comes next, from 0.
    pub next_call: usize,
    /// As that call gets them.
    pub latents: Vec<f32>,
}

/// Brings latents of `level` to the walk of `scheduler`, from its call `first` on: to the last whole step with at least as
/// much noise, and the noise that is missing there is drawn. `None` where the walk begins with less noise than they have.
#[must_use]
pub fn carried(
    level: [f32; 2],
    latents: &[f32],
    scheduler: &dyn Scheduler,
    first: usize,
    noise: &mut dyn NoiseSource,
) -> Option<Carried> {
    let [signal, deviation] = level;
    if signal < LEAST_SIGNAL || latents.is_empty() {
        return None;
    }
    let sigma = deviation / signal;
    let calls = scheduler.timesteps().len();
    let is_whole_step = |index: &usize| *index == 0 || scheduler.step_of(*index) != scheduler.step_of(index - 1);
    let has_as_much = |index: &usize| {
        let [signal, deviation] = level_of(scheduler, *index);
        deviation >= sigma * signal * (1.0 - SAME)
    };
    let next_call = (first..calls).filter(is_whole_step).rfind(has_as_much)?;
    let [to_signal, to_deviation] = level_of(scheduler, next_call);
    // In parts of the clean latents: `latents / signal = clean + sigma · ε`.
    let clean = to_signal / signal;
    let missing = (to_deviation * to_deviation - (sigma * to_signal) * (sigma * to_signal)).max(0.0).sqrt();
    let mut moved: Vec<f32> = latents.iter().map(|value| value * clean).collect();
    if missing > to_deviation * SAME {
        for (value, drawn) in moved.iter_mut().zip(noise.randn(latents.len())) {
            *value += missing * drawn;
        }
    }
    Some(Carried { next_call, latents: moved })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sampling::{NoiseKind, SchedulerConfig, SchedulerName, build};

    const VALUES: usize = 400;

    fn made(name: SchedulerName, steps: usize) -> Box<dyn Scheduler> {
        let config = SchedulerConfig { clip_sample: Some(false), ..SchedulerConfig::default() };
        build(name, &config, steps).unwrap()
    }

    fn deviation(values: &[f32], clean: &[f32], signal: f32) -> f32 {
        let squares = values.iter().zip(clean).map(|(value, clean)| (value - signal * clean).powi(2));
        (squares.sum::<f32>() / values.len() as f32).sqrt()
    }

    #[test]
    fn every_scheduler_goes_on_from_every_other_at_its_own_level_of_noise() {
        let clean: Vec<f32> = (0..VALUES).map(|at| (at as f32 * 0.37).sin()).collect();
        for from in SchedulerName::ALL {
            let before = made(from, 12);
            let mut noise = NoiseKind::Torch.source(5);
            let half = (0..before.timesteps().len()).find(|index| before.step_of(*index) == 6).unwrap();
            let latents = before.add_noise(half, &clean, &noise.randn(VALUES));
            let level = level_of(before.as_ref(), half);
            for to in SchedulerName::ALL {
                let after = made(to, 15);
                let Carried { next_call, latents } = carried(level, &latents, after.as_ref(), 0, noise.as_mut())
                    .unwrap_or_else(|| panic!("{from:?} {to:?}"));
                let calls = after.timesteps().len();
                assert!(next_call * 4 > calls && next_call < calls, "{from:?} to {to:?}: {next_call} of {calls}");
                // There is as much noise in them as the network is told.
                let [signal, wanted] = level_of(after.as_ref(), next_call);
                let found = deviation(&latents, &clean, signal);
                assert!((found / wanted - 1.0).abs() < 0.15, "{from:?} to {to:?}: {found} instead of {wanted}");
            }
        }
    }

    #[test]
    fn the_same_walk_is_carried_nowhere_and_one_with_less_noise_takes_nothing() {
        let mut noise = NoiseKind::Torch.source(5);
        let euler = made(SchedulerName::Euler, 10);
        let latents = noise.randn(VALUES);
        let level = level_of(euler.as_ref(), 4);
        let same = carried(level, &latents, euler.as_ref(), 0, noise.as_mut()).unwrap();
        assert_eq!((same.next_call, &same.latents), (4, &latents));
        assert!(carried(level, &latents, euler.as_ref(), 6, noise.as_mut()).is_none());
        assert!(carried([0.0, 1.0], &latents, euler.as_ref(), 0, noise.as_mut()).is_none());
        let config =
            SchedulerConfig { use_karras_sigmas: Some(true), clip_sample: Some(false), ..SchedulerConfig::default() };
        let karras = build(SchedulerName::Euler, &config, 10).unwrap();
        assert!(!is_same_level(level, level_of(karras.as_ref(), 4)));
        assert!(is_same_level(level, level_of(made(SchedulerName::Euler, 10).as_ref(), 4)));
    }
}
