//! The operators of the networks on a CPU: packed weights, pixels with all their channels together, and one
//! definition of each kernel for every instruction set.
//!
//! Nothing here knows of tensors or models; `unsafe` code of the program stands here, each block with its reason.

#![allow(unsafe_code)]
// A kernel must be compiled as one piece for its instruction set.
#![allow(clippy::inline_always)]

mod ahead;
mod aligned;
mod attention;
mod blocks;
mod broadcast;
mod conv;
mod depthwise;
mod epilogue;
mod group_norm;
mod integer_panel;
mod integer_weights;
mod integers;
mod layer_form;
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
mod rms_norm;
mod rotary;
mod rows;
mod scratch;
mod simd;
mod softmax;
mod stop;
mod team;
#[cfg(test)]
mod tests;
mod tile;
mod tokens;
mod window_attention;
mod winograd;

pub use attention::attention_scratch_floats;
pub use attention::{Heads, Scores, attention};
pub use blocks::{BlockKind, BlockTable, Blocks};
pub use broadcast::{behind_zeros, combined, halved, mean_of_pixels, rectified};
pub use conv::{Conv3x3, Packing};
pub use depthwise::Depthwise3x3;
pub use epilogue::Activation;
pub use epilogue::Epilogue;
pub use group_norm::GroupNorm;
pub use group_norm::GroupStatistics;
pub use layer_form::Multiplied;
pub use layer_norm::LayerNorm;
pub use linear::Linear;
pub use linear::bf16_products_pay;
pub use map::Map;
pub use numbers::{Precision, WeightSlice};
pub use pixels::Steps;
pub use pointwise::concatenate;
pub use pointwise::{activate, add, add_scaled, leaky};
pub use pool::release_idle_buffers;
pub use pool::{BufferPool, limit_idle_buffers};
pub use rms_norm::rms_norm;
pub use rotary::{RotaryPairs, rotated};
pub use simd::{Level, VARIABLE as SIMD_VARIABLE};
pub use stop::{Stoppable, stopped_by};
pub use team::{Team, compute_here};
pub use tokens::{join_tokens, multiply, narrow_tokens, repeat_heads, scaled_onto};
pub use window_attention::{Windows, window_attention};
pub use winograd::OutputTile;

/// Of a 3×3 kernel.
const TAPS: usize = 9;

/// What was given does not fit the layer.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ShapeError(pub String);
