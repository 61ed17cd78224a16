//! What every scheduler does. The shape follows diffusers' `SchedulerMixin`, with the call's index in place of a hidden
//! step counter.

use super::{History, NoiseSource};

/// What one step gives; both as long as the latents.
#[derive(Debug, Clone, PartialEq)]
pub struct StepOutput {
    /// The latents at the next, lower level of noise.
    pub previous: Vec<f32>,
    /// The clean latents as the network sees them now: what a preview shows.
    pub predicted_original: Vec<f32>,
}

/// The slices hold one picture's latents, `(channels, height, width)`. Every `index` counts model calls from 0 and
/// must be less than `timesteps().len()`.
pub trait Scheduler: Send {
    /// One per model call, in order: from noise to picture.
    fn timesteps(&self) -> &[f64];

    /// Model calls for each step; the last step may have fewer. Steps that are skipped are skipped whole.
    fn order(&self) -> usize {
        1
    }

    /// The step that a model call belongs to, both from 0: what a person counts.
    fn step_of(&self, index: usize) -> usize {
        index / self.order()
    }

    /// What standard normal noise is multiplied by to be the first call's latents.
    fn init_noise_sigma(&self) -> f64 {
        1.0
    }

    /// Turns latents into the network's input, in place.
    fn scale_model_input(&self, _index: usize, _sample: &mut [f32]) {}

    /// One step from `timesteps()[index]` down. `noise` is drawn from only by schedulers that add some.
    fn step(&mut self, index: usize, model_output: &[f32], sample: &[f32], noise: &mut dyn NoiseSource) -> StepOutput;

    /// Clean latents brought to the level of `timesteps()[index]`.
    fn add_noise(&self, index: usize, original: &[f32], noise: &[f32]) -> Vec<f32>;

    /// What the next call depends on besides the latents.
    fn history(&self) -> History {
        History::default()
    }

    /// Goes on from what a scheduler of the same name and settings gave; `false`, and unchanged, where it cannot be that.
    fn restore(&mut self, history: History) -> bool {
        history == History::default()
    }
}
