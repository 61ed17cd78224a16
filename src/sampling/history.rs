//! What a scheduler carries from one model call to the next, as plain values: with the latents and the noise's position it
//! is all that a walk needs to go on, bit for bit, where another run of the program stopped.

use std::collections::VecDeque;

/// Empty for a scheduler that looks at the present call alone.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// Each as long as the latents, or empty where there is nothing yet.
    pub rows: Vec<Vec<f32>>,
    /// Orders, calls and numbers of rows, as each scheduler counts them.
    pub counts: Vec<u64>,
}

impl History {
    /// Rows alone, the newest first.
    pub(super) fn of_rows(rows: &VecDeque<Vec<f32>>) -> Self {
        Self { rows: rows.iter().cloned().collect(), counts: Vec::new() }
    }

    /// The rows, where there are at most `most` of them and nothing else.
    pub(super) fn into_rows(self, most: usize) -> Option<VecDeque<Vec<f32>>> {
        (self.counts.is_empty() && self.rows.len() <= most).then(|| self.rows.into())
    }

    /// Whether it can be of latents with so many values.
    #[must_use]
    pub fn fits(&self, latents: usize) -> bool {
        self.rows.iter().all(|row| row.is_empty() || row.len() == latents)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sampling::{NoiseKind, NoiseSource, Scheduler, SchedulerConfig, SchedulerName, build};

    const VALUES: usize = 20;

    /// What a network might say: bounded, and another thing for each call and latent.
    fn answer(call: usize, latents: &[f32]) -> Vec<f32> {
        latents.iter().enumerate().map(|(at, latent)| (0.3 * latent + call as f32 + 0.7 * at as f32).sin()).collect()
    }

    /// Call `index`, in place.
    fn call(scheduler: &mut dyn Scheduler, index: usize, latents: &mut Vec<f32>, noise: &mut dyn NoiseSource) {
        let mut input = latents.clone();
        scheduler.scale_model_input(index, &mut input);
        *latents = scheduler.step(index, &answer(index, &input), latents, noise).previous;
    }

    #[test]
    fn every_scheduler_goes_on_behind_every_call_as_if_it_had_never_stopped() {
        for (name, order, skips_prk) in SchedulerName::ALL
            .into_iter()
            .flat_map(|name| [1, 2, 3].map(|order| (name, order)))
            .flat_map(|(name, order)| [true, false].map(|skips| (name, order, skips)))
        {
            let text = format!(r#"{{"solver_order": {order}, "skip_prk_steps": {skips_prk}, "clip_sample": false}}"#);
            let made = || build(name, &SchedulerConfig::from_json(&text).unwrap(), 9).unwrap();
            let calls = made().timesteps().len();
            for first in [0, 2 * made().order()] {
                let mut noise = NoiseKind::Torch.source(5);
                let start = made().add_noise(first, &noise.randn(VALUES), &noise.randn(VALUES));
                // Without a stop, with what was kept behind each call.
                let (mut scheduler, mut latents, mut kept) = (made(), start, Vec::new());
                for index in first..calls {
                    call(scheduler.as_mut(), index, &mut latents, noise.as_mut());
                    kept.push((index + 1, latents.clone(), scheduler.history(), noise.position()));
                }
                for (next, mut found, history, position) in kept {
                    let (mut scheduler, mut noise) = (made(), NoiseKind::Torch.source(5));
                    assert!(history.fits(VALUES) && scheduler.restore(history), "{name:?} before call {next}");
                    assert!(noise.restore(&position));
                    for index in next..calls {
                        call(scheduler.as_mut(), index, &mut found, noise.as_mut());
                    }
                    let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
                    assert_eq!(bits(&found), bits(&latents), "{name:?}, order {order}, before call {next} of {calls}");
                }
            }
        }
    }

    #[test]
    fn what_another_scheduler_kept_is_refused_or_harmless() {
        let made = |name| build(name, &SchedulerConfig::default(), 9).unwrap();
        for from in SchedulerName::ALL {
            let (mut scheduler, mut latents, mut noise) = (made(from), vec![0.5; VALUES], NoiseKind::Torch.source(1));
            for index in 0..5 {
                call(scheduler.as_mut(), index, &mut latents, noise.as_mut());
            }
            for to in SchedulerName::ALL {
                let mut other = made(to);
                if other.restore(scheduler.history()) {
                    call(other.as_mut(), 5, &mut latents.clone(), noise.as_mut());
                }
            }
        }
        assert!(!History { rows: vec![vec![0.0; 3]], counts: Vec::new() }.fits(VALUES));
    }
}
