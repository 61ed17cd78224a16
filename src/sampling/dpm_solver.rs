//! What the DPM solvers share: the levels that they walk, what they read the network's output as, and their updates.
//! Lu et al. (2022), arXiv 2206.00927 and 2211.01095, in diffusers' form.

use super::bound::Bound;
use super::level::NoiseLevel;
use super::schedule::{linspace, solver_timesteps};
use super::settings::{Prediction, ScheduleSettings, SigmaLaw, unsupported};
use super::sigmas::{TrainedSigmas, laid_by};
use super::{SamplingError, SchedulerConfig, SchedulerName};

/// The levels of a solver that walks the whole of the training schedule's sigmas.
#[derive(Debug)]
pub(crate) struct SolverLevels {
    /// One per model call; whole numbers.
    pub timesteps: Vec<f64>,
    /// One more: the last is where the last step arrives.
    pub levels: Vec<NoiseLevel>,
}

/// Where the classes that share these levels differ.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct LevelRules {
    /// Timesteps from here on are left out (from the schedule's end, in numbers of timesteps).
    pub clipped: usize,
    /// Even in λ, as the solvers' own paper has it.
    pub lu: bool,
    /// Fractions of timesteps are rounded, not cut.
    pub rounds: bool,
    /// Where the last sigma is not zero, it is the last of the laid ones, not the training schedule's lowest.
    pub ends_at_laid: bool,
}

impl SolverLevels {
    pub(crate) fn new(settings: &ScheduleSettings, steps: usize, rules: LevelRules) -> Self {
        if let Some(flow) = &settings.flow {
            let laid = flow.of_solver(steps, rules.ends_at_laid);
            return Self { levels: laid.levels(), timesteps: laid.timesteps };
        }
        let trained = TrainedSigmas::new(settings);
        let (lowest, highest) = (f64::from(trained.sigmas[0]), f64::from(trained.sigmas[trained.sigmas.len() - 1]));
        let laid = match settings.sigma_law {
            SigmaLaw::Default if rules.lu => {
                let lambdas = linspace(0.0, 1.0, steps);
                let (from, to) = (f64::from(trained.logs[trained.logs.len() - 1]), f64::from(trained.logs[0]));
                Some(lambdas.into_iter().map(|ramp| (from + ramp * (to - from)).exp()).collect::<Vec<f64>>())
            }
            SigmaLaw::Default => None,
            law => {
                let (max, min) = (settings.sigma_max.unwrap_or(highest), settings.sigma_min.unwrap_or(lowest));
                Some(laid_by(law, max, min, steps))
            }
        };
        let rounds = rules.rounds && (rules.lu || settings.sigma_law == SigmaLaw::Karras);
        let is_laid = laid.is_some();
        let (timesteps, sigmas) = if let Some(sigmas) = laid {
            let whole = |timestep: f64| if rounds { timestep.round_ties_even() } else { timestep.trunc() };
            let timesteps = sigmas.iter().map(|&sigma| whole(trained.timestep_of(sigma))).collect();
            (timesteps, sigmas)
        } else {
            let last = settings.train_timesteps - rules.clipped;
            let timesteps = solver_timesteps(settings, last, steps);
            let sigmas = timesteps.iter().map(|&timestep| trained.at_timestep(timestep)).collect();
            (timesteps, sigmas)
        };
        let mut sigmas: Vec<f32> = sigmas.into_iter().map(|sigma| sigma as f32).collect();
        sigmas.push(match (settings.ends_at_sigma_min, rules.ends_at_laid && is_laid) {
            (false, _) => 0.0,
            (true, true) => sigmas.last().copied().unwrap_or_default(),
            (true, false) => trained.sigmas[0],
        });
        Self { timesteps, levels: sigmas.into_iter().map(NoiseLevel::of_sigma).collect() }
    }
}

/// How many of the noisiest timesteps have a λ below `lambda_min_clipped`.
pub(crate) fn clipped_timesteps(settings: &ScheduleSettings, config: &SchedulerConfig) -> usize {
    let least = config.lambda_min_clipped.unwrap_or(f64::NEG_INFINITY) as f32;
    let trained = TrainedSigmas::new(settings);
    // λ is −ln σ. At least two timesteps stay.
    let clipped = trained.logs.iter().rev().take_while(|log| -**log < least).count();
    clipped.min(settings.train_timesteps - 2)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Algorithm {
    /// dpmsolver++: walks by the predicted picture.
    Data,
    /// dpmsolver: walks by the predicted noise.
    Noise,
    DataSde,
    NoiseSde,
}

/// A solver's choices, and how it reads the network.
#[derive(Debug)]
pub(crate) struct Solver {
    algorithm: Algorithm,
    /// The second-order term of Heun's kind, not of the midpoint's.
    heun: bool,
    /// 1 to 3.
    pub order: usize,
    prediction: Prediction,
    bound: Bound,
}

impl Solver {
    pub(crate) fn new(
        name: SchedulerName,
        settings: &ScheduleSettings,
        config: &SchedulerConfig,
    ) -> Result<Self, SamplingError> {
        let written = config.algorithm_type.as_deref();
        let single = name == SchedulerName::DpmSinglestep;
        let algorithm = match written {
            None | Some("dpmsolver++" | "deis") => Algorithm::Data,
            Some("dpmsolver") => Algorithm::Noise,
            Some("sde-dpmsolver++") => Algorithm::DataSde,
            Some("sde-dpmsolver") if !single => Algorithm::NoiseSde,
            Some(value) => return unsupported("algorithm_type", value, "dpmsolver++, dpmsolver or sde-dpmsolver++"),
        };
        // The name decides whether noise is added.
        let algorithm = match (name, algorithm) {
            (SchedulerName::DpmMultistep, Algorithm::DataSde | Algorithm::NoiseSde) => Algorithm::Data,
            (SchedulerName::DpmMultistepSde, Algorithm::Data | Algorithm::Noise) => Algorithm::DataSde,
            (_, algorithm) => algorithm,
        };
        let heun = match config.solver_type.as_deref() {
            None | Some("midpoint" | "logrho" | "bh1" | "bh2") => false,
            Some("heun") => true,
            Some(value) => return unsupported("solver_type", value, "midpoint or heun"),
        };
        let order = config.solver_order.unwrap_or(2);
        if !(1..=3).contains(&order) || (order == 3 && algorithm == Algorithm::NoiseSde) {
            return unsupported("solver_order", order.to_string(), "1, 2 or (but for sde-dpmsolver) 3");
        }
        let by_noise = matches!(algorithm, Algorithm::Noise | Algorithm::NoiseSde);
        if by_noise && !settings.ends_at_sigma_min {
            return unsupported("final_sigmas_type", "zero", "sigma_min with the algorithm_type dpmsolver");
        }
        if single && by_noise && matches!(settings.bound, Bound::Threshold { .. }) {
            return unsupported("thresholding", "true", "false with the algorithm_type dpmsolver");
        }
        Ok(Self { algorithm, heun, order, prediction: settings.prediction, bound: settings.bound })
    }

    pub(crate) fn is_heun(&self) -> bool {
        self.heun
    }

    pub(crate) fn adds_noise(&self) -> bool {
        matches!(self.algorithm, Algorithm::DataSde | Algorithm::NoiseSde)
    }

    /// What the solver walks by, and the clean latents that the output stands for.
    pub(crate) fn read(&self, level: NoiseLevel, model_output: &[f32], sample: &[f32]) -> (Vec<f32>, Vec<f32>) {
        let mut original = level.predicted_original(self.prediction, model_output, sample);
        self.bound.apply(&mut original);
        let used = match (self.algorithm, self.bound) {
            (Algorithm::Data | Algorithm::DataSde, _) => original.clone(),
            (_, Bound::None) => level.predicted_noise(self.prediction, model_output, sample),
            _ => level.predicted_noise(Prediction::Sample, &original, sample),
        };
        (used, original)
    }

    /// The latents at `to`. `terms` are what is walked by at `from` and its differences: as many as the order.
    /// `rich` takes the second-order term of Heun's kind whatever the file says (third order does).
    pub(crate) fn update(
        &self,
        [from, to]: [NoiseLevel; 2],
        sample: &[f32],
        terms: &[Vec<f32>],
        rich: bool,
        noise: Option<&[f32]>,
    ) -> Vec<f32> {
        let factors = Factors::new(self.algorithm, from, to);
        let first = if rich || self.heun { factors.heun } else { factors.midpoint };
        let by_term = [factors.walked, first, factors.second];
        let mut latents: Vec<f32> = sample.iter().map(|sample| factors.sample * sample).collect();
        let noise = noise.map(|noise| (factors.noise, noise));
        for (factor, term) in by_term.into_iter().zip(terms.iter().map(Vec::as_slice)).chain(noise) {
            for (value, term) in latents.iter_mut().zip(term) {
                *value += factor * term;
            }
        }
        latents
    }
}

/// What an update multiplies its terms with.
struct Factors {
    sample: f32,
    walked: f32,
    midpoint: f32,
    heun: f32,
    second: f32,
    noise: f32,
}

impl Factors {
    fn new(algorithm: Algorithm, from: NoiseLevel, to: NoiseLevel) -> Self {
        let h = to.lambda() - from.lambda();
        let (alpha, sigma) = (to.signal, to.noise);
        match algorithm {
            Algorithm::Data => {
                let grown = (-h).exp() - 1.0;
                Self {
                    sample: sigma / from.noise,
                    walked: -(alpha * grown),
                    midpoint: -(0.5 * (alpha * grown)),
                    heun: alpha * (grown / h + 1.0),
                    second: -(alpha * ((grown + h) / (h * h) - 0.5)),
                    noise: 0.0,
                }
            }
            Algorithm::Noise => {
                let grown = h.exp() - 1.0;
                Self {
                    sample: alpha / from.signal,
                    walked: -(sigma * grown),
                    midpoint: -(0.5 * (sigma * grown)),
                    heun: -(sigma * (grown / h - 1.0)),
                    second: -(sigma * ((grown - h) / (h * h) - 0.5)),
                    noise: 0.0,
                }
            }
            Algorithm::DataSde => {
                let lost = 1.0 - (-2.0 * h).exp();
                let twice = -2.0 * h;
                Self {
                    sample: sigma / from.noise * (-h).exp(),
                    walked: alpha * lost,
                    midpoint: 0.5 * (alpha * lost),
                    heun: alpha * (lost / twice + 1.0),
                    second: alpha * ((lost + twice) / (twice * twice) - 0.5),
                    noise: sigma * lost.sqrt(),
                }
            }
            Algorithm::NoiseSde => {
                let grown = h.exp() - 1.0;
                Self {
                    sample: alpha / from.signal,
                    walked: -(2.0 * (sigma * grown)),
                    midpoint: -(sigma * grown),
                    heun: -(2.0 * (sigma * (grown / h - 1.0))),
                    second: 0.0,
                    noise: sigma * ((2.0 * h).exp() - 1.0).sqrt(),
                }
            }
        }
    }
}

/// `(a − b) · factor`, one for one.
pub(crate) fn difference(a: &[f32], b: &[f32], factor: f32) -> Vec<f32> {
    a.iter().zip(b).map(|(a, b)| factor * (a - b)).collect()
}
