//! A flow-matching scheduler's configuration, every value of it understood.

use super::sigma_law::{SigmaLaw, unsupported};
use super::{SamplingError, SchedulerConfig, SchedulerName, SigmaChoice};

/// How levels are shifted, and laid.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FlowSettings {
    pub(super) train_timesteps: usize,
    pub(super) shift: Shift,
    /// The last level before none is stretched to this.
    pub(super) terminal: Option<f64>,
    pub(super) law: SigmaLaw,
    /// Fresh noise after each step.
    pub stochastic: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Shift {
    /// `factor · σ / (1 + (factor − 1) · σ)`
    Static(f64),
    /// `factor / (factor + 1 / σ − 1)`: the same, rounded otherwise.
    Dynamic(f64),
}

impl FlowSettings {
    /// What `config` means to `name`, for a model that matches flows.
    pub(crate) fn new(name: SchedulerName, config: &SchedulerConfig, law: SigmaLaw) -> Result<Self, SamplingError> {
        use SchedulerName::{DpmMultistep, DpmMultistepSde, Euler, Heun, Lcm, UniPc};
        if !matches!(name, Euler | Heun | Lcm | DpmMultistep | DpmMultistepSde | UniPc) {
            return Err(SamplingError::NoFlow { scheduler: name });
        }
        if law != SigmaLaw::Default && !matches!(name, Euler | Lcm) {
            let sigmas = if law == SigmaLaw::Karras { SigmaChoice::Karras } else { SigmaChoice::Exponential };
            return Err(SamplingError::FlowSigmas { scheduler: name, sigmas });
        }
        if config.invert_sigmas.unwrap_or(false) {
            return unsupported("invert_sigmas", "true", "false");
        }
        let is_linear = match config.time_shift_type.as_deref() {
            None | Some("exponential") => false,
            Some("linear") => true,
            Some(value) => return unsupported("time_shift_type", value, "exponential or linear"),
        };
        let is_dynamic = config.use_dynamic_shifting.unwrap_or(false);
        let shift = match config.mu.filter(|_| is_dynamic) {
            Some(mu) => Shift::Dynamic(if is_linear { mu } else { mu.exp() }),
            None => Shift::Static(config.flow_shift.or(config.shift).unwrap_or(1.0)),
        };
        let factor = match shift {
            Shift::Static(factor) | Shift::Dynamic(factor) => factor,
        };
        if !factor.is_finite() || factor <= 0.0 {
            return unsupported("shift", factor.to_string(), "a number above 0");
        }
        Ok(Self {
            train_timesteps: config.num_train_timesteps.unwrap_or(1000),
            shift,
            terminal: config.shift_terminal.filter(|terminal| *terminal > 0.0),
            law,
            stochastic: config.stochastic_sampling.unwrap_or(false),
        })
    }
}
