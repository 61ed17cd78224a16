//! What can be wrong with a scheduler's configuration or with what is asked of it.
//! Each message is one sentence for a person.

use super::{SchedulerName, SigmaChoice};

/// Each variant says in its message what it is.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[allow(missing_docs)]
pub enum SamplingError {
    #[error("scheduler_config.json cannot be read: {reason}")]
    Json { reason: String },
    #[error("scheduler_config.json: {field} is {value}, which is not supported; supported is {supported}")]
    Unsupported { field: &'static str, value: String, supported: &'static str },
    #[error("the model's own scheduler {class} is not available here; available are {}", names(|_| true))]
    ClassNotAvailable { class: String },
    #[error("scheduler_config.json does not name its class in _class_name; available schedulers are {}", names(|_| true))]
    NoClass,
    #[error("steps must be from {min} to {max} for {scheduler} with this model, found {found}", scheduler = scheduler.id())]
    Steps { scheduler: SchedulerName, found: usize, min: usize, max: usize },
    #[error(
        "{found} steps lead {} to one noise level of this model twice, so that its numbers run away; {fewer} steps would do, or another scheduler",
        scheduler.id()
    )]
    RunsAway { scheduler: SchedulerName, found: usize, fewer: usize },
    #[error(
        "sigmas {} cannot be had with the scheduler {}; choose default sigmas, or one of {}",
        sigmas.id(), scheduler.id(), names(|name| name.allows(*sigmas))
    )]
    Sigmas { scheduler: SchedulerName, sigmas: SigmaChoice },
    #[error(
        "the scheduler {} cannot be used with this model, which goes straight from noise to the picture; choose one of euler, heun, dpm++-2m, dpm++-2m-sde, unipc, lcm",
        scheduler.id()
    )]
    NoFlow { scheduler: SchedulerName },
    #[error(
        "sigmas {} cannot be had with the scheduler {} and this model; choose default sigmas, or the scheduler euler or lcm",
        sigmas.id(), scheduler.id()
    )]
    FlowSigmas { scheduler: SchedulerName, sigmas: SigmaChoice },
    #[error(
        "the scheduler {} cannot be used with a network that predicts the sample; choose one of {}",
        scheduler.id(), names(SchedulerName::allows_sample_prediction)
    )]
    SamplePrediction { scheduler: SchedulerName },
}

fn names(fits: impl Fn(SchedulerName) -> bool) -> String {
    SchedulerName::ALL.into_iter().filter(|name| fits(*name)).map(SchedulerName::id).collect::<Vec<_>>().join(", ")
}
