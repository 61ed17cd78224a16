//! Keeps the unmasked latents as the photo has them while the masked ones are denoised.

use crate::sampling::Scheduler;

pub(super) struct Blend {
    /// One for each latent pixel, `(height, width)`: 1 is made anew, 0 kept.
    pub mask: Vec<f32>,
    /// The photo's latents, clean, and the noise that brings them to any level; `(channels, height, width)`.
    pub original: Vec<f32>,
    /// `(latent channels, height / 8, width / 8)`, drawn once for the picture.
    pub noise: Vec<f32>,
    /// Grey values are released one after the other, the lightest first ("Differential Diffusion: Giving Each Pixel
    /// Its Strength", Levin and Fried); else they mix.
    pub soft: bool,
}

impl Blend {
    /// Puts the re-noised photo back into latents that are about to enter model call `next`; after the last call, the
    /// clean one.
    pub(crate) fn apply(&self, scheduler: &dyn Scheduler, first: usize, next: usize, latents: &mut [f32]) {
        let calls = scheduler.timesteps().len();
        let renoised = (next < calls).then(|| scheduler.add_noise(next, &self.original, &self.noise));
        let known = renoised.as_deref().unwrap_or(&self.original);
        let progress = (next - first) as f32 / (calls - first).max(1) as f32;
        for (latents, known) in latents.chunks_exact_mut(self.mask.len()).zip(known.chunks_exact(self.mask.len())) {
            for ((latent, known), anew) in latents.iter_mut().zip(known).zip(&self.mask) {
                let anew = if self.soft { released(*anew, progress) } else { *anew };
                *latent = (1.0 - anew) * known + anew * *latent;
            }
        }
    }
}

/// 1 from the step on at which a pixel of this grey value is let go.
fn released(anew: f32, progress: f32) -> f32 {
    if anew > 0.0 && 1.0 - anew <= progress { 1.0 } else { 0.0 }
}
