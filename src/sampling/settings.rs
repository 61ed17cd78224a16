//! A scheduler's configuration with every default filled in and every value understood.
//! The defaults are those of diffusers' `__init__` of the class in question.

use super::{SamplingError, SchedulerConfig, SchedulerName};

/// What the network's output stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prediction {
    /// The noise that was added.
    Epsilon,
    /// The velocity of Salimans and Ho (2022).
    Velocity,
    /// The clean latents themselves.
    Sample,
}

/// How timesteps are picked out of the training schedule: table 2 of Lin et al. (2023), arXiv 2305.08891.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spacing {
    Leading,
    Linspace,
    Trailing,
}

/// How the sigmas between the highest and the lowest are laid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SigmaLaw {
    /// As the timesteps have them.
    Default,
    /// Equation 5 of Karras et al. (2022) with ρ = 7.
    Karras,
    /// Even in their logarithm.
    Exponential,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Betas {
    /// Even from the first to the second.
    Linear(f64, f64),
    /// Even in their square root.
    ScaledLinear(f64, f64),
    /// The cosine schedule of Nichol and Dhariwal (2021).
    SquaredCosine,
    Given(Vec<f32>),
}

/// What is done to the predicted clean latents before they are used (DDIM alone).
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bound {
    None,
    /// To `[-range, range]`.
    Clip {
        range: f32,
    },
    /// Dynamic thresholding, section 2.3 of Saharia et al. (2022).
    Threshold {
        ratio: f32,
        max: f32,
    },
}

#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    pub train_timesteps: usize,
    pub betas: Betas,
    pub zero_terminal_snr: bool,
    pub prediction: Prediction,
    pub spacing: Spacing,
    pub steps_offset: usize,
    pub bound: Bound,
    /// The step after the last one is clean, not the training schedule's first level (DDIM).
    pub ends_clean: bool,
    pub sigma_law: SigmaLaw,
    pub sigma_min: Option<f64>,
    pub sigma_max: Option<f64>,
    /// The last sigma is the training schedule's lowest, not zero (Euler).
    pub ends_at_sigma_min: bool,
}

impl Settings {
    /// What `config` means to the scheduler `name`. Keys that this scheduler does not read are not judged.
    pub fn new(name: SchedulerName, config: &SchedulerConfig) -> Result<Self, SamplingError> {
        let is_ddim = name == SchedulerName::Ddim;
        let is_euler = name == SchedulerName::Euler;
        let betas = betas(config)?;
        let train_timesteps = config.num_train_timesteps.unwrap_or(1000);
        if let Betas::Given(betas) = &betas
            && betas.len() != train_timesteps
        {
            let value = format!("a list of {}", betas.len());
            return unsupported("trained_betas", value, "as many as num_train_timesteps");
        }
        let settings = Self {
            train_timesteps,
            betas,
            zero_terminal_snr: config.rescale_betas_zero_snr.unwrap_or(false),
            prediction: prediction(config)?,
            spacing: spacing(config, if is_ddim { Spacing::Leading } else { Spacing::Linspace })?,
            steps_offset: config.steps_offset_for(name),
            bound: if is_ddim { bound(name, config) } else { Bound::None },
            ends_clean: config.set_alpha_to_one.unwrap_or(true),
            sigma_law: if is_euler { sigma_law(config)? } else { SigmaLaw::Default },
            sigma_min: config.sigma_min,
            sigma_max: config.sigma_max,
            ends_at_sigma_min: is_euler && ends_at_sigma_min(config)?,
        };
        if settings.train_timesteps < 2 {
            return unsupported("num_train_timesteps", settings.train_timesteps.to_string(), "2 or more");
        }
        if is_euler && config.interpolation_type.as_deref().is_some_and(|value| value != "linear") {
            return unsupported("interpolation_type", text(config.interpolation_type.as_ref()), "linear");
        }
        // diffusers reads the type of the timesteps together with v-prediction alone.
        if is_euler && settings.prediction == Prediction::Velocity {
            match config.timestep_type.as_deref() {
                None | Some("discrete") => {}
                Some(value) => return unsupported("timestep_type", value, "discrete"),
            }
        }
        Ok(settings)
    }
}

fn betas(config: &SchedulerConfig) -> Result<Betas, SamplingError> {
    if let Some(betas) = &config.trained_betas {
        return Ok(Betas::Given(betas.clone()));
    }
    let (start, end) = (config.beta_start.unwrap_or(0.0001), config.beta_end.unwrap_or(0.02));
    match config.beta_schedule.as_deref() {
        None | Some("linear") => Ok(Betas::Linear(start, end)),
        Some("scaled_linear") => Ok(Betas::ScaledLinear(start, end)),
        Some("squaredcos_cap_v2") => Ok(Betas::SquaredCosine),
        Some(value) => unsupported("beta_schedule", value, "linear, scaled_linear or squaredcos_cap_v2"),
    }
}

fn prediction(config: &SchedulerConfig) -> Result<Prediction, SamplingError> {
    match config.prediction_type.as_deref() {
        None | Some("epsilon") => Ok(Prediction::Epsilon),
        Some("v_prediction") => Ok(Prediction::Velocity),
        Some("sample") => Ok(Prediction::Sample),
        Some(value) => unsupported("prediction_type", value, "epsilon, v_prediction or sample"),
    }
}

fn spacing(config: &SchedulerConfig, default: Spacing) -> Result<Spacing, SamplingError> {
    match config.timestep_spacing.as_deref() {
        None => Ok(default),
        Some("leading") => Ok(Spacing::Leading),
        Some("linspace") => Ok(Spacing::Linspace),
        Some("trailing") => Ok(Spacing::Trailing),
        Some(value) => unsupported("timestep_spacing", value, "leading, linspace or trailing"),
    }
}

fn bound(name: SchedulerName, config: &SchedulerConfig) -> Bound {
    if config.thresholding.unwrap_or(false) {
        Bound::Threshold {
            ratio: config.dynamic_thresholding_ratio.unwrap_or(0.995),
            max: config.sample_max_value.unwrap_or(1.0),
        }
    } else if config.clips_sample_for(name) {
        Bound::Clip { range: config.clip_sample_range.unwrap_or(1.0).abs() }
    } else {
        Bound::None
    }
}

fn sigma_law(config: &SchedulerConfig) -> Result<SigmaLaw, SamplingError> {
    let is_set = |flag: Option<bool>| flag.unwrap_or(false);
    if is_set(config.use_beta_sigmas) {
        return unsupported("use_beta_sigmas", "true", "false");
    }
    match (is_set(config.use_karras_sigmas), is_set(config.use_exponential_sigmas)) {
        (false, false) => Ok(SigmaLaw::Default),
        (true, false) => Ok(SigmaLaw::Karras),
        (false, true) => Ok(SigmaLaw::Exponential),
        (true, true) => unsupported("use_exponential_sigmas", "true", "only one of it and use_karras_sigmas"),
    }
}

fn ends_at_sigma_min(config: &SchedulerConfig) -> Result<bool, SamplingError> {
    match config.final_sigmas_type.as_deref() {
        None | Some("zero") => Ok(false),
        Some("sigma_min") => Ok(true),
        Some(value) => unsupported("final_sigmas_type", value, "zero or sigma_min"),
    }
}

fn unsupported<T>(field: &'static str, value: impl Into<String>, supported: &'static str) -> Result<T, SamplingError> {
    Err(SamplingError::Unsupported { field, value: value.into(), supported })
}

fn text(value: Option<&String>) -> String {
    value.cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_is_not_there_takes_the_default_of_the_scheduler_that_reads() {
        let config = SchedulerConfig { class_name: Some("PNDMScheduler".into()), ..SchedulerConfig::default() };
        let ddim = Settings::new(SchedulerName::Ddim, &config).unwrap();
        assert_eq!((ddim.spacing, ddim.bound), (Spacing::Leading, Bound::Clip { range: 1.0 }));
        let euler = Settings::new(SchedulerName::Euler, &config).unwrap();
        assert_eq!((euler.spacing, euler.bound), (Spacing::Linspace, Bound::None));
    }

    #[test]
    fn an_unsupported_value_is_named_to_those_who_read_it() {
        let config = SchedulerConfig { use_beta_sigmas: Some(true), ..SchedulerConfig::default() };
        assert!(Settings::new(SchedulerName::Ddim, &config).is_ok());
        let error = Settings::new(SchedulerName::Euler, &config).unwrap_err();
        assert!(error.to_string().contains("use_beta_sigmas is true"), "{error}");
        let config = SchedulerConfig { prediction_type: Some("flow".into()), ..SchedulerConfig::default() };
        let error = Settings::new(SchedulerName::Ddim, &config).unwrap_err();
        assert!(error.to_string().contains("prediction_type is flow"), "{error}");
    }
}
