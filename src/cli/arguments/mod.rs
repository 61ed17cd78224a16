//! The arguments of `generate`, one file a subject. Each group fills its part of the request.

mod compute;
mod model;
mod paint;
mod prompt;
mod sampling;
mod values;

pub use compute::ComputeArguments;
pub use model::ModelArguments;
pub use paint::PaintArguments;
pub use prompt::PromptArguments;
pub use sampling::SamplingArguments;
