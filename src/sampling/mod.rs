//! Noise schedules and samplers, equal to diffusers' schedulers, on plain slices: no tensors, no device.
//!
//! A scheduler is built from a name, the model's `scheduler_config.json` and a number of steps.

#![warn(missing_docs)]

mod bound;
mod carried;
mod choice;
mod config;
mod ddim;
mod ddpm;
mod dpm2;
mod dpm_multistep;
mod dpm_singlestep;
mod dpm_solver;
mod error;
mod euler;
mod factory;
mod flow;
mod flow_settings;
mod flow_walk;
mod heun;
mod history;
mod lcm;
mod level;
mod lms;
mod name;
mod noise;
mod philox;
mod pndm;
mod schedule;
mod scheduler;
mod settings;
mod sigma_law;
mod sigmas;
mod trial;
mod unipc;
mod variation;

pub use carried::{Carried, carried, is_same_level, level_of};
pub use choice::{NoiseKind, PredictionChoice, SigmaChoice};
pub use config::SchedulerConfig;
pub use error::SamplingError;
pub use factory::build;
pub use flow::FlowMu;
pub use history::History;
pub use name::SchedulerName;
pub use noise::{NoiseSource, TorchNoise};
pub(crate) use philox::PhiloxNoise;
pub use scheduler::{Scheduler, StepOutput};
pub use trial::runs_away;
pub use variation::varied;
