//! A picture that goes on where an earlier run of the program was interrupted, and what is kept for that.

use std::sync::Arc;

use super::denoise::Denoising;
use crate::job::{Notice, StepState};
use crate::sampling::NoiseSource;

impl Denoising {
    /// Behind call `index`.
    pub(super) fn state(&self, index: usize, latents: &[f32], noise: &dyn NoiseSource) -> Arc<StepState> {
        Arc::new(StepState {
            scheduler: self.scheduler_name,
            calls: self.scheduler.timesteps().len() as u32,
            next_call: index as u32 + 1,
            latents: latents.to_vec(),
            history: self.scheduler.history(),
            noise: noise.position(),
            compute: self.plan.compute(),
        })
    }

    /// Goes on from `state`, or, where it is of another walk, from `latents` as they are; says what differs from a run
    /// that was never interrupted.
    pub(super) fn go_on(
        &mut self,
        state: &StepState,
        latents: &mut Vec<f32>,
        noise: &mut dyn NoiseSource,
    ) -> Option<Notice> {
        let next = state.next_call as usize;
        let is_of_this_walk = state.scheduler == self.scheduler_name
            && state.calls as usize == self.scheduler.timesteps().len()
            && (self.first_step..=state.calls as usize).contains(&next)
            && state.latents.len() == latents.len()
            && state.history.fits(latents.len());
        let before = noise.position();
        let mut fits = is_of_this_walk && noise.restore(&state.noise);
        if fits && !self.scheduler.restore(state.history.clone()) {
            noise.restore(&before);
            fits = false;
        }
        if !fits {
            let sentence = "what was kept of this picture's steps does not fit its settings: it is begun anew";
            return Some(sentence.to_owned().into());
        }
        latents.clone_from(&state.latents);
        self.next_call = next;
        let is_same = state.compute == self.plan.compute();
        let sentence = "it goes on with another way to save memory than before, so small things may differ";
        (!is_same).then(|| sentence.to_owned().into())
    }
}
