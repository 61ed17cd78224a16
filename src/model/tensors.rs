//! The tensors of small networks by their published names, and the kernels' layers that are made of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use candle_core::{DType, Device};

use super::ModelError;
use crate::checkpoint::Archive;
use crate::kernels::{
    Conv3x3, Depthwise3x3, LayerNorm, Level, Linear, OutputTile, Packing, Precision, Steps, WeightSlice,
};

/// What `BatchNorm2d` of `PyTorch` has by default.
const BATCH_NORM_EPS: f32 = 1e-5;
/// Of the norms over a picture's channels.
const CHANNEL_NORM_EPS: f64 = 1e-6;

pub(crate) struct Tensors {
    archive: Archive,
    shapes: BTreeMap<String, Vec<usize>>,
    path: PathBuf,
    refuse: Refuse,
}

/// What is said of a file that holds another network: how it differs, and where it lies.
pub(crate) type Refuse = fn(reason: String, path: PathBuf) -> ModelError;

/// A place in the tree of names.
#[derive(Clone)]
pub(crate) struct Place<'a> {
    tensors: &'a Tensors,
    prefix: String,
}

impl Tensors {
    pub(crate) fn open(path: &Path, refuse: Refuse) -> Result<Self, ModelError> {
        let archive = Archive::open(path)?;
        let shapes = archive.tensors().into_iter().map(|tensor| (tensor.name, tensor.shape)).collect();
        Ok(Self { archive, shapes, path: path.to_owned(), refuse })
    }

    /// The place `name`; the top of all names where that is empty.
    pub(crate) fn at(&self, name: &str) -> Place<'_> {
        Place { tensors: self, prefix: name.to_owned() }
    }
}

impl Place<'_> {
    pub(crate) fn at(&self, name: impl std::fmt::Display) -> Self {
        Self { tensors: self.tensors, prefix: self.full(name) }
    }

    fn full(&self, name: impl std::fmt::Display) -> String {
        if self.prefix.is_empty() { name.to_string() } else { format!("{}.{name}", self.prefix) }
    }

    /// Whether a tensor of this name is here.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.tensors.shapes.contains_key(&self.full(name))
    }

    /// The sizes of the tensor `name`, which must have so many.
    pub(crate) fn shape<const N: usize>(&self, name: &str) -> Result<[usize; N], ModelError> {
        let full = self.full(name);
        let shape = self.tensors.shapes.get(&full).ok_or_else(|| self.wrong(format!("lacks {full}")))?;
        shape.as_slice().try_into().map_err(|_| self.wrong(format!("has {full} as {shape:?}")))
    }

    /// The tensor's numbers, row by row.
    pub(crate) fn values(&self, name: &str, wanted: &[usize]) -> Result<Vec<f32>, ModelError> {
        let full = self.full(name);
        let shape = self.tensors.shapes.get(&full).ok_or_else(|| self.wrong(format!("lacks {full}")))?;
        if shape != wanted {
            return Err(self.wrong(format!("has {full} as {shape:?} instead of {wanted:?}")));
        }
        let tensor = self.tensors.archive.load(&full, &Device::Cpu)?;
        Ok(tensor.to_dtype(DType::F32)?.flatten_all()?.to_vec1()?)
    }

    pub(crate) fn wrong(&self, reason: String) -> ModelError {
        (self.tensors.refuse)(reason, self.tensors.path.clone())
    }

    pub(crate) fn linear(&self, inputs: usize, outputs: usize) -> Result<Linear, ModelError> {
        let (weight, bias) = (self.values("weight", &[outputs, inputs])?, self.values("bias", &[outputs])?);
        Ok(Linear::new(WeightSlice::F32(&weight), Some(&bias), inputs, packing())?)
    }

    pub(crate) fn layer_norm(&self, size: usize) -> Result<LayerNorm, ModelError> {
        self.norm(size, super::layers::LAYER_NORM_EPS)
    }

    /// Over the channels of each pixel.
    pub(crate) fn channel_norm(&self, size: usize) -> Result<LayerNorm, ModelError> {
        self.norm(size, CHANNEL_NORM_EPS)
    }

    pub(crate) fn norm(&self, size: usize, eps: f64) -> Result<LayerNorm, ModelError> {
        let (weight, bias) = (self.values("weight", &[size])?, self.values("bias", &[size])?);
        Ok(LayerNorm::new(weight, bias, eps, Level::current())?)
    }

    /// The same with this many rows from `first` on, of a matrix that holds several layers.
    pub(crate) fn linear_rows(
        &self,
        inputs: usize,
        rows: std::ops::Range<usize>,
        all_rows: usize,
    ) -> Result<Linear, ModelError> {
        let (weight, bias) = (self.values("weight", &[all_rows, inputs])?, self.values("bias", &[all_rows])?);
        let weight = &weight[rows.start * inputs..rows.end * inputs];
        Ok(Linear::new(WeightSlice::F32(weight), Some(&bias[rows]), inputs, packing())?)
    }

    /// A 1×1 convolution with bias.
    pub(crate) fn biased_point(&self, inputs: usize, outputs: usize) -> Result<Linear, ModelError> {
        let (weight, bias) = (self.values("weight", &[outputs, inputs, 1, 1])?, self.values("bias", &[outputs])?);
        Ok(Linear::new(WeightSlice::F32(&weight), Some(&bias), inputs, packing())?)
    }

    /// A convolution of `side` × `side` places with bias, as a product with what `annotate::maps::wide` lays side by
    /// side: place by place, each with its channels.
    pub(crate) fn wide_convolution(&self, inputs: usize, outputs: usize, side: usize) -> Result<Linear, ModelError> {
        let (weight, bias) = (self.values("weight", &[outputs, inputs, side, side])?, self.values("bias", &[outputs])?);
        let area = side * side;
        let mut by_place = Vec::with_capacity(weight.len());
        for kernel in weight.chunks_exact(inputs * area) {
            by_place.extend((0..area).flat_map(|place| (0..inputs).map(move |input| kernel[input * area + place])));
        }
        Ok(Linear::new(WeightSlice::F32(&by_place), Some(&bias), inputs * area, packing())?)
    }

    /// A transposed convolution whose `side` is its stride: each pixel becomes `side` × `side` of them, which follow each
    /// other in the product's outputs.
    pub(crate) fn spreading(&self, channels: usize, side: usize) -> Result<Linear, ModelError> {
        let weight = self.values("weight", &[channels, channels, side, side])?;
        let bias = self.values("bias", &[channels])?;
        let area = side * side;
        let mut rows = Vec::with_capacity(weight.len());
        for place in 0..area {
            for output in 0..channels {
                rows.extend((0..channels).map(|input| weight[(input * channels + output) * area + place]));
            }
        }
        let bias: Vec<f32> = (0..area).flat_map(|_| bias.iter().copied()).collect();
        Ok(Linear::new(WeightSlice::F32(&rows), Some(&bias), channels, packing())?)
    }

    /// A transposed 3×3 convolution that doubles the size, as a convolution of the map with zeros between its pixels.
    pub(crate) fn doubling(&self, inputs: usize, outputs: usize) -> Result<Conv3x3, ModelError> {
        let weight = self.values("weight", &[inputs, outputs, 3, 3])?;
        let bias = self.values("bias", &[outputs])?;
        let mut turned = Vec::with_capacity(weight.len());
        for output in 0..outputs {
            for input in 0..inputs {
                turned.extend(weight[(input * outputs + output) * 9..][..9].iter().rev());
            }
        }
        Ok(Conv3x3::new(WeightSlice::F32(&turned), &bias, inputs, Steps::SAME, packing())?)
    }

    /// A 3×3 convolution with bias.
    pub(crate) fn biased_convolution(
        &self,
        inputs: usize,
        outputs: usize,
        steps: Steps,
    ) -> Result<Conv3x3, ModelError> {
        let (weight, bias) = (self.values("weight", &[outputs, inputs, 3, 3])?, self.values("bias", &[outputs])?);
        Ok(Conv3x3::new(WeightSlice::F32(&weight), &bias, inputs, steps, packing())?)
    }

    /// A 1×1 convolution without bias.
    pub(crate) fn point(&self, inputs: usize, outputs: usize) -> Result<Linear, ModelError> {
        let weight = self.values("weight", &[outputs, inputs, 1, 1])?;
        Ok(Linear::new(WeightSlice::F32(&weight), None, inputs, packing())?)
    }

    /// A 3×3 convolution without bias.
    pub(crate) fn convolution(&self, inputs: usize, outputs: usize) -> Result<Conv3x3, ModelError> {
        let weight = self.values("weight", &[outputs, inputs, 3, 3])?;
        Ok(Conv3x3::new(WeightSlice::F32(&weight), &vec![0.0; outputs], inputs, Steps::SAME, packing())?)
    }

    /// A 3×3 convolution and the norm over the batch behind it, as one.
    pub(crate) fn normed_convolution(
        &self,
        inputs: usize,
        outputs: usize,
        steps: Steps,
    ) -> Result<Conv3x3, ModelError> {
        let (weight, bias) = self.folded(&[outputs, inputs, 3, 3])?;
        Ok(Conv3x3::new(WeightSlice::F32(&weight), &bias, inputs, steps, packing())?)
    }

    /// The same with 1×1.
    pub(crate) fn normed_point(&self, inputs: usize, outputs: usize) -> Result<Linear, ModelError> {
        let (weight, bias) = self.folded(&[outputs, inputs, 1, 1])?;
        Ok(Linear::new(WeightSlice::F32(&weight), Some(&bias), inputs, packing())?)
    }

    /// The same with every channel for itself.
    pub(crate) fn normed_depthwise(&self, channels: usize, steps: Steps) -> Result<Depthwise3x3, ModelError> {
        let (weight, bias) = self.folded(&[channels, 1, 3, 3])?;
        Ok(Depthwise3x3::new(&weight, bias, steps, Level::current())?)
    }

    /// `c` with the norm `bn` worked into its weight and bias.
    fn folded(&self, shape: &[usize; 4]) -> Result<(Vec<f32>, Vec<f32>), ModelError> {
        let outputs = shape[0];
        let mut weight = self.values("c.weight", shape)?;
        let norm = self.at("bn");
        let (scale, shift) = (norm.values("weight", &[outputs])?, norm.values("bias", &[outputs])?);
        let (mean, variance) = (norm.values("running_mean", &[outputs])?, norm.values("running_var", &[outputs])?);
        let mut bias = Vec::with_capacity(outputs);
        for (channel, weight) in weight.chunks_exact_mut(shape[1..].iter().product()).enumerate() {
            let factor = scale[channel] / (variance[channel] + BATCH_NORM_EPS).sqrt();
            for weight in weight.iter_mut() {
                *weight *= factor;
            }
            bias.push(shift[channel] - mean[channel] * factor);
        }
        Ok((weight, bias))
    }
}

fn packing() -> Packing {
    Packing { precision: Precision::F32, winograd: Some(OutputTile::FourByFour), level: Level::current() }
}
