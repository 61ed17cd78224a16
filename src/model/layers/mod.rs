//! The layers that every network is made of, read from their place in the weights; each runs on our kernels or on candle.

mod conv;
mod group_norm;
mod layer_norm;
mod linear;

pub(crate) use conv::{Added, Conv1x1, Conv3x3};
pub(crate) use group_norm::GroupNorm;
pub(crate) use layer_norm::LayerNorm;
pub(crate) use linear::{GatedLinear, Linear};

use candle_core::{Storage, Tensor};

use super::ModelError;
use super::kept_forms::KeptForm;
use super::weights::Scope;
use crate::kernels::{Packing, ShapeError, WeightSlice};

/// Exact to what `LayerNorm` of `PyTorch` has by default.
pub(crate) const LAYER_NORM_EPS: f64 = 1e-5;

/// Packs the weight at `at`, straight from its file where that can be; its rows have `width` numbers and may stay quantised.
fn packed_rows<T>(
    at: &Scope,
    shape: &[usize],
    width: usize,
    pack: impl FnOnce(WeightSlice, Packing) -> Result<T, ShapeError>,
) -> Result<T, ModelError> {
    let packing = KeptForm::packing(at.kept_form("weight"), at.packing());
    packed_from(at, shape, Some(width), |source| pack(source, packing))
}

/// The same, packed as `pack` knows; quantised weights are widened where no `width` is given.
fn packed_from<T>(
    at: &Scope,
    shape: &[usize],
    width: Option<usize>,
    pack: impl FnOnce(WeightSlice) -> Result<T, ShapeError>,
) -> Result<T, ModelError> {
    if let Some(numbers) = at.numbers("weight", shape, width)?
        && let Some(source) = numbers.source()
    {
        return Ok(pack(source)?);
    }
    let weight = at.tensor("weight", shape)?.contiguous()?;
    let (storage, layout) = weight.storage_and_layout();
    let Storage::Cpu(storage) = &*storage else { return Err(ModelError::mixed_devices()) };
    let range = layout.start_offset()..layout.start_offset() + layout.shape().elem_count();
    let source = match storage {
        candle_core::CpuStorage::F16(values) => WeightSlice::F16(&values[range]),
        candle_core::CpuStorage::BF16(values) => WeightSlice::Bf16(&values[range]),
        other => WeightSlice::F32(&other.as_slice::<f32>()?[range]),
    };
    Ok(pack(source)?)
}

/// On the host, in single precision.
pub(crate) fn host_vector(tensor: &Tensor) -> Result<Vec<f32>, ModelError> {
    Ok(tensor.to_dtype(candle_core::DType::F32)?.flatten_all()?.to_vec1::<f32>()?)
}
