//! The noise levels of flow matching ("Flow Matching for Generative Modeling", Lipman et al. 2022, arXiv 2210.02747): σ is
//! the share of noise, `latents = (1 − σ) · clean + σ · ε`, and the network says `ε − clean`. Follows diffusers down to the
//! width of its numbers.

use super::SchedulerConfig;
use super::flow_settings::{FlowSettings, Shift};
use super::level::NoiseLevel;
use super::schedule::linspace;
use super::sigma_law::SigmaLaw;
use super::sigmas::laid_by;

/// How a family shifts its levels for the size of a picture, where its config wants that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlowMu {
    /// Between two sizes in a straight line (diffusers' `calculate_shift`).
    Linear,
    /// By size and steps, as measured for FLUX.2 (diffusers' `compute_empirical_mu`).
    Empirical,
}

impl FlowMu {
    /// The exponent of the shift for a picture of so many tokens in so many steps.
    #[must_use]
    pub fn of(self, config: &SchedulerConfig, tokens: usize, steps: usize) -> f64 {
        let tokens = tokens as f64;
        match self {
            Self::Linear => {
                let (base, most) = (config.base_shift.unwrap_or(0.5), config.max_shift.unwrap_or(1.15));
                let (fewest, many) =
                    (config.base_image_seq_len.unwrap_or(256.0), config.max_image_seq_len.unwrap_or(4096.0));
                let slope = (most - base) / (many - fewest);
                tokens * slope + (base - slope * fewest)
            }
            Self::Empirical => {
                const LARGE: f64 = 4300.0;
                let at_200 = 0.000_169_27 * tokens + 0.456_666_66;
                if tokens > LARGE {
                    return at_200;
                }
                let at_10 = 8.738_095_24e-5 * tokens + 1.898_333_33;
                let slope = (at_200 - at_10) / 190.0;
                slope * steps as f64 + (at_200 - 200.0 * slope)
            }
        }
    }
}

impl FlowSettings {
    fn shifted(&self, sigma: f64) -> f64 {
        match self.shift {
            Shift::Static(factor) => factor * sigma / (1.0 + (factor - 1.0) * sigma),
            Shift::Dynamic(factor) => factor / (factor + (1.0 / sigma - 1.0)),
        }
    }

    /// As diffusers' pipelines lay them, evenly from all noise on, for Euler's and LCM's steps.
    pub(crate) fn even(&self, steps: usize) -> FlowLevels {
        let count = steps as f64;
        let mut sigmas: Vec<f64> = linspace(1.0, 1.0 / count, steps)
            .into_iter()
            .map(|sigma| f64::from(self.shifted(f64::from(sigma as f32)) as f32))
            .collect();
        self.stretch(&mut sigmas);
        if self.law != SigmaLaw::Default {
            let (max, min) = (sigmas[0], sigmas[steps - 1]);
            sigmas = laid_by(self.law, max, min, steps);
        }
        FlowLevels::new(sigmas, self.train_timesteps, false)
    }

    /// As diffusers' Heun lays its own: between the training schedule's ends, which are shifted already.
    pub(crate) fn between_ends(&self, steps: usize) -> FlowLevels {
        let train = self.train_timesteps as f64;
        let (max, min) = (self.shifted(1.0) as f32, self.shifted(1.0 / train) as f32);
        let all = linspace(f64::from(max) * train, f64::from(min) * train, steps);
        FlowLevels::new(
            all.into_iter().map(|timestep| self.shifted(timestep / train)).collect(),
            self.train_timesteps,
            false,
        )
    }

    /// As diffusers' DPM solver lays them, or as its `UniPC` does, which begins a hair below all noise.
    pub(crate) fn of_solver(&self, steps: usize, is_unipc: bool) -> FlowLevels {
        const HAIR: f64 = 1e-6;
        let last = 1.0 / self.train_timesteps as f64;
        let mut sigmas: Vec<f64> = if is_unipc {
            linspace(1.0, last, steps + 1).into_iter().take(steps).map(|sigma| self.shifted(sigma)).collect()
        } else {
            let signals = linspace(1.0, last, steps + 1);
            signals.into_iter().skip(1).rev().map(|signal| self.shifted(1.0 - signal)).collect()
        };
        if is_unipc {
            self.stretch(&mut sigmas);
            if (sigmas[0] - 1.0).abs() < HAIR {
                sigmas[0] -= HAIR;
            }
        }
        FlowLevels::new(sigmas, self.train_timesteps, true)
    }

    fn stretch(&self, sigmas: &mut [f64]) {
        if let (Some(terminal), Some(last)) = (self.terminal, sigmas.last().copied()) {
            let scale = (1.0 - last) / (1.0 - terminal);
            if scale > 0.0 {
                for sigma in sigmas {
                    *sigma = 1.0 - (1.0 - *sigma) / scale;
                }
            }
        }
    }
}

/// Levels and what the network is told of them.
#[derive(Debug, Clone)]
pub(crate) struct FlowLevels {
    /// One per step.
    pub timesteps: Vec<f64>,
    /// One more: the last is clean.
    pub sigmas: Vec<f32>,
}

impl FlowLevels {
    /// `whole`: the network is given whole timesteps.
    fn new(laid: Vec<f64>, train_timesteps: usize, whole: bool) -> Self {
        let train = train_timesteps as f64;
        let timestep = |sigma: &f64| {
            if whole { (sigma * train).trunc() } else { f64::from(*sigma as f32 * train_timesteps as f32) }
        };
        let timesteps = laid.iter().map(timestep).collect();
        let mut sigmas: Vec<f32> = laid.into_iter().map(|sigma| sigma as f32).collect();
        sigmas.push(0.0);
        Self { timesteps, sigmas }
    }

    pub(crate) fn levels(&self) -> Vec<NoiseLevel> {
        self.sigmas.iter().map(|sigma| NoiseLevel::of_flow(*sigma)).collect()
    }
}
