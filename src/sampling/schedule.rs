//! The training schedule (betas and their products) and the timesteps picked from it.
//!
//! Follows diffusers down to the width of its numbers: float32 where it holds tensors (the products themselves in
//! float64, as torch accumulates them), float64 where it goes through numpy.

use super::level::NoiseLevel;
use super::settings::{Betas, ScheduleSettings, Spacing};

/// ᾱ by timestep, for the schedulers that look levels up there.
#[derive(Debug)]
pub(crate) struct Alphas {
    cumprod: Vec<f32>,
    /// Behind the last timestep.
    last: f32,
}

impl Alphas {
    pub(crate) fn new(settings: &ScheduleSettings) -> Self {
        let cumprod = alphas_cumprod(settings);
        let last = if settings.ends_clean { 1.0 } else { cumprod[0] };
        Self { cumprod, last }
    }

    /// Below 0 is the end of the walk; past the schedule's other end is that end.
    pub(crate) fn at(&self, timestep: i64) -> f32 {
        usize::try_from(timestep).map_or(self.last, |timestep| self.cumprod[timestep.min(self.cumprod.len() - 1)])
    }

    pub(crate) fn level(&self, timestep: i64) -> NoiseLevel {
        NoiseLevel::of_alpha(self.at(timestep))
    }
}

/// ᾱ of each training timestep, `train_timesteps` long, falling.
pub(crate) fn alphas_cumprod(settings: &ScheduleSettings) -> Vec<f32> {
    let betas = match &settings.betas {
        Betas::Linear(start, end) => linspace_f32(*start as f32, *end as f32, settings.train_timesteps),
        Betas::ScaledLinear(start, end) => {
            let roots = linspace_f32(start.sqrt() as f32, end.sqrt() as f32, settings.train_timesteps);
            roots.into_iter().map(|root| root * root).collect()
        }
        Betas::SquaredCosine => squared_cosine(settings.train_timesteps),
        Betas::Given(betas) => betas.clone(),
    };
    let betas = if settings.zero_terminal_snr { rescaled_to_zero_terminal_snr(&betas) } else { betas };
    products(betas.iter().map(|beta| 1.0 - beta))
}

/// The timesteps of `steps` model calls, from the noisiest on, as numpy lays them in float64.
pub(crate) fn timesteps(settings: &ScheduleSettings, steps: usize) -> Vec<f64> {
    let train = settings.train_timesteps;
    match settings.spacing {
        Spacing::Linspace => {
            let mut all = linspace(0.0, (train - 1) as f64, steps);
            all.reverse();
            all
        }
        Spacing::Leading => {
            let stride = train / steps;
            (0..steps).rev().map(|index| (index * stride + settings.steps_offset) as f64).collect()
        }
        Spacing::Trailing => {
            // Where the stride is inexact numpy's range sometimes holds one value more, at timestep −1; only the
            // steps that were asked for are taken.
            let start = train as f64;
            let stride = (start - start / steps as f64) - start;
            (0..steps).map(|index| (start + index as f64 * stride).round_ties_even() - 1.0).collect()
        }
    }
}

/// [`timesteps`] as whole numbers inside the training schedule: an offset can lead past its end when every timestep is
/// asked for.
pub(crate) fn whole_timesteps(settings: &ScheduleSettings, steps: usize) -> Vec<i64> {
    let last = settings.train_timesteps as i64 - 1;
    timesteps(settings, steps).into_iter().map(|timestep| (timestep.round_ties_even() as i64).clamp(0, last)).collect()
}

/// The timesteps of the DPM and `UniPC` solvers, which lay one more than there are calls and leave out the cleanest.
/// `end` timesteps of the training schedule are walked.
pub(crate) fn solver_timesteps(settings: &ScheduleSettings, end: usize, steps: usize) -> Vec<f64> {
    match settings.spacing {
        Spacing::Linspace => {
            let all = linspace(0.0, (end - 1) as f64, steps + 1);
            all.into_iter().skip(1).rev().map(f64::round_ties_even).collect()
        }
        Spacing::Leading => {
            let stride = end / (steps + 1);
            (1..=steps).rev().map(|index| (index * stride + settings.steps_offset) as f64).collect()
        }
        Spacing::Trailing => {
            let start = end as f64;
            let stride = (start - settings.train_timesteps as f64 / steps as f64) - start;
            let all = (0..steps).map(|index| start + index as f64 * stride).take_while(|timestep| *timestep > 0.0);
            all.map(|timestep| timestep.round_ties_even() - 1.0).collect()
        }
    }
}

/// Numbers from `start` to `end`, both included, in float64 as `numpy.linspace`.
pub(crate) fn linspace(start: f64, end: f64, count: usize) -> Vec<f64> {
    if count < 2 {
        return vec![start; count];
    }
    let step = (end - start) / (count - 1) as f64;
    let mut all: Vec<f64> = (0..count).map(|index| index as f64 * step + start).collect();
    all[count - 1] = end;
    all
}

/// As `torch.linspace`: from both ends to the middle, each value rounded once.
fn linspace_f32(start: f32, end: f32, count: usize) -> Vec<f32> {
    let step = (end - start) / (count - 1) as f32;
    let value = |index: usize| {
        if index < count / 2 {
            step.mul_add(index as f32, start)
        } else {
            (-step).mul_add((count - 1 - index) as f32, end)
        }
    };
    (0..count).map(value).collect()
}

fn squared_cosine(count: usize) -> Vec<f32> {
    let alpha_bar = |index: usize| {
        let time = index as f64 / count as f64;
        ((time + 0.008) / 1.008 * std::f64::consts::PI / 2.0).cos().powi(2)
    };
    (0..count).map(|index| (1.0 - alpha_bar(index + 1) / alpha_bar(index)).min(0.999) as f32).collect()
}

/// Algorithm 1 of Lin et al. (2023): the last timestep becomes pure noise, the first one stays.
fn rescaled_to_zero_terminal_snr(betas: &[f32]) -> Vec<f32> {
    let mut roots: Vec<f32> = products(betas.iter().map(|beta| 1.0 - beta)).into_iter().map(f32::sqrt).collect();
    let (Some(&first), Some(&last)) = (roots.first(), roots.last()) else { return Vec::new() };
    let scale = first / (first - last);
    for root in &mut roots {
        *root = (*root - last) * scale;
    }
    let bars: Vec<f32> = roots.iter().map(|root| root * root).collect();
    let previous = std::iter::once(1.0).chain(bars.iter().copied());
    bars.iter().zip(previous).map(|(bar, previous)| 1.0 - bar / previous).collect()
}

fn products(alphas: impl Iterator<Item = f32>) -> Vec<f32> {
    alphas
        .scan(1.0_f64, |product, alpha| {
            *product *= f64::from(alpha);
            Some(*product as f32)
        })
        .collect()
}
