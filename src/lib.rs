//! Inkwick: a native desktop studio for Stable Diffusion.
//!
//! See `ARCHITECTURE.md` for the map.

pub mod canvas;
pub mod checkpoint;
pub mod cli;
pub mod engine;
pub mod hub;
pub mod job;
pub mod manual;
pub mod model;
pub mod pipeline;
pub mod prompt;
#[cfg(feature = "serve")]
pub mod service;
pub mod store;
pub mod system;
pub mod ui;

// A crate of their own, which is compiled for speed: src/numbers.rs.
pub use inkwick_numbers::{kernels, mask, raster, sampling};
