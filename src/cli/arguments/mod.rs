//! The arguments of `generate`, one file a subject. Each group fills its part of the request.

mod compute;
mod control;
mod keyed;
mod model;
mod paint;
mod prompt;
mod reference;
mod region;
mod sampling;
pub(super) mod values;

pub(super) use compute::ComputeArguments;
#[cfg(feature = "serve")]
pub(super) use compute::DeviceArguments;
pub(super) use control::ControlArguments;
pub(super) use model::ModelArguments;
pub(super) use paint::PaintArguments;
pub(super) use prompt::PromptArguments;
pub(super) use reference::ReferenceArguments;
pub(super) use region::RegionArguments;
pub(super) use sampling::SamplingArguments;
pub(super) use values::{number_in, one_of};
