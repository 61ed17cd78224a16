//! CPU operators that replace candle's where those are slow. Everything else, and every other device, runs candle's.
//!
//! They take over by themselves for single-precision tensors on a CPU; the networks are written once.

mod conv2d;
mod exp;
mod group_norm;

pub use conv2d::Conv3x3;
pub use group_norm::FusedGroupNorm;

use candle_core::{DType, Tensor};

/// Whether the operators of this module may take this tensor.
fn is_ours(x: &Tensor) -> bool {
    x.device().is_cpu() && x.dtype() == DType::F32
}
