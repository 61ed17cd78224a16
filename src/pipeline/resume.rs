//! A picture that goes on where an earlier run of the program was interrupted, and what is kept for that.

use std::sync::Arc;

use super::PipelineError;
use super::denoise::Denoising;
use crate::job::{Notice, StepState};
use crate::sampling::{Carried, NoiseSource, carried, is_same_level, level_of};

impl Denoising {
    /// Behind call `index`.
    pub(super) fn state(&self, index: usize, latents: &[f32], noise: &dyn NoiseSource) -> Arc<StepState> {
        let calls = self.scheduler.timesteps().len();
        Arc::new(StepState {
            scheduler: self.scheduler_name,
            calls: calls as u32,
            next_call: index as u32 + 1,
            level: self.is_between_steps(index + 1).then(|| level_of(self.scheduler.as_ref(), index + 1)),
            latents: latents.to_vec(),
            history: self.scheduler.history(),
            noise: noise.position(),
            compute: self.plan.compute(),
        })
    }

    /// Whether call `next` is the first of a step. Within one, what the network sees is the sampler's own affair.
    fn is_between_steps(&self, next: usize) -> bool {
        let step_of = |call| self.scheduler.step_of(call);
        next < self.scheduler.timesteps().len() && step_of(next) != step_of(next - 1)
    }

    /// Goes on from `state`, or, where it is of another walk, from `latents` as they are; says what differs from a run
    /// that was never interrupted.
    pub(super) fn go_on(
        &mut self,
        state: &StepState,
        latents: &mut Vec<f32>,
        noise: &mut dyn NoiseSource,
    ) -> Option<Notice> {
        if !self.follows(state, latents, noise) {
            let sentence = "what was kept of this picture's steps does not fit its settings: it is begun anew";
            return Some(sentence.to_owned().into());
        }
        let is_same = state.compute == self.plan.compute();
        let sentence = "it goes on with another way to save memory than before, so small things may differ";
        (!is_same).then(|| sentence.to_owned().into())
    }

    /// Takes the same walk up where `state` left it; `false`, and unchanged, where it is another.
    fn follows(&mut self, state: &StepState, latents: &mut Vec<f32>, noise: &mut dyn NoiseSource) -> bool {
        let next = state.next_call as usize;
        let is_of_this_walk = state.scheduler == self.scheduler_name
            && state.calls as usize == self.scheduler.timesteps().len()
            && (self.first_step..=state.calls as usize).contains(&next)
            && state.latents.len() == latents.len()
            && state.history.fits(latents.len());
        let before = noise.position();
        if !is_of_this_walk || !noise.restore(&state.noise) {
            return false;
        }
        if !self.scheduler.restore(state.history.clone()) {
            noise.restore(&before);
            return false;
        }
        latents.clone_from(&state.latents);
        self.next_call = next;
        true
    }

    /// Goes on from another picture's step: as that one would have where sampler and steps are its own, else at the same
    /// level of noise; from its last step, only the decoder is left. Says what was not possible.
    pub(super) fn branch_from(
        &mut self,
        state: &StepState,
        latents: &mut Vec<f32>,
        noise: &mut dyn NoiseSource,
    ) -> Result<Option<Notice>, PipelineError> {
        let anew = |reason: &str| Ok(Some(Notice::from(format!("{reason}: the picture is begun anew"))));
        let is_of_this_size = state.latents.len() == latents.len();
        if state.is_last() {
            if !is_of_this_size {
                return Err(PipelineError::OtherLatents);
            }
            latents.clone_from(&state.latents);
            self.next_call = self.scheduler.timesteps().len();
            return Ok(None);
        }
        if !is_of_this_size {
            return anew("the step to go on from is of another size or model");
        }
        let (scheduler, calls) = (self.scheduler.as_ref(), self.scheduler.timesteps().len());
        let next = state.next_call as usize;
        let is_at_its_level =
            state.level.is_none_or(|level| next < calls && is_same_level(level, level_of(scheduler, next)));
        if is_at_its_level && self.follows(state, latents, noise) {
            return Ok(None);
        }
        let moved = state
            .level
            .and_then(|level| carried(level, &state.latents, self.scheduler.as_ref(), self.first_step, noise));
        let Some(Carried { next_call, latents: moved }) = moved else {
            return anew("this sampler begins with less noise than the step to go on from has");
        };
        *latents = moved;
        self.next_call = next_call;
        Ok(None)
    }
}
