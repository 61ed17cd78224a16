//! Tensors in float8 that a number beside them brings back to size, as `ComfyUI` keeps them (`fp8_scaled`): `NAME.weight` is
//! times `NAME.scale_weight`, or `NAME.weight_scale` in newer files.

use std::collections::{BTreeMap, BTreeSet};

use candle_core::{DType, Tensor};

use super::TensorInfo;
use super::element::Element;

const SCALES: [&str; 2] = ["scale_weight", "weight_scale"];
/// What such files have besides: how inputs may be made smaller, and how the weight is kept.
const BESIDES: [&str; 3] = ["scale_input", "input_scale", "comfy_quant"];
/// An empty tensor that marks the whole file.
const MARK: &str = "scaled_fp8";

/// The scales of a file's tensors.
#[derive(Debug, Default)]
pub(crate) struct Scales {
    /// By the name of a weight.
    of_weights: BTreeMap<String, String>,
    /// What is no tensor of a network.
    hidden: BTreeSet<String>,
    /// Weights that are packed in another way than in float8, for which only their scales are known here.
    unread: BTreeSet<String>,
}

impl Scales {
    #[must_use]
    pub(crate) fn of(tensors: &[TensorInfo]) -> Self {
        let mut scales = Self::default();
        let kinds: BTreeMap<&str, &str> =
            tensors.iter().map(|tensor| (tensor.name.as_str(), tensor.precision.as_str())).collect();
        let is_float8 = |kind: &str| kind == Element::F8E4M3.name() || kind == Element::F8E5M2.name();
        for TensorInfo { name, .. } in tensors {
            let Some((at, kind)) = name.rsplit_once('.') else {
                if name == MARK {
                    scales.hidden.insert(name.clone());
                }
                continue;
            };
            let weight = format!("{at}.weight");
            let Some(precision) = kinds.get(weight.as_str()) else {
                if kind == MARK {
                    scales.hidden.insert(name.clone());
                }
                continue;
            };
            if SCALES.contains(&kind) {
                scales.hidden.insert(name.clone());
                if is_float8(precision) {
                    scales.of_weights.insert(weight, name.clone());
                } else if !matches!(*precision, "F32" | "F16" | "BF16") {
                    scales.unread.insert(weight);
                }
            } else if BESIDES.contains(&kind) {
                scales.hidden.insert(name.clone());
            }
        }
        scales
    }

    /// The tensors of networks among those of a file.
    #[must_use]
    pub(crate) fn without_scales(&self, mut tensors: Vec<TensorInfo>) -> Vec<TensorInfo> {
        tensors.retain(|tensor| !self.hidden.contains(&tensor.name));
        for tensor in tensors.iter_mut().filter(|tensor| self.unread.contains(&tensor.name)) {
            tensor.precision = format!("{} with scales", tensor.precision);
            tensor.is_read = false;
        }
        tensors
    }

    /// The name of a weight's scale.
    #[must_use]
    pub(crate) fn of_weight(&self, name: &str) -> Option<&str> {
        self.of_weights.get(name).map(String::as_str)
    }
}

/// The weight in single precision, times one number, or one for each of its rows.
///
/// # Errors
/// When there are as many scales as do not fit it.
pub(crate) fn scaled(name: &str, weight: &Tensor, scale: &Tensor) -> Result<Tensor, candle_core::Error> {
    let (weight, scale) = (weight.to_dtype(DType::F32)?, scale.to_dtype(DType::F32)?.flatten_all()?);
    let rows = weight.dims().first().copied().unwrap_or(1);
    let scale = match scale.elem_count() {
        1 => scale.reshape(vec![1; weight.rank()])?,
        count if count == rows => {
            let mut shape = vec![1; weight.rank()];
            if let Some(first) = shape.first_mut() {
                *first = rows;
            }
            scale.reshape(shape)?
        }
        count => return Err(candle_core::Error::msg(format!("the tensor {name} has {count} scales for {rows} rows"))),
    };
    weight.broadcast_mul(&scale)
}
