//! The noise levels of the k-diffusion family: sigma = √((1 − ᾱ) / ᾱ), and what Euler's two schedulers share.
//! Follows Karras et al. (2022) in diffusers' form.

use super::schedule::{alphas_cumprod, linspace, timesteps};
use super::settings::{Prediction, Settings, SigmaLaw, Spacing};

/// ᾱ of a last timestep without signal: float16's smallest number, so that its sigma (4096) is finite.
const ALMOST_ZERO_ALPHA: f32 = 1.0 / 16_777_216.0;
const KARRAS_RHO: f64 = 7.0;

#[derive(Debug, Clone)]
pub struct Sigmas {
    /// One per model call.
    pub timesteps: Vec<f64>,
    /// One more than the timesteps: the last is where the last step arrives.
    levels: Vec<f32>,
    pub init_noise_sigma: f64,
}

impl Sigmas {
    pub fn new(settings: &Settings, steps: usize) -> Self {
        let mut alphas = alphas_cumprod(settings);
        if settings.zero_terminal_snr
            && let Some(last) = alphas.last_mut()
        {
            *last = ALMOST_ZERO_ALPHA;
        }
        let trained: Vec<f32> = alphas.into_iter().map(|alpha| ((1.0 - alpha) / alpha).sqrt()).collect();
        // diffusers holds these timesteps in float32 before it looks up their sigmas.
        let mut timesteps: Vec<f64> =
            timesteps(settings, steps).into_iter().map(|timestep| f64::from(timestep as f32)).collect();
        let mut sigmas: Vec<f64> = timesteps.iter().map(|timestep| at_timestep(&trained, *timestep)).collect();
        if settings.sigma_law != SigmaLaw::Default {
            let max = settings.sigma_max.unwrap_or(sigmas[0]);
            let min = settings.sigma_min.unwrap_or(sigmas[sigmas.len() - 1]);
            sigmas = laid_by(settings.sigma_law, max, min, steps);
            let log_trained: Vec<f32> = trained.iter().map(|sigma| sigma.ln()).collect();
            timesteps = sigmas.iter().map(|sigma| timestep_of(*sigma, &log_trained)).collect();
        }
        let mut levels: Vec<f32> = sigmas.into_iter().map(|sigma| sigma as f32).collect();
        levels.push(if settings.ends_at_sigma_min { trained[0] } else { 0.0 });
        let max = levels.iter().copied().fold(0.0, f32::max);
        let init_noise_sigma = match settings.spacing {
            Spacing::Linspace | Spacing::Trailing => max,
            Spacing::Leading => (max * max + 1.0).sqrt(),
        };
        Self { timesteps, levels, init_noise_sigma: f64::from(init_noise_sigma) }
    }

    /// The level that call `index` starts from.
    pub fn from(&self, index: usize) -> f32 {
        self.levels[index]
    }

    /// The level that call `index` arrives at.
    pub fn to(&self, index: usize) -> f32 {
        self.levels[index + 1]
    }

    /// Brings noisy latents to the variance that the network knows.
    pub fn scale_model_input(&self, index: usize, sample: &mut [f32]) {
        let sigma = self.from(index);
        let scale = (sigma * sigma + 1.0).sqrt();
        for value in sample {
            *value /= scale;
        }
    }

    pub fn add_noise(&self, index: usize, original: &[f32], noise: &[f32]) -> Vec<f32> {
        let sigma = self.from(index);
        original.iter().zip(noise).map(|(original, noise)| original + noise * sigma).collect()
    }

    /// The clean latents that the network's output stands for.
    pub fn predicted_original(
        &self,
        index: usize,
        prediction: Prediction,
        model_output: &[f32],
        sample: &[f32],
    ) -> Vec<f32> {
        let sigma = self.from(index);
        let pairs = model_output.iter().zip(sample);
        match prediction {
            Prediction::Sample => model_output.to_vec(),
            Prediction::Epsilon => pairs.map(|(output, sample)| sample - sigma * output).collect(),
            Prediction::Velocity => {
                let variance = sigma * sigma + 1.0;
                let out_scale = -sigma / variance.sqrt();
                pairs.map(|(output, sample)| output * out_scale + sample / variance).collect()
            }
        }
    }

    /// Moves along the straight line through `sample` and `original` from the call's level to `target`.
    pub fn moved(&self, index: usize, target: f32, sample: &[f32], original: &[f32]) -> Vec<f32> {
        let sigma = self.from(index);
        let distance = target - sigma;
        sample.iter().zip(original).map(|(sample, original)| sample + (sample - original) / sigma * distance).collect()
    }
}

/// `numpy.interp` of the training sigmas; beyond an end it is that end.
fn at_timestep(trained: &[f32], timestep: f64) -> f64 {
    let last = trained.len() - 1;
    let position = timestep.clamp(0.0, last as f64);
    let low = (position.floor() as usize).min(last - 1);
    let (from, to) = (f64::from(trained[low]), f64::from(trained[low + 1]));
    (to - from) * (position - low as f64) + from
}

fn laid_by(law: SigmaLaw, max: f64, min: f64, steps: usize) -> Vec<f64> {
    if law == SigmaLaw::Karras {
        let root = |sigma: f64| sigma.powf(1.0 / KARRAS_RHO);
        let (from, to) = (root(max), root(min));
        linspace(0.0, 1.0, steps).into_iter().map(|ramp| (from + ramp * (to - from)).powf(KARRAS_RHO)).collect()
    } else {
        linspace(max.ln(), min.ln(), steps).into_iter().map(f64::exp).collect()
    }
}

/// Where `sigma` lies in the training schedule, linear in the logarithm. Rounded to float32 as diffusers keeps it.
fn timestep_of(sigma: f64, log_trained: &[f32]) -> f64 {
    let log_sigma = sigma.max(1e-10).ln();
    let below = log_trained.partition_point(|trained| f64::from(*trained) <= log_sigma);
    let low = below.saturating_sub(1).min(log_trained.len() - 2);
    let (from, to) = (f64::from(log_trained[low]), f64::from(log_trained[low + 1]));
    let weight = ((from - log_sigma) / (from - to)).clamp(0.0, 1.0);
    let timestep = (1.0 - weight) * low as f64 + weight * (low + 1) as f64;
    f64::from(timestep as f32)
}
