//! A scheduler's configuration with every default filled in and every value understood.
//! The defaults are those of diffusers' `__init__` of the class in question.

use super::bound::Bound;
use super::flow_settings::FlowSettings;
pub(crate) use super::sigma_law::{SigmaLaw, unsupported};
use super::{SamplingError, SchedulerConfig, SchedulerName};

/// What the network's output stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Prediction {
    /// The noise that was added.
    Epsilon,
    /// The velocity of Salimans and Ho (2022).
    Velocity,
    /// The clean latents themselves.
    Sample,
    /// What leads from the clean latents to the noise.
    Flow,
}

/// How timesteps are picked out of the training schedule: table 2 of Lin et al. (2023), arXiv 2305.08891.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spacing {
    Leading,
    Linspace,
    Trailing,
}

/// How a call's noise level is given to the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TimestepForm {
    /// The timestep, or the place between two where laid sigmas fall.
    Exact,
    /// The nearest timestep where sigmas are laid by Karras's law.
    WholeForKarras,
    /// ¼ ln σ.
    QuarterLogSigma,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Betas {
    /// Even from the first to the second.
    Linear(f64, f64),
    /// Even in their square root.
    ScaledLinear(f64, f64),
    /// The cosine schedule of Nichol and Dhariwal (2021).
    SquaredCosine,
    Given(Vec<f32>),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ScheduleSettings {
    pub train_timesteps: usize,
    pub betas: Betas,
    pub zero_terminal_snr: bool,
    pub prediction: Prediction,
    pub spacing: Spacing,
    pub steps_offset: usize,
    pub bound: Bound,
    /// The step after the last one is clean, not the training schedule's first level (the ᾱ family).
    pub ends_clean: bool,
    pub sigma_law: SigmaLaw,
    pub timestep_form: TimestepForm,
    pub sigma_min: Option<f64>,
    pub sigma_max: Option<f64>,
    /// The last sigma is the training schedule's lowest, not zero.
    pub ends_at_sigma_min: bool,
    /// Of a model that matches flows: it has these levels and no others.
    pub flow: Option<FlowSettings>,
}

/// What a class reads of a configuration, and the defaults in which classes differ.
struct Class {
    beta_start: f64,
    beta_end: f64,
    beta_schedule: &'static str,
    /// Its default, where spacing and offset are read at all.
    spacing: Option<Spacing>,
    zero_snr: bool,
    /// `clip_sample` and its default, where it is read.
    clips: Option<bool>,
    thresholds: bool,
    ends_clean: bool,
}

impl Class {
    fn of(name: SchedulerName) -> Self {
        use SchedulerName as Name;
        let base = Self {
            beta_start: 0.0001,
            beta_end: 0.02,
            beta_schedule: "linear",
            spacing: Some(Spacing::Linspace),
            zero_snr: false,
            clips: None,
            thresholds: false,
            ends_clean: true,
        };
        let k_diffusion = Self { beta_start: 0.00085, beta_end: 0.012, ..base };
        let solver = Self { thresholds: true, ..base };
        let ancestor =
            Self { spacing: Some(Spacing::Leading), zero_snr: true, clips: Some(true), thresholds: true, ..base };
        match name {
            Name::Ddim | Name::Ddpm => ancestor,
            Name::Lcm => Self {
                beta_start: 0.00085,
                beta_end: 0.012,
                beta_schedule: "scaled_linear",
                clips: Some(false),
                ..ancestor
            },
            Name::Pndm => Self { spacing: Some(Spacing::Leading), ends_clean: false, ..base },
            Name::Euler | Name::EulerAncestral => Self { zero_snr: true, ..base },
            Name::Lms => base,
            Name::Heun => Self { clips: Some(false), ..k_diffusion },
            Name::Dpm2 | Name::Dpm2Ancestral => k_diffusion,
            Name::DpmSinglestep => Self { spacing: None, ..solver },
            Name::DpmMultistep | Name::DpmMultistepSde | Name::UniPc => Self { zero_snr: true, ..solver },
        }
    }
}

impl ScheduleSettings {
    /// What `config` means to the scheduler `name`. Keys that this scheduler does not read are not judged.
    pub(crate) fn new(name: SchedulerName, config: &SchedulerConfig) -> Result<Self, SamplingError> {
        let class = Class::of(name);
        let betas = betas(config, &class)?;
        let train_timesteps = config.num_train_timesteps.unwrap_or(1000);
        if train_timesteps < 2 {
            return unsupported("num_train_timesteps", train_timesteps.to_string(), "2 or more");
        }
        if let Betas::Given(betas) = &betas
            && betas.len() != train_timesteps
        {
            let value = format!("a list of {}", betas.len());
            return unsupported("trained_betas", value, "as many as num_train_timesteps");
        }
        let flow = config.is_flow().then(|| FlowSettings::new(name, config, sigma_law(config)?)).transpose()?;
        let prediction = if flow.is_some() { Prediction::Flow } else { prediction(config)? };
        if prediction == Prediction::Sample && !name.allows_sample_prediction() {
            return Err(SamplingError::SamplePrediction { scheduler: name });
        }
        let sigma_law = if flow.is_some() {
            SigmaLaw::Default
        } else if name.allows(super::SigmaChoice::Karras) {
            sigma_law(config)?
        } else {
            SigmaLaw::Default
        };
        // Only LMS in diffusers lays Karras's sigmas between its own ends, whatever the file says.
        let reads_ends = name != SchedulerName::Lms || sigma_law != SigmaLaw::Karras;
        if name == SchedulerName::Euler && config.interpolation_type.as_deref().is_some_and(|value| value != "linear") {
            return unsupported("interpolation_type", text(config.interpolation_type.as_ref()), "linear");
        }
        Ok(Self {
            train_timesteps,
            betas,
            zero_terminal_snr: class.zero_snr && config.rescale_betas_zero_snr.unwrap_or(false),
            prediction,
            spacing: class.spacing.map_or(Ok(Spacing::Linspace), |default| spacing(config, default))?,
            steps_offset: class.spacing.map_or(0, |_| config.steps_offset_for(name)),
            bound: Bound::new(name, config, class.clips, class.thresholds),
            ends_clean: config.set_alpha_to_one.unwrap_or(class.ends_clean),
            sigma_law,
            timestep_form: timestep_form(name, prediction, config)?,
            sigma_min: config.sigma_min.filter(|_| reads_ends),
            sigma_max: config.sigma_max.filter(|_| reads_ends),
            ends_at_sigma_min: reads_final_sigmas(name) && ends_at_sigma_min(config)?,
            flow,
        })
    }
}

fn betas(config: &SchedulerConfig, class: &Class) -> Result<Betas, SamplingError> {
    if let Some(betas) = &config.trained_betas {
        return Ok(Betas::Given(betas.clone()));
    }
    let (start, end) = (config.beta_start.unwrap_or(class.beta_start), config.beta_end.unwrap_or(class.beta_end));
    match config.beta_schedule.as_deref().unwrap_or(class.beta_schedule) {
        "linear" => Ok(Betas::Linear(start, end)),
        "scaled_linear" => Ok(Betas::ScaledLinear(start, end)),
        "squaredcos_cap_v2" => Ok(Betas::SquaredCosine),
        value => unsupported("beta_schedule", value, "linear, scaled_linear or squaredcos_cap_v2"),
    }
}

fn prediction(config: &SchedulerConfig) -> Result<Prediction, SamplingError> {
    match config.prediction_type.as_deref() {
        None | Some("epsilon") => Ok(Prediction::Epsilon),
        Some("v_prediction") => Ok(Prediction::Velocity),
        Some("sample") => Ok(Prediction::Sample),
        Some("flow_prediction") => {
            unsupported("prediction_type", "flow_prediction", "it together with use_flow_sigmas")
        }
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

fn reads_final_sigmas(name: SchedulerName) -> bool {
    use SchedulerName::{DpmMultistep, DpmMultistepSde, DpmSinglestep, Euler, UniPc};
    matches!(name, Euler | DpmSinglestep | DpmMultistep | DpmMultistepSde | UniPc)
}

fn ends_at_sigma_min(config: &SchedulerConfig) -> Result<bool, SamplingError> {
    match config.final_sigmas_type.as_deref() {
        None | Some("zero") => Ok(false),
        Some("sigma_min") => Ok(true),
        Some(value) => unsupported("final_sigmas_type", value, "zero or sigma_min"),
    }
}

fn timestep_form(
    name: SchedulerName,
    prediction: Prediction,
    config: &SchedulerConfig,
) -> Result<TimestepForm, SamplingError> {
    match (name, prediction) {
        (SchedulerName::Dpm2 | SchedulerName::Dpm2Ancestral, _) => Ok(TimestepForm::WholeForKarras),
        // diffusers reads the type of the timesteps together with v-prediction alone.
        (SchedulerName::Euler, Prediction::Velocity) => match config.timestep_type.as_deref() {
            None | Some("discrete") => Ok(TimestepForm::Exact),
            Some("continuous") => Ok(TimestepForm::QuarterLogSigma),
            Some(value) => unsupported("timestep_type", value, "discrete or continuous"),
        },
        _ => Ok(TimestepForm::Exact),
    }
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
        let ddim = ScheduleSettings::new(SchedulerName::Ddim, &config).unwrap();
        assert_eq!((ddim.spacing, ddim.bound), (Spacing::Leading, Bound::Clip { range: 1.0 }));
        let euler = ScheduleSettings::new(SchedulerName::Euler, &config).unwrap();
        assert_eq!((euler.spacing, euler.bound), (Spacing::Linspace, Bound::None));
        let heun = ScheduleSettings::new(SchedulerName::Heun, &config).unwrap();
        assert_eq!((heun.betas, heun.ends_clean), (Betas::Linear(0.00085, 0.012), true));
        assert!(!ScheduleSettings::new(SchedulerName::Pndm, &config).unwrap().ends_clean);
    }

    #[test]
    fn an_unsupported_value_is_named_to_those_who_read_it() {
        let config = SchedulerConfig { use_beta_sigmas: Some(true), ..SchedulerConfig::default() };
        assert!(ScheduleSettings::new(SchedulerName::Ddim, &config).is_ok());
        let error = ScheduleSettings::new(SchedulerName::Euler, &config).unwrap_err();
        assert!(error.to_string().contains("use_beta_sigmas is true"), "{error}");
        let config = SchedulerConfig { prediction_type: Some("flow".into()), ..SchedulerConfig::default() };
        let error = ScheduleSettings::new(SchedulerName::Ddim, &config).unwrap_err();
        assert!(error.to_string().contains("prediction_type is flow"), "{error}");
    }
}
