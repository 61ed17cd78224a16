//! What denoising starts from: noise alone, or a picture under noise.

use candle_core::{DType, Device, Tensor};

use super::denoise::Denoising;
use super::{Pipeline, PipelineError, Plan};
use crate::job::{InitPicture, Picture, Request};
use crate::model::Checkpoint;
use crate::sampling::{NoiseSource, varied};

impl Pipeline {
    pub(super) fn start_latents(
        &self,
        request: &Request,
        plan: &Plan,
        denoising: &mut Denoising,
        noise: &mut dyn NoiseSource,
        checkpoint: Checkpoint,
    ) -> Result<Vec<f32>, PipelineError> {
        let (_, channels, height, width) = self.latent_shape(plan);
        let count = channels * height * width;
        // A second seed's noise is mixed in where the first of the latents' noise is drawn.
        let first_noise = |noise: &mut dyn NoiseSource| match request.variation {
            Some(variation) if variation.strength > 0.0 => {
                let other = request.noise.source(variation.seed).randn(count);
                varied(&noise.randn(count), &other, variation.strength as f32, [channels, height, width])
            }
            _ => noise.randn(count),
        };
        let Some(init) = &request.init else {
            let sigma = denoising.scheduler.init_noise_sigma() as f32;
            return Ok(first_noise(noise).into_iter().map(|value| value * sigma).collect());
        };
        denoising.first_step = first_step(request.steps as usize, init.strength) * denoising.scheduler.order();
        let picture = self.encode_picture(init, plan, noise, checkpoint)?;
        let fresh = first_noise(noise);
        if denoising.first_step >= denoising.scheduler.timesteps().len() {
            return Ok(picture);
        }
        Ok(denoising.scheduler.add_noise(denoising.first_step, &picture, &fresh))
    }

    /// A sample of the picture's latents, scaled: the first noise that diffusers draws goes into it.
    fn encode_picture(
        &self,
        init: &InitPicture,
        plan: &Plan,
        noise: &mut dyn NoiseSource,
        checkpoint: Checkpoint,
    ) -> Result<Vec<f32>, PipelineError> {
        let pixels = tensor_of(&resized(&init.picture, plan.width, plan.height))?;
        let pixels = pixels.to_device(&self.device)?.to_dtype(self.vae_dtype)?;
        let distribution = self.vae.encode(&pixels, checkpoint)?;
        let host = |tensor: &Tensor| -> Result<Vec<f32>, candle_core::Error> {
            tensor.to_dtype(DType::F32)?.to_device(&Device::Cpu)?.flatten_all()?.to_vec1()
        };
        let (mean, deviation) = (host(&distribution.mean)?, host(&distribution.standard_deviation)?);
        let drawn = noise.randn(mean.len());
        let config = self.vae.config();
        let (scale, shift) = (config.scale as f32, config.shift as f32);
        let sampled =
            mean.iter().zip(&deviation).zip(&drawn).map(|((mean, deviation), noise)| mean + deviation * noise);
        Ok(sampled.map(|value| (value - shift) * scale).collect())
    }
}

/// img2img skips the first steps: N − ⌊N · strength⌋ of them.
fn first_step(steps: usize, strength: f64) -> usize {
    let carried_out = ((steps as f64 * strength) as usize).min(steps);
    steps - carried_out
}

fn resized(picture: &Picture, width: u32, height: u32) -> Picture {
    if (picture.width(), picture.height()) == (width, height) {
        return picture.clone();
    }
    let source = image::RgbaImage::from_raw(picture.width(), picture.height(), picture.rgba().to_vec());
    let source = source.unwrap_or_else(|| image::RgbaImage::new(width, height));
    let shrunk = image::imageops::resize(&source, width, height, image::imageops::FilterType::Lanczos3);
    Picture::from_rgba(width, height, shrunk.into_raw()).unwrap_or_else(|_| Picture::filled(width, height, [0; 4]))
}

/// RGBA to `(1, 3, height, width)` in -1…1. Transparency is over white.
fn tensor_of(picture: &Picture) -> Result<Tensor, PipelineError> {
    let [width, height] = picture.size();
    let area = width * height;
    let mut planes = vec![0f32; area * 3];
    for (pixel, rgba) in picture.rgba().chunks_exact(4).enumerate() {
        let alpha = f32::from(rgba[3]) / 255.0;
        for channel in 0..3 {
            let over_white = f32::from(rgba[channel]) / 255.0 * alpha + (1.0 - alpha);
            planes[channel * area + pixel] = 2.0 * over_white - 1.0;
        }
    }
    Ok(Tensor::from_vec(planes, (1, 3, height, width), &Device::Cpu)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strength_decides_how_many_steps_are_left() {
        assert_eq!(first_step(20, 0.75), 5);
        assert_eq!(first_step(20, 1.0), 0);
        assert_eq!(first_step(20, 0.0), 20);
        // 0.29 · 100 is 28.999999999999996: diffusers cuts it, so do we.
        assert_eq!(first_step(100, 0.29), 72);
    }
}
