//! The noise levels of the k-diffusion family: sigma = √((1 − ᾱ) / ᾱ), and what its schedulers share.
//! Follows Karras et al. (2022) in diffusers' form.

use super::StepOutput;
use super::schedule::{alphas_cumprod, linspace, timesteps};
use super::settings::{Prediction, ScheduleSettings, SigmaLaw, Spacing, TimestepForm};

/// ᾱ of a last timestep without signal: float16's smallest number, so that its sigma (4096) is finite.
const ALMOST_ZERO_ALPHA: f32 = 1.0 / 16_777_216.0;
const KARRAS_RHO: f64 = 7.0;

/// The training schedule's sigmas, rising, and their logarithms.
#[derive(Debug, Clone)]
pub(crate) struct TrainedSigmas {
    pub sigmas: Vec<f32>,
    pub logs: Vec<f32>,
}

impl TrainedSigmas {
    pub(crate) fn new(settings: &ScheduleSettings) -> Self {
        let mut alphas = alphas_cumprod(settings);
        if settings.zero_terminal_snr
            && let Some(last) = alphas.last_mut()
        {
            *last = ALMOST_ZERO_ALPHA;
        }
        let sigmas: Vec<f32> = alphas.into_iter().map(|alpha| ((1.0 - alpha) / alpha).sqrt()).collect();
        let logs = sigmas.iter().map(|sigma| sigma.ln()).collect();
        Self { sigmas, logs }
    }

    /// `numpy.interp`; beyond an end it is that end.
    pub(crate) fn at_timestep(&self, timestep: f64) -> f64 {
        let last = self.sigmas.len() - 1;
        let position = timestep.clamp(0.0, last as f64);
        let low = (position.floor() as usize).min(last - 1);
        let (from, to) = (f64::from(self.sigmas[low]), f64::from(self.sigmas[low + 1]));
        (to - from) * (position - low as f64) + from
    }

    /// Where `sigma` lies in the schedule, linear in the logarithm.
    pub(crate) fn timestep_of(&self, sigma: f64) -> f64 {
        let log_sigma = sigma.max(1e-10).ln();
        let below = self.logs.partition_point(|trained| f64::from(*trained) <= log_sigma);
        let low = below.saturating_sub(1).min(self.logs.len() - 2);
        let (from, to) = (self.logs[low], self.logs[low + 1]);
        let weight = ((f64::from(from) - log_sigma) / f64::from(from - to)).clamp(0.0, 1.0);
        (1.0 - weight) * low as f64 + weight * (low + 1) as f64
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Sigmas {
    /// One per model call.
    pub timesteps: Vec<f64>,
    /// One more than the timesteps: the last is where the last step arrives.
    levels: Vec<f32>,
    pub init_noise_sigma: f64,
    trained: TrainedSigmas,
}

impl Sigmas {
    pub(crate) fn new(settings: &ScheduleSettings, steps: usize) -> Self {
        let trained = TrainedSigmas::new(settings);
        // diffusers holds these timesteps in float32 before it looks up their sigmas.
        let mut timesteps: Vec<f64> =
            timesteps(settings, steps).into_iter().map(|timestep| f64::from(timestep as f32)).collect();
        let mut sigmas: Vec<f64> = timesteps.iter().map(|timestep| trained.at_timestep(*timestep)).collect();
        if settings.sigma_law != SigmaLaw::Default {
            let max = settings.sigma_max.unwrap_or(sigmas[0]);
            let min = settings.sigma_min.unwrap_or(sigmas[sigmas.len() - 1]);
            sigmas = laid_by(settings.sigma_law, max, min, steps);
            let rounds =
                settings.timestep_form == TimestepForm::WholeForKarras && settings.sigma_law == SigmaLaw::Karras;
            let kept = |timestep: f64| {
                if rounds { timestep.round_ties_even() } else { f64::from(timestep as f32) }
            };
            timesteps = sigmas.iter().map(|sigma| kept(trained.timestep_of(*sigma))).collect();
        }
        let mut levels: Vec<f32> = sigmas.into_iter().map(|sigma| sigma as f32).collect();
        if settings.timestep_form == TimestepForm::QuarterLogSigma {
            timesteps = levels.iter().map(|sigma| f64::from(0.25 * sigma.ln())).collect();
        }
        levels.push(if settings.ends_at_sigma_min { trained.sigmas[0] } else { 0.0 });
        let max = levels.iter().copied().fold(0.0, f32::max);
        let init_noise_sigma = match settings.spacing {
            Spacing::Linspace | Spacing::Trailing => max,
            Spacing::Leading => (max * max + 1.0).sqrt(),
        };
        Self { timesteps, levels, init_noise_sigma: f64::from(init_noise_sigma), trained }
    }

    /// The level that call `index` starts from.
    pub(crate) fn from(&self, index: usize) -> f32 {
        self.levels[index]
    }

    /// The level that call `index` arrives at.
    pub(crate) fn to(&self, index: usize) -> f32 {
        self.levels[index + 1]
    }

    /// Brings noisy latents to the variance that the network knows.
    pub(crate) fn scale_model_input(&self, index: usize, sample: &mut [f32]) {
        scale_model_input(self.from(index), sample);
    }

    pub(crate) fn add_noise(&self, index: usize, original: &[f32], noise: &[f32]) -> Vec<f32> {
        let sigma = self.from(index);
        original.iter().zip(noise).map(|(original, noise)| original + noise * sigma).collect()
    }

    /// The clean latents that the network's output stands for.
    pub(crate) fn predicted_original(
        &self,
        index: usize,
        prediction: Prediction,
        model_output: &[f32],
        sample: &[f32],
    ) -> Vec<f32> {
        predicted_original(self.from(index), prediction, model_output, sample)
    }

    /// Moves along the straight line through `sample` and `original` from the call's level to `target`.
    pub(crate) fn moved(&self, index: usize, target: f32, sample: &[f32], original: &[f32]) -> Vec<f32> {
        let sigma = self.from(index);
        let distance = target - sigma;
        sample.iter().zip(original).map(|(sample, original)| sample + (sample - original) / sigma * distance).collect()
    }
}

fn scale_model_input(sigma: f32, sample: &mut [f32]) {
    let scale = (sigma * sigma + 1.0).sqrt();
    for value in sample {
        *value /= scale;
    }
}

fn predicted_original(sigma: f32, prediction: Prediction, model_output: &[f32], sample: &[f32]) -> Vec<f32> {
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

/// `steps` sigmas from `max` to `min`.
pub(crate) fn laid_by(law: SigmaLaw, max: f64, min: f64, steps: usize) -> Vec<f64> {
    if law == SigmaLaw::Karras {
        let root = |sigma: f64| sigma.powf(1.0 / KARRAS_RHO);
        let (from, to) = (root(max), root(min));
        linspace(0.0, 1.0, steps).into_iter().map(|ramp| (from + ramp * (to - from)).powf(KARRAS_RHO)).collect()
    } else {
        linspace(max.ln(), min.ln(), steps).into_iter().map(f64::exp).collect()
    }
}

/// Splits a step between two sigmas into a longer one down and noise back up; `(down, up)`.
pub(crate) fn ancestral_step(from: f32, to: f32) -> (f32, f32) {
    let up = (to * to * (from * from - to * to) / (from * from)).sqrt();
    // Rounding can leave a little less than nothing when the step is very long.
    ((to * to - up * up).max(0.0).sqrt(), up)
}

/// The geometric mean, which is 0 where one of them is.
pub(crate) fn middle(from: f32, to: f32) -> f32 {
    if from <= 0.0 || to <= 0.0 {
        return 0.0;
    }
    (to.ln() - (to.ln() - from.ln()) * 0.5).exp()
}

/// Steps of two model calls: one at the step's beginning, one in its middle. The last step has the first call alone.
#[derive(Debug)]
pub(crate) struct MiddleSteps {
    pub sigmas: Sigmas,
    /// One per model call.
    pub timesteps: Vec<f64>,
    /// Of each step.
    middles: Vec<f32>,
    arrivals: Vec<f32>,
    /// Between a step's two calls: the latents that it began with.
    pub begun: Option<Vec<f32>>,
}

impl MiddleSteps {
    /// One middle and one arrival for each step.
    pub(crate) fn new(sigmas: Sigmas, middles: Vec<f32>, arrivals: Vec<f32>) -> Self {
        let timesteps = (0..2 * middles.len() - 1)
            .map(|call| match (call / 2, call % 2) {
                (step, 0) => sigmas.timesteps[step],
                (step, _) => f64::from(sigmas.trained.timestep_of(f64::from(middles[step])) as f32),
            })
            .collect();
        Self { sigmas, timesteps, middles, arrivals, begun: None }
    }

    /// The sigma at which call `index` asks the network.
    fn asked_at(&self, index: usize) -> f32 {
        if index.is_multiple_of(2) { self.sigmas.from(index / 2) } else { self.middles[index / 2] }
    }

    pub(crate) fn scale_model_input(&self, index: usize, sample: &mut [f32]) {
        scale_model_input(self.asked_at(index), sample);
    }

    pub(crate) fn step(
        &mut self,
        index: usize,
        prediction: Prediction,
        model_output: &[f32],
        sample: &[f32],
    ) -> StepOutput {
        let (step, asked_at) = (index / 2, self.asked_at(index));
        let predicted_original = predicted_original(asked_at, prediction, model_output, sample);
        let begun = self.begun.take();
        let (start, arrival) = match &begun {
            Some(begun) if !index.is_multiple_of(2) => (begun.as_slice(), self.arrivals[step]),
            _ => (sample, self.middles[step]),
        };
        let distance = arrival - self.sigmas.from(step);
        let previous = (0..sample.len())
            .map(|at| start[at] + (sample[at] - predicted_original[at]) / asked_at * distance)
            .collect();
        if index.is_multiple_of(2) {
            self.begun = Some(sample.to_vec());
        }
        StepOutput { previous, predicted_original }
    }

    pub(crate) fn add_noise(&self, index: usize, original: &[f32], noise: &[f32]) -> Vec<f32> {
        self.sigmas.add_noise(index.div_ceil(2), original, noise)
    }
}
