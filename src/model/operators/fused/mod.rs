//! What a device may have instead of candle's operators: kernels that do in one pass what candle does in many, on
//! pictures whose channels lie last. A tensor keeps its sides' order; only its strides say how it lies.
//!
//! [`FusedKernels`] is all that another kind of card would have to give.

mod attention;
mod layers;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod tests;
mod tokens;

use std::fmt::Debug;
use std::sync::Arc;

use candle_core::{DType, Tensor};

use super::window::Window;
use super::{Array, Operators};
use crate::kernels::{Activation, RotaryPairs};
pub(super) use attention::attention_fits;
#[cfg(feature = "cuda")]
pub(super) use attention::{WIDEST_HEAD, queries_at_once};
#[cfg(test)]
#[cfg(feature = "cuda")]
pub(super) use reference::Reference;

pub(super) type Answer = Result<Tensor, candle_core::Error>;

/// What follows a product before it is written: `residual + activation(product + bias + per_picture)`.
#[derive(Debug)]
pub(in super::super) struct DeviceEpilogue<'a, T> {
    /// `(outputs)`
    pub bias: Option<&'a T>,
    /// `(batch, outputs)`, for all pixels of a picture.
    pub per_picture: Option<&'a T>,
    pub activation: Activation,
    /// As what is given.
    pub residual: Option<&'a T>,
}

// Only references: whatever they lead to, these are copied.
impl<T> Clone for DeviceEpilogue<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for DeviceEpilogue<'_, T> {}

impl<T> Default for DeviceEpilogue<'_, T> {
    fn default() -> Self {
        Self { bias: None, per_picture: None, activation: Activation::None, residual: None }
    }
}

/// Kernels of a device's own. Every tensor that is given lies in one piece, on the device; pictures are
/// `(batch, height, width, channels)` here. Sums are taken in single precision.
pub(super) trait FusedKernels: Debug + Send + Sync {
    /// Number formats of all that is given.
    fn supports(&self, dtype: DType) -> bool;

    /// `weight` `(outputs, side, side, inputs)`; `seen` is the size to which the picture is brought first, each pixel
    /// from the nearest, and `answer` that of what is given.
    fn convolve(
        &self,
        x: &Tensor,
        weight: &Tensor,
        window: Window,
        sizes: Sizes,
        epilogue: DeviceEpilogue<Tensor>,
    ) -> Answer;

    /// `x` `(rows, inputs)`, `weight` `(outputs, inputs)`.
    fn linear(&self, x: &Tensor, weight: &Tensor, epilogue: DeviceEpilogue<Tensor>) -> Answer;

    /// The first half of the outputs, times the GELU of the second half; their number is a multiple of 16.
    fn gated_linear(&self, x: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Answer;

    /// Exact attention of `(batch, tokens, heads · d)`, in memory that does not grow with the square of the tokens.
    fn attention(&self, q: &Tensor, k: &Tensor, v: &Tensor, heads: usize, causal: bool) -> Answer;

    fn group_norm(&self, x: &Tensor, norm: [&Tensor; 2], groups: usize, eps: f32, activation: Activation) -> Answer;

    /// `scales` `(channels, 2)` in single precision: each channel's factor and summand.
    fn scale_channels(&self, x: &Tensor, scales: &Tensor) -> Answer;

    fn layer_norm(&self, x: &Tensor, norm: [&Tensor; 2], eps: f32) -> Answer;

    fn add(&self, a: &Tensor, b: &Tensor) -> Answer;

    fn activate(&self, x: &Tensor, activation: Activation) -> Answer;

    /// `x` alone may lie in any way, of at most four sides.
    fn copy(&self, x: &Tensor) -> Answer;

    /// Rows of channels behind each other: `(rows, first)` and `(rows, second)`.
    fn concatenate(&self, first: &Tensor, second: &Tensor) -> Answer;

    /// `x` `(batch, tokens, heads · 2 · half)` turned by `angles`, cosines and sines `(tokens, half)` in single precision;
    /// `half` is a multiple of eight.
    fn rotate(&self, x: &Tensor, angles: [&Tensor; 2], pairs: RotaryPairs) -> Answer;

    /// `residual + factors · x`, a factor for each value of the last side, which is a multiple of eight.
    fn scale_onto(&self, x: &Tensor, factors: &Tensor, residual: &Tensor) -> Answer;
}

/// Height and width of a convolution's picture before it is cut into windows, and of its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sizes {
    pub seen: [usize; 2],
    pub answer: [usize; 2],
}

/// Kernels that are there, or, in a dry run of a card that has them, only thought to be: it goes the same way.
#[derive(Clone, Debug)]
pub(super) enum Fused {
    Here(Arc<dyn FusedKernels>),
    Traced,
}

impl Fused {
    pub(super) fn supports(&self, dtype: DType) -> bool {
        match self {
            Self::Here(kernels) => kernels.supports(dtype),
            Self::Traced => matches!(dtype, DType::F16 | DType::BF16),
        }
    }

    /// Only asked for inside of an operator, which is not run where it is traced.
    pub(super) fn real(&self) -> Result<&dyn FusedKernels, candle_core::Error> {
        match self {
            Self::Here(kernels) => Ok(&**kernels),
            Self::Traced => Err(candle_core::Error::Msg("kernels that are only traced compute nothing".to_owned())),
        }
    }
}

impl Operators {
    /// The device's own kernels, where it has some for this number format.
    pub(super) fn fused(&self) -> Option<&Fused> {
        self.context.fused.as_ref().filter(|fused| fused.supports(self.dtype()))
    }
}

impl Array {
    pub(super) fn fused(&self) -> Option<&Fused> {
        self.on().context.fused.as_ref().filter(|fused| fused.supports(self.dtype()))
    }

    /// A picture as `(batch, height, width, channels)` in one piece: as it lies where kernels are fused.
    pub(super) fn channels_last(&self) -> Result<Self, super::super::ModelError> {
        self.permute([0, 2, 3, 1])?.contiguous()
    }

    /// The way back, which moves nothing.
    pub(super) fn channels_first(&self) -> Result<Self, super::super::ModelError> {
        self.permute([0, 3, 1, 2])
    }

    fn permute(&self, order: [usize; 4]) -> Result<Self, super::super::ModelError> {
        self.view(|tensor| tensor.permute(order), |layout| layout.permute(&order))
    }
}
