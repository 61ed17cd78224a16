//! Noise schedules and samplers, equal to diffusers' schedulers, on plain slices: no tensors, no device.
//!
//! A scheduler is built from a name, the model's `scheduler_config.json` and a number of steps.

mod choice;
mod config;
mod ddim;
mod error;
mod euler;
mod euler_ancestral;
mod name;
mod noise;
mod schedule;
mod scheduler;
mod settings;
mod sigmas;

pub use choice::{NoiseKind, PredictionChoice, SigmaChoice};
pub use config::SchedulerConfig;
pub use error::SamplingError;
pub use name::SchedulerName;
pub use noise::{NoiseSource, TorchNoise};
pub use scheduler::{Scheduler, StepOutput, build};
