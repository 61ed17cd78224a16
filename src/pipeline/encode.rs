//! What denoising starts from: noise alone, or a picture under noise; and what is kept of that picture on the way.

use candle_core::{DType, Device, Tensor};

use super::PipelineError;
use super::blend::Blend;
use super::canvas::Canvas;
use super::concat_conditioning::ConcatConditioning;
use super::denoise::Denoising;
use super::first_step::first_step;
use super::load::Pipeline;
use super::networks::Reporter;
use crate::job::{MaskedContent, ModelInput, Request};
use crate::mask::{MaskPlane, PAINTED};
use crate::model::LatentDistribution;
use crate::raster::Picture;
use crate::sampling::{NoiseSource, Scheduler, varied};

impl Pipeline {
    /// The first call's latents. All noise is drawn here in diffusers' order: the picture's posterior sample, the
    /// noise, the masked picture's posterior sample.
    pub(super) fn start_latents(
        &mut self,
        request: &Request,
        canvas: Option<&Canvas>,
        denoising: &mut Denoising,
        noise: &mut dyn NoiseSource,
        reporter: &Reporter,
    ) -> Result<Vec<f32>, PipelineError> {
        let (_, channels, height, width) =
            self.spec().latent_shape(denoising.resolved.width, denoising.resolved.height);
        let count = channels * height * width;
        let sigma = denoising.scheduler.init_noise_sigma() as f32;
        let pure = |noise: &[f32]| noise.iter().map(|value| value * sigma).collect::<Vec<f32>>();
        let masked = canvas.and_then(|canvas| canvas.masked.as_ref());
        if self.spec().input == ModelInput::Instruction {
            return self.start_from_instruction(request, canvas, denoising, noise, [channels, height, width], reporter);
        }
        let (Some(canvas), Some(init)) = (canvas, &request.init) else {
            let fresh = first_noise(request, [channels, height, width], noise);
            if self.spec().input == ModelInput::Mask {
                denoising.concat = Some(self.mask_channels(denoising, None, noise, reporter)?);
            }
            return Ok(pure(&fresh));
        };
        // Only inpainting begins with noise alone at full strength; img2img keeps a trace of the picture.
        let from_noise = masked.is_some() && init.strength.to_bits() == 1f64.to_bits();
        let is_soft = masked.is_some_and(|masked| masked.settings.soft);
        let blends = masked.is_some() && (self.spec().input == ModelInput::Plain || is_soft);
        let mut picture = Vec::new();
        if blends || !from_noise {
            let seen = masked.and_then(|masked| masked.filled.as_ref()).unwrap_or(&canvas.work);
            let distribution = self.encode(&tensor_of(seen)?, &mut denoising.plan, reporter)?;
            picture = self.sampled(&distribution, noise)?;
        }
        let fresh = first_noise(request, [channels, height, width], noise);
        if self.spec().input == ModelInput::Mask {
            denoising.concat = Some(self.mask_channels(denoising, Some(canvas), noise, reporter)?);
        } else if masked.is_some() {
            // The masked picture's sample, which an ordinary model has no use for.
            noise.randn(count);
        }
        let mut begin = picture.clone();
        if let Some(masked) = masked
            && masked.settings.content == MaskedContent::Noise
            && !from_noise
        {
            let cells = self.cells(&masked.release);
            let unrelated = noise.randn(count);
            for (index, (latent, unrelated)) in begin.iter_mut().zip(unrelated).enumerate() {
                let anew = cells[index % cells.len()];
                *latent = *latent * (1.0 - anew) + unrelated * anew;
            }
        }
        let first = denoising.first_step;
        let mut latents = if from_noise {
            pure(&fresh)
        } else if first >= denoising.scheduler.timesteps().len() {
            begin
        } else {
            denoising.scheduler.add_noise(first, &begin, &fresh)
        };
        if let Some(masked) = masked.filter(|_| blends) {
            let mask = self.cells(&masked.release);
            let blend = Blend { mask, original: picture, noise: fresh, soft: is_soft };
            if is_soft {
                blend.apply(denoising.scheduler.as_ref(), first, first, &mut latents);
            }
            denoising.blend = Some(blend);
        }
        Ok(latents)
    }

    /// The first model call: later than 0 where there is a picture to start from.
    pub(super) fn first_call(&self, request: &Request, scheduler: &dyn Scheduler) -> usize {
        let steps = request.steps as usize;
        let follows_instruction = self.spec().input == ModelInput::Instruction;
        match &request.init {
            // Nothing is made anew, also by a scheduler that has calls left then: PNDM has more calls than steps, and
            // diffusers takes the surplus.
            Some(init) if init.strength <= 0.0 && !follows_instruction => scheduler.timesteps().len(),
            Some(init) if !follows_instruction => {
                let is_flow = self.spec().sampling.is_flow();
                (first_step(steps, init.strength, is_flow) * scheduler.order()).min(scheduler.timesteps().len())
            }
            _ => 0,
        }
    }

    /// Every step is taken, from noise alone: the picture is concatenated, by its most likely latents, unscaled.
    fn start_from_instruction(
        &mut self,
        request: &Request,
        canvas: Option<&Canvas>,
        denoising: &mut Denoising,
        noise: &mut dyn NoiseSource,
        shape: [usize; 3],
        reporter: &Reporter,
    ) -> Result<Vec<f32>, PipelineError> {
        let Some(canvas) = canvas else {
            return Err(PipelineError::NeedsPicture);
        };
        let mode = self.encode(&tensor_of(&canvas.work)?, &mut denoising.plan, reporter)?.mean;
        let guidance = request.image_guidance.unwrap_or(Request::DEFAULT_IMAGE_GUIDANCE);
        denoising.concat = Some(ConcatConditioning::picture(&mode, &mut denoising.conditioning, guidance)?);
        let fresh = first_noise(request, shape, noise);
        if let Some(masked) = &canvas.masked {
            denoising.blend = Some(Blend {
                mask: self.cells(&masked.release),
                original: self.scaled(host(&mode)?),
                noise: fresh.clone(),
                soft: masked.settings.soft,
            });
        }
        let sigma = denoising.scheduler.init_noise_sigma() as f32;
        Ok(fresh.into_iter().map(|value| value * sigma).collect())
    }

    /// The five further channels. Without a mask everything is masked.
    fn mask_channels(
        &mut self,
        denoising: &mut Denoising,
        canvas: Option<&Canvas>,
        noise: &mut dyn NoiseSource,
        reporter: &Reporter,
    ) -> Result<ConcatConditioning, PipelineError> {
        let (_, channels, height, width) =
            self.spec().latent_shape(denoising.resolved.width, denoising.resolved.height);
        let masked = canvas.and_then(|canvas| Some((canvas, canvas.masked.as_ref()?)));
        let (cells, kept) = if let Some((canvas, masked)) = masked {
            let hard = masked.release.hardened();
            let [work_width, work_height] = canvas.work.size();
            let keep: Vec<f32> = hard.values().iter().map(|value| if *value >= PAINTED { 0.0 } else { 1.0 }).collect();
            let keep = Tensor::from_vec(keep, (1, 1, work_height, work_width), &Device::Cpu)?;
            (self.cells(&hard), tensor_of(&canvas.work)?.broadcast_mul(&keep)?)
        } else {
            let size = (1, 3, denoising.resolved.height as usize, denoising.resolved.width as usize);
            (vec![1.0; width * height], Tensor::zeros(size, DType::F32, &Device::Cpu)?)
        };
        let distribution = self.encode(&kept, &mut denoising.plan, reporter)?;
        let mut given = cells;
        given.extend(self.sampled(&distribution, noise)?);
        let given = Tensor::from_vec(given, (1, channels + 1, height, width), &Device::Cpu)?;
        Ok(ConcatConditioning::Mask(given))
    }

    /// The mask at the latents' size, 0 to 1: each cell's maximum.
    fn cells(&self, mask: &MaskPlane) -> Vec<f32> {
        let cells = mask.cell_maximum(self.spec().configs.vae.factor() as u32);
        cells.values().iter().map(|value| f32::from(*value) / 255.0).collect()
    }

    /// A sample of a picture's latents, scaled.
    fn sampled(
        &self,
        distribution: &LatentDistribution,
        noise: &mut dyn NoiseSource,
    ) -> Result<Vec<f32>, PipelineError> {
        let (mean, deviation) = (host(&distribution.mean)?, host(&distribution.standard_deviation)?);
        if self.spec().configs.vae.statistics_eps.is_some() {
            // Where latents are normed by what was learnt of them, the most likely ones are taken.
            return Ok(self.scaled(mean));
        }
        let drawn = noise.randn(mean.len());
        let sampled =
            mean.iter().zip(&deviation).zip(&drawn).map(|((mean, deviation), noise)| mean + deviation * noise);
        Ok(self.scaled(sampled.collect()))
    }

    fn scaled(&self, mut latents: Vec<f32>) -> Vec<f32> {
        let (scale, shift) = (self.spec().configs.vae.scale as f32, self.spec().configs.vae.shift as f32);
        for value in &mut latents {
            *value = (*value - shift) * scale;
        }
        latents
    }
}

fn host(tensor: &Tensor) -> Result<Vec<f32>, candle_core::Error> {
    tensor.flatten_all()?.to_vec1()
}

/// The latents' noise, with a second seed's mixed in where the request varies it.
fn first_noise(request: &Request, shape: [usize; 3], noise: &mut dyn NoiseSource) -> Vec<f32> {
    let count = shape.iter().product();
    let own = noise.randn(count);
    match request.variation {
        Some(variation) if variation.strength > 0.0 => {
            let other = request.noise.source(variation.seed).randn(count);
            varied(&own, &other, variation.strength as f32, shape)
        }
        _ => own,
    }
}

/// RGB to `(1, 3, height, width)` in -1…1.
pub(super) fn tensor_of(picture: &Picture) -> Result<Tensor, PipelineError> {
    let [width, height] = picture.size();
    let area = width * height;
    let mut planes = vec![0f32; area * 3];
    for (pixel, rgba) in picture.rgba().chunks_exact(4).enumerate() {
        for channel in 0..3 {
            planes[channel * area + pixel] = 2.0 * (f32::from(rgba[channel]) / 255.0) - 1.0;
        }
    }
    Ok(Tensor::from_vec(planes, (1, 3, height, width), &Device::Cpu)?)
}
