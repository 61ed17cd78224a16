//! Noise schedules and samplers, equal to diffusers' schedulers, on plain slices: no tensors, no device.

mod name;
mod noise;

pub use name::SchedulerName;
