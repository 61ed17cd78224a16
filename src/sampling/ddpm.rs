//! Denoising diffusion probabilistic models: Ho et al. (2020), arXiv 2006.11239. Fresh noise at every step but the last.
//! Numbers follow diffusers' `DDPMScheduler`.

use super::bound::Bound;
use super::level::NoiseLevel;
use super::schedule::{Alphas, whole_timesteps};
use super::settings::{Prediction, ScheduleSettings, unsupported};
use super::{NoiseSource, SamplingError, Scheduler, SchedulerConfig, StepOutput};

/// What one model call does with picture, latents and noise.
#[derive(Debug)]
struct Call {
    from: NoiseLevel,
    original: f32,
    sample: f32,
    /// None at timestep 0, where nothing is drawn either.
    deviation: Option<f32>,
}

#[derive(Debug)]
pub(crate) struct Ddpm {
    timesteps: Vec<f64>,
    calls: Vec<Call>,
    prediction: Prediction,
    bound: Bound,
}

/// How wide the fresh noise is.
#[derive(Clone, Copy)]
enum Variance {
    Small,
    SmallLog,
    Large,
}

impl Ddpm {
    pub(crate) fn new(
        settings: &ScheduleSettings,
        config: &SchedulerConfig,
        steps: usize,
    ) -> Result<Self, SamplingError> {
        let variance = match config.variance_type.as_deref() {
            None | Some("fixed_small") => Variance::Small,
            Some("fixed_small_log") => Variance::SmallLog,
            Some("fixed_large") => Variance::Large,
            Some(value) => {
                return unsupported("variance_type", value, "fixed_small, fixed_small_log or fixed_large");
            }
        };
        let alphas = Alphas::new(settings);
        let timesteps = whole_timesteps(settings, steps);
        let arrivals = timesteps.iter().skip(1).map(|&timestep| alphas.at(timestep)).chain([1.0]);
        let calls = timesteps
            .iter()
            .zip(arrivals)
            .map(|(&timestep, to)| call(alphas.at(timestep), to, (timestep > 0).then_some(variance)))
            .collect();
        Ok(Self {
            timesteps: timesteps.into_iter().map(|timestep| timestep as f64).collect(),
            calls,
            prediction: settings.prediction,
            bound: settings.bound,
        })
    }
}

fn call(from: f32, to: f32, variance: Option<Variance>) -> Call {
    let (noise_from, noise_to) = (1.0 - from, 1.0 - to);
    let alpha = from / to;
    let beta = 1.0 - alpha;
    let small = (noise_to / noise_from * beta).max(1e-20);
    Call {
        from: NoiseLevel::of_alpha(from),
        original: to.sqrt() * beta / noise_from,
        sample: alpha.sqrt() * noise_to / noise_from,
        deviation: variance.map(|variance| match variance {
            Variance::Small => small.sqrt(),
            Variance::SmallLog => (0.5 * small.ln()).exp(),
            Variance::Large => beta.sqrt(),
        }),
    }
}

impl Scheduler for Ddpm {
    fn timesteps(&self) -> &[f64] {
        &self.timesteps
    }

    fn step(&mut self, index: usize, model_output: &[f32], sample: &[f32], noise: &mut dyn NoiseSource) -> StepOutput {
        let call = &self.calls[index];
        let mut predicted_original = call.from.predicted_original(self.prediction, model_output, sample);
        self.bound.apply(&mut predicted_original);
        let mut previous: Vec<f32> = predicted_original
            .iter()
            .zip(sample)
            .map(|(original, sample)| call.original * original + call.sample * sample)
            .collect();
        if let Some(deviation) = call.deviation {
            for (value, noise) in previous.iter_mut().zip(noise.randn(sample.len())) {
                *value += deviation * noise;
            }
        }
        StepOutput { previous, predicted_original }
    }

    fn add_noise(&self, index: usize, original: &[f32], noise: &[f32]) -> Vec<f32> {
        self.calls[index].from.add_noise(original, noise)
    }
}
