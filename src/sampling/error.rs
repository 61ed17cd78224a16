//! What can be wrong with a scheduler's configuration or with what is asked of it.
//! Each message is one sentence for a person.

use super::SchedulerName;

#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SamplingError {
    #[error("scheduler_config.json cannot be read: {reason}")]
    Json { reason: String },
    #[error("scheduler_config.json: {field} is {value}, which is not supported; supported is {supported}")]
    Unsupported { field: &'static str, value: String, supported: &'static str },
    #[error("the model's own scheduler {class} is not available here; available are {}", available())]
    ClassNotAvailable { class: String },
    #[error("scheduler_config.json does not name its class in _class_name; available schedulers are {}", available())]
    NoClass,
    #[error("steps must be from 1 to {max} for this model, found {found}")]
    Steps { found: usize, max: usize },
}

fn available() -> String {
    SchedulerName::ALL.map(SchedulerName::id).join(", ")
}
