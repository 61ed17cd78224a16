//! The loop: UNet, guidance, scheduler, and a look at what is coming.

use std::sync::Arc;
use std::time::Instant;

use candle_core::{Device, Tensor};

use super::PipelineError;
use super::blend::Blend;
use super::concat_conditioning::ConcatConditioning;
use super::conditioning::Conditioning;
use super::execution_plan::ExecutionPlan;
use super::guidance::Guidance;
use super::load::Pipeline;
use super::networks::Reporter;
use super::resolved::ResolvedRequest;
use crate::job::Progress;
use crate::model::{ForwardOptions, Unet, UnetInput, in_pool};
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
    pub conditioning: Conditioning,
    pub guidance: Guidance,
    pub concat: Option<ConcatConditioning>,
    pub blend: Option<Blend>,
}

impl Pipeline {
    /// Takes latents from the noise of the first step to none.
    pub(super) fn denoise(
        &self,
        denoising: &mut Denoising,
        mut latents: Vec<f32>,
        noise: &mut dyn NoiseSource,
        reporter: &Reporter,
    ) -> Result<Vec<f32>, PipelineError> {
        let unet = self.unet(&|part, fraction| reporter.loading(part, fraction))?;
        let options = ForwardOptions { attention: denoising.plan.attention, cancel_check: reporter.cancel_check };
        let timesteps: Vec<f64> = denoising.scheduler.timesteps().to_vec();
        let total = timesteps.len().saturating_sub(denoising.first_step);
        for (index, timestep) in timesteps.iter().enumerate().skip(denoising.first_step) {
            (reporter.cancel_check)()?;
            let started = Instant::now();
            let mut input = latents.clone();
            denoising.scheduler.scale_model_input(index, &mut input);
            let guided = denoising.guidance.is_on(index, timesteps.len());
            // What a device's calls leave behind goes after each step.
            let output = in_pool(|| self.predict(&unet, denoising, input, (*timestep, !guided), &options))?;
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
            let predicted = self.latent_rgb.picture(&step.predicted_original, width, height, width_px, height_px);
            let seconds = started.elapsed().as_secs_f64();
            reporter.report(Progress::Step {
                done: done as u32,
                total: total as u32,
                seconds,
                preview: Some(Arc::new(predicted)),
            });
        }
        Ok(latents)
    }

    /// The network's answer, guided: one pass for a pair, or the conditional pass alone.
    fn predict(
        &self,
        unet: &Unet,
        denoising: &Denoising,
        input: Vec<f32>,
        (timestep, unguided): (f64, bool),
        options: &ForwardOptions,
    ) -> Result<Vec<f32>, PipelineError> {
        let alone;
        // Only a pair of rows can be parted: the prompt against the negative one.
        let given = if !unguided || denoising.conditioning.context.dim(0)? != 2 {
            &denoising.conditioning
        } else {
            alone = denoising.conditioning.row(1)?;
            &alone
        };
        let rows = given.context.dim(0)?;
        let input = Tensor::from_vec(
            input,
            self.spec().latent_shape(denoising.resolved.width, denoising.resolved.height),
            &Device::Cpu,
        )?;
        let mut input = input.repeat((rows, 1, 1, 1))?;
        if let Some(concat) = &denoising.concat {
            input = concat.append(&input)?;
        }
        let forward = |input: &Tensor, given: &Conditioning| {
            let added = given.added.as_ref();
            let guidance = denoising.resolved.guidance;
            unet.forward(&UnetInput { sample: input, timestep, context: &given.context, added, guidance }, options)
        };
        let output = if denoising.plan.sequential_guidance && rows > 1 {
            let alone = |row| Ok::<_, PipelineError>(forward(&input.narrow(0, row, 1)?, &given.row(row)?)?);
            Tensor::cat(&(0..rows).map(alone).collect::<Result<Vec<_>, _>>()?, 0)?
        } else {
            forward(&input, given)?
        };
        let output = output.flatten_all()?.to_vec1::<f32>()?;
        if rows == 1 {
            return Ok(output);
        }
        if let (3, Some(concat)) = (rows, &denoising.concat) {
            return Ok(concat.guided_three_ways(&output, denoising.guidance.scale));
        }
        let (negative, positive) = output.split_at(output.len() / 2);
        Ok(denoising.guidance.combined(negative, positive))
    }
}
