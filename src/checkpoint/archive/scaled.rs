//! Tensors in float8 that a number beside them brings back to size, as `ComfyUI` keeps them (`fp8_scaled`): `NAME.weight` is
//! times `NAME.scale_weight`, or `NAME.weight_scale` in newer files.

use std::collections::{BTreeMap, BTreeSet};

use candle_core::{DType, Tensor};

use super::TensorInfo;
use super::element::Element;

const SCALES: [&str; 2] = ["scale_weight", "weight_scale"];
/// What such files have besides: how inputs may be made smaller, and how the weight is kept.
const BESIDES: [&str; 3] = ["scale_input", "input_scale", "comfy_quant"];
/// What is multiplied as it stands.
const PLAIN: [&str; 3] = ["F32", "F16", "BF16"];
/// An empty tensor that marks the whole file.
const MARK: &str = "scaled_fp8";

/// The scales of a file's tensors.
#[derive(Debug, Default)]
pub(crate) struct Scales {
    /// By the name of a weight.
    of_weights: BTreeMap<String, String>,
    /// What is no tensor of a network.
    hidden: BTreeSet<String>,
    /// Weights that are packed in another way than in float8 times a number, and what their scales are.
    unread: BTreeMap<String, String>,
}

impl Scales {
    #[must_use]
    pub(crate) fn of(tensors: &[TensorInfo]) -> Self {
        let mut scales = Self::default();
        let known: BTreeMap<&str, &TensorInfo> = tensors.iter().map(|tensor| (tensor.name.as_str(), tensor)).collect();
        for scale in tensors {
            let name = &scale.name;
            let Some((at, kind)) = name.rsplit_once('.') else {
                if name == MARK {
                    scales.hidden.insert(name.clone());
                }
                continue;
            };
            let weight = format!("{at}.weight");
            let Some(tensor) = known.get(weight.as_str()) else {
                if kind == MARK {
                    scales.hidden.insert(name.clone());
                }
                continue;
            };
            if SCALES.contains(&kind) {
                scales.hidden.insert(name.clone());
                let is_number = PLAIN.contains(&scale.precision.as_str());
                if is_float8(&tensor.precision) && is_number && Form::of(&scale.shape, &tensor.shape).is_some() {
                    scales.of_weights.insert(weight, name.clone());
                } else if !PLAIN.contains(&tensor.precision.as_str()) {
                    scales.unread.insert(weight, format!("{} scales of shape {:?}", scale.precision, scale.shape));
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
        for tensor in &mut tensors {
            if let Some(scales) = self.unread.get(&tensor.name) {
                tensor.precision = format!("{} with {scales}", tensor.precision);
                tensor.is_read = false;
            }
        }
        tensors
    }

    /// The name of a weight's scale.
    #[must_use]
    pub(crate) fn of_weight(&self, name: &str) -> Option<&str> {
        self.of_weights.get(name).map(String::as_str)
    }
}

fn is_float8(kind: &str) -> bool {
    kind == Element::F8E4M3.name() || kind == Element::F8E5M2.name()
}

/// What of a weight a scale belongs to.
enum Form {
    Whole,
    /// Each row has its own.
    Rows,
}

impl Form {
    /// By their shapes; `None` for scales of columns or of smaller parts, of which there may be as many as rows.
    fn of(scale: &[usize], weight: &[usize]) -> Option<Self> {
        let rows = weight.first().copied().unwrap_or(1);
        match scale {
            rest if rest.iter().all(|side| *side == 1) => Some(Self::Whole),
            [first, rest @ ..] if *first == rows && rest.iter().all(|side| *side == 1) => Some(Self::Rows),
            _ => None,
        }
    }
}

/// The weight in single precision, times one number, or one for each of its rows.
///
/// # Errors
/// When the scales belong to something else.
pub(crate) fn scaled(name: &str, weight: &Tensor, scale: &Tensor) -> Result<Tensor, candle_core::Error> {
    let (weight, scale) = (weight.to_dtype(DType::F32)?, scale.to_dtype(DType::F32)?);
    let mut shape = vec![1; weight.rank()];
    match (Form::of(scale.dims(), weight.dims()), shape.first_mut()) {
        (Some(Form::Rows), Some(first)) => *first = weight.dim(0)?,
        (Some(_), _) => {}
        (None, _) => {
            return Err(candle_core::Error::msg(format!(
                "the tensor {name} of shape {:?} has scales of shape {:?}",
                weight.dims(),
                scale.dims()
            )));
        }
    }
    weight.broadcast_mul(&scale.reshape(shape)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor(name: &str, precision: &str, shape: &[usize]) -> TensorInfo {
        TensorInfo {
            name: name.to_owned(),
            shape: shape.to_vec(),
            precision: precision.to_owned(),
            bytes: 1,
            is_read: true,
        }
    }

    #[test]
    fn scales_are_told_by_their_shape_and_kind() {
        for (scale, kind, is_read) in [
            (vec![], "F32", true),
            (vec![1], "BF16", true),
            (vec![1, 1], "F32", true),
            (vec![4], "F32", true),
            (vec![4, 1], "F32", true),
            // Of columns, of blocks of a row, and in a form that counts as an exponent.
            (vec![1, 4], "F32", false),
            (vec![4, 2], "F32", false),
            (vec![2, 2], "F32", false),
            (vec![4], "U8", false),
        ] {
            let tensors = [
                tensor("a.weight", "F8_E4M3", &[4, 4]),
                tensor("a.weight_scale", kind, &scale),
                tensor("a.comfy_quant", "U8", &[9]),
            ];
            let scales = Scales::of(&tensors);
            let left = scales.without_scales(tensors.to_vec());
            assert_eq!(left.iter().map(|tensor| tensor.is_read).collect::<Vec<_>>(), [is_read], "{kind} {scale:?}");
            assert_eq!(scales.of_weight("a.weight").is_some(), is_read, "{kind} {scale:?}");
            assert!(is_read || left[0].precision.contains("scales of shape"), "{}", left[0].precision);
        }
        // A norm's own scale is a tensor like any other.
        let tensors = [tensor("norm.scale", "F32", &[4])];
        assert_eq!(Scales::of(&tensors).without_scales(tensors.to_vec()).len(), 1);
    }

    #[test]
    fn scales_of_rows_and_of_the_whole_are_multiplied_where_they_belong() {
        let device = candle_core::Device::Cpu;
        let weight = Tensor::new(&[[1f32, 2.0], [3.0, 4.0]], &device).unwrap();
        let found = |scale: &[f32], shape: &[usize]| {
            let scale = Tensor::from_slice(scale, shape, &device).unwrap();
            scaled("a", &weight, &scale).map(|found| found.flatten_all().unwrap().to_vec1::<f32>().unwrap())
        };
        assert_eq!(found(&[2.0], &[]).unwrap(), [2.0, 4.0, 6.0, 8.0]);
        assert_eq!(found(&[2.0, 10.0], &[2]).unwrap(), [2.0, 4.0, 30.0, 40.0]);
        assert_eq!(found(&[2.0, 10.0], &[2, 1]).unwrap(), [2.0, 4.0, 30.0, 40.0]);
        let sentence = found(&[2.0, 10.0], &[1, 2]).unwrap_err().to_string();
        assert!(sentence.contains("scales of shape [1, 2]"), "{sentence}");
    }
}
