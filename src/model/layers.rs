//! The few layers that every network is made of, read from their place in the weights.

use candle_core::Tensor;
use candle_nn::{Conv2d, Conv2dConfig, GroupNorm, LayerNorm, Linear, Module};

use super::ModelError;
use super::weights::Scope;

/// Exact to what PyTorch's `LayerNorm` has by default.
pub const LAYER_NORM_EPS: f64 = 1e-5;

pub fn linear(at: &Scope, inputs: usize, outputs: usize) -> Result<Linear, ModelError> {
    Ok(Linear::new(at.tensor("weight", &[outputs, inputs])?, Some(at.tensor("bias", &[outputs])?)))
}

pub fn linear_no_bias(at: &Scope, inputs: usize, outputs: usize) -> Result<Linear, ModelError> {
    Ok(Linear::new(at.tensor("weight", &[outputs, inputs])?, None))
}

pub fn conv2d(
    at: &Scope,
    inputs: usize,
    outputs: usize,
    kernel: usize,
    config: Conv2dConfig,
) -> Result<Conv2d, ModelError> {
    let weight = at.tensor("weight", &[outputs, inputs, kernel, kernel])?;
    Ok(Conv2d::new(weight, Some(at.tensor("bias", &[outputs])?), config))
}

/// 3×3, keeps the size.
pub fn conv3x3(at: &Scope, inputs: usize, outputs: usize) -> Result<Conv2d, ModelError> {
    conv2d(at, inputs, outputs, 3, Conv2dConfig { padding: 1, ..Conv2dConfig::default() })
}

pub fn conv1x1(at: &Scope, inputs: usize, outputs: usize) -> Result<Conv2d, ModelError> {
    conv2d(at, inputs, outputs, 1, Conv2dConfig::default())
}

pub fn layer_norm(at: &Scope, size: usize, eps: f64) -> Result<LayerNorm, ModelError> {
    Ok(LayerNorm::new(at.tensor("weight", &[size])?, at.tensor("bias", &[size])?, eps))
}

pub fn group_norm(at: &Scope, groups: usize, channels: usize, eps: f64) -> Result<GroupNorm, ModelError> {
    Ok(GroupNorm::new(at.tensor("weight", &[channels])?, at.tensor("bias", &[channels])?, channels, groups, eps)?)
}

/// Group norm, then SiLU: every convolution of a resnet begins with the pair.
pub fn norm_silu(norm: &GroupNorm, x: &Tensor) -> Result<Tensor, ModelError> {
    Ok(norm.forward(x)?.silu()?)
}
