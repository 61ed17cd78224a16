//! The few layers that every network is made of, read from their place in the weights.

use candle_nn::{Conv2d, Conv2dConfig, LayerNorm, Linear};

use super::ModelError;
use super::weights::Scope;
use crate::kernels::{Conv3x3, FusedGroupNorm};

/// Exact to what `LayerNorm` of `PyTorch` has by default.
pub const LAYER_NORM_EPS: f64 = 1e-5;

pub fn linear(at: &Scope, inputs: usize, outputs: usize) -> Result<Linear, ModelError> {
    Ok(Linear::new(at.tensor("weight", &[outputs, inputs])?, Some(at.tensor("bias", &[outputs])?)))
}

pub fn linear_no_bias(at: &Scope, inputs: usize, outputs: usize) -> Result<Linear, ModelError> {
    Ok(Linear::new(at.tensor("weight", &[outputs, inputs])?, None))
}

/// 3×3, keeps the size.
pub fn conv3x3(at: &Scope, inputs: usize, outputs: usize) -> Result<Conv3x3, ModelError> {
    conv3x3_with(at, inputs, outputs, 1, 1)
}

pub fn conv3x3_with(
    at: &Scope,
    inputs: usize,
    outputs: usize,
    stride: usize,
    padding: usize,
) -> Result<Conv3x3, ModelError> {
    let weight = at.tensor("weight", &[outputs, inputs, 3, 3])?;
    Ok(Conv3x3::new(weight, at.tensor("bias", &[outputs])?, stride, padding)?)
}

pub fn conv1x1(at: &Scope, inputs: usize, outputs: usize) -> Result<Conv2d, ModelError> {
    let weight = at.tensor("weight", &[outputs, inputs, 1, 1])?;
    Ok(Conv2d::new(weight, Some(at.tensor("bias", &[outputs])?), Conv2dConfig::default()))
}

pub fn layer_norm(at: &Scope, size: usize, eps: f64) -> Result<LayerNorm, ModelError> {
    Ok(LayerNorm::new(at.tensor("weight", &[size])?, at.tensor("bias", &[size])?, eps))
}

pub fn group_norm(at: &Scope, groups: usize, channels: usize, eps: f64) -> Result<FusedGroupNorm, ModelError> {
    let (weight, bias) = (at.tensor("weight", &[channels])?, at.tensor("bias", &[channels])?);
    Ok(FusedGroupNorm::new(&weight, &bias, channels, groups, eps)?)
}
