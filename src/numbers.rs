//! The crate `inkwick-numbers`: what computes with plain numbers and pixels and names nothing of the rest of the program.
//!
//! It is compiled for speed where the rest is compiled for size (the profile `dist` in Cargo.toml).

pub mod kernels;
pub mod mask;
pub mod raster;
pub mod sampling;
