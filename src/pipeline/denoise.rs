//! The loop: denoiser, guidance, scheduler, and a look at what is coming.

use std::sync::Arc;
use std::time::Instant;

use candle_core::{Device, Tensor};

use super::PipelineError;
use super::blend::Blend;
use super::concat_conditioning::ConcatConditioning;
use super::conditioning::{Conditioning, Passes, PromptConditioning};
use super::control::steering::{SteeredPass, Steering};
use super::execution_plan::ExecutionPlan;
use super::guidance::{Guidance, parts_alone};
use super::load::Pipeline;
use super::networks::Reporter;
use super::resolved::ResolvedRequest;
use crate::job::Progress;
use crate::model::{Denoiser, DenoiserInput, ForwardOptions, in_pool};
use crate::sampling::{NoiseSource, Scheduler, SchedulerName};

/// One picture on its way.
pub(super) struct Denoising {
    pub resolved: ResolvedRequest,
    /// Changed where the VAE had to go another way.
    pub plan: ExecutionPlan,
    pub scheduler: Box<dyn Scheduler>,
    pub scheduler_name: SchedulerName,
    /// The first model call; later than 0 when there is a picture to start from.
    pub first_step: usize,
    /// The same, or, where the picture was begun before, the one that comes next.
    pub next_call: usize,
    pub conditioning: PromptConditioning,
    pub guidance: Guidance,
    pub concat: Option<ConcatConditioning>,
    pub blend: Option<Blend>,
    /// Clean latents of pictures that the prompt speaks of.
    pub references: Vec<Tensor>,
}

impl Denoising {
    /// The step that a model call belongs to; the first one that is taken is 1.
    fn step_of(&self, call: usize) -> usize {
        self.scheduler.step_of(call) - self.scheduler.step_of(self.first_step) + 1
    }
}

/// One call of the network.
#[derive(Clone, Copy)]
struct Call {
    /// From 0, of so many that are taken.
    index: usize,
    count: usize,
    timestep: f64,
    /// From 1.
    step: usize,
    /// Whether the passes with and without the prompt are compared.
    guided: bool,
}

impl Pipeline {
    /// Takes latents from the noise of the first step to none.
    pub(super) fn denoise(
        &self,
        denoising: &mut Denoising,
        mut latents: Vec<f32>,
        noise: &mut dyn NoiseSource,
        steering: &Steering,
        reporter: &Reporter,
    ) -> Result<Vec<f32>, PipelineError> {
        if denoising.next_call >= denoising.scheduler.timesteps().len() {
            // The network is not even read.
            return Ok(latents);
        }
        let denoiser = self.denoiser(&|part, fraction| reporter.loading(part, fraction))?;
        let options = ForwardOptions { attention: denoising.plan.attention, cancel_check: reporter.cancel_check };
        let timesteps: Vec<f64> = denoising.scheduler.timesteps().to_vec();
        let total = timesteps.len().saturating_sub(denoising.first_step);
        for (index, timestep) in timesteps.iter().enumerate().skip(denoising.next_call) {
            (reporter.cancel_check)()?;
            let started = Instant::now();
            let mut input = latents.clone();
            denoising.scheduler.scale_model_input(index, &mut input);
            let guided = denoising.guidance.is_on(index, timesteps.len());
            // What a device's calls leave behind goes after each step.
            let call = Call {
                index: index - denoising.first_step,
                count: total,
                timestep: *timestep,
                step: denoising.step_of(index),
                guided,
            };
            let output = in_pool(|| self.predict((&denoiser, steering), denoising, input, call, &options))?;
            let step = denoising.scheduler.step(index, &output, &latents, noise);
            latents = step.previous;
            let done = index - denoising.first_step + 1;
            if !latents.iter().all(|value| value.is_finite()) {
                return Err(self.ran_away(denoising, done, total));
            }
            if let Some(blend) = &denoising.blend {
                blend.apply(denoising.scheduler.as_ref(), denoising.first_step, index + 1, &mut latents);
            }
            let ResolvedRequest { width: width_px, height: height_px, .. } = denoising.resolved;
            let (_, _, height, width) = self.spec().latent_shape(width_px, height_px);
            let predicted = self.latent_rgb.picture(&step.predicted_original, width, height);
            let seconds = started.elapsed().as_secs_f64();
            reporter.report(Progress::Step {
                done: done as u32,
                total: total as u32,
                seconds,
                preview: Some(Arc::new(predicted)),
            });
            reporter.report(Progress::Reached(denoising.state(index, &latents, noise)));
        }
        Ok(latents)
    }

    /// The network's answer, guided: one pass for each row, or the prompt's alone.
    fn predict(
        &self,
        (denoiser, steering): (&Denoiser, &Steering),
        denoising: &Denoising,
        input: Vec<f32>,
        call: Call,
        options: &ForwardOptions,
    ) -> Result<Vec<f32>, PipelineError> {
        // Only a pair can be parted: the prompt against the negative one.
        let passes = match denoising.conditioning.passes {
            Passes::Pair if !call.guided => Passes::Alone,
            passes => passes,
        };
        let given = denoising.conditioning.at(call.step, passes)?;
        let rows = given.count();
        let input = Tensor::from_vec(
            input,
            self.spec().latent_shape(denoising.resolved.width, denoising.resolved.height),
            &Device::Cpu,
        )?;
        let mut input = input.repeat((rows, 1, 1, 1))?;
        if let Some(concat) = &denoising.concat {
            input = concat.append(&input)?;
        }
        let against = match passes {
            Passes::Alone => 0,
            Passes::Pair => 1,
            Passes::ThreeWays => 2,
        };
        let forward = |sample: &Tensor, given: &Conditioning, against: usize| -> Result<Tensor, PipelineError> {
            let Call { index: call, count: calls, timestep, .. } = call;
            let pass = SteeredPass { call, calls, timestep, sample, given, against };
            let signals = steering.signals(&pass, options)?;
            let (context, added) = (&given.context()?, given.added.as_ref());
            let (guidance, references) = (denoising.resolved.guidance, denoising.references.as_slice());
            let input = DenoiserInput { sample, timestep, context, added, guidance, references };
            let output = denoiser.forward_steered(&input, &signals, options)?;
            // Its last operators may have been left undone.
            (options.cancel_check)()?;
            Ok(output)
        };
        let one_by_one = denoising.plan.sequential_guidance || !denoiser.takes_rows_together();
        let output = if one_by_one && rows > 1 {
            let alone = |row| forward(&input.narrow(0, row, 1)?, &given.rows(row, 1)?, usize::from(row < against));
            Tensor::cat(&(0..rows).map(alone).collect::<Result<Vec<_>, _>>()?, 0)?
        } else {
            forward(&input, &given, against)?
        };
        let output = output.flatten_all()?.to_vec1::<f32>()?;
        let weights = denoising.conditioning.weights();
        Ok(match (passes, &denoising.concat) {
            (Passes::Alone, _) => parts_alone(&output, weights),
            (Passes::ThreeWays, Some(concat)) => concat.guided_three_ways(&output, denoising.guidance.scale, weights),
            (Passes::Pair | Passes::ThreeWays, _) => {
                let (against, towards) = output.split_at(output.len() / rows);
                denoising.guidance.composed(against, towards, weights)
            }
        })
    }
}
