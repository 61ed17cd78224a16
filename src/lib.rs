//! Inkwick: a native desktop studio for Stable Diffusion.
//!
//! See `ARCHITECTURE.md` for the map.

pub mod canvas;
pub mod checkpoint;
pub mod cli;
pub mod engine;
pub mod hub;
pub mod job;
pub mod kernels;
pub mod manual;
pub mod mask;
pub mod model;
pub mod pipeline;
pub mod prompt;
pub mod raster;
pub mod sampling;
#[cfg(feature = "serve")]
pub mod service;
pub mod store;
pub mod system;
pub mod ui;
