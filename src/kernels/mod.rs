//! The operators of the networks on a CPU: packed weights, pixels with all their channels together, and one
//! definition of each kernel for every instruction set.
//!
//! Nothing here knows of tensors or models; `unsafe` code of the program stands here, each block with its reason.

#![allow(unsafe_code)]
// A kernel must be compiled as one piece for its instruction set.
#![allow(clippy::inline_always)]

mod attention;
mod conv;
mod depthwise;
mod group_norm;
mod layer_norm;
mod linear;
mod map;
mod math;
mod numbers;
mod packed_heads;
mod pages;
mod panel;
mod pixels;
mod pointwise;
mod pool;
mod product;
mod simd;
mod softmax;
#[cfg(test)]
mod tests;
mod window_attention;
mod winograd;

pub use attention::{Heads, Scores, attention, attention_scratch_floats};
pub use conv::{Conv3x3, Packing};
pub use depthwise::Depthwise3x3;
pub use group_norm::{GroupNorm, GroupStatistics};
pub use layer_norm::LayerNorm;
pub use linear::{Linear, bf16_products_pay};
pub use map::{Map, Shape};
pub use numbers::{Precision, WeightSlice};
pub use pixels::Steps;
pub use pointwise::{activate, add, concatenate};
pub use pool::{BufferPool, limit_idle_buffers, release_idle_buffers};
pub use product::{Activation, Epilogue};
pub use simd::{Level, VARIABLE as SIMD_VARIABLE};
pub use window_attention::{Windows, window_attention};

/// What was given does not fit the layer.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ShapeError(pub(crate) String);
