//! The two networks: `RRDBNet` ("ESRGAN: Enhanced Super-Resolution Generative Adversarial Networks" and "Real-ESRGAN") and
//! the compact one of Real-ESRGAN.

use super::super::{CancelCheck, ModelError};
use super::shuffle::{folded, repeated, unfolded};
use crate::checkpoint::{UpscalerFile, UpscalerNetwork};
use crate::kernels::{
    Conv3x3, Epilogue, Level, Map, OutputTile, Packing, Precision, Steps, WeightSlice, add_scaled, leaky,
};

/// Of what lies below 0, in every activation of `RRDBNet`.
const SLOPE: f32 = 0.2;
/// How much of a dense block is added to what came in.
const RESIDUAL: f32 = 0.2;

pub(super) struct Convolution {
    layer: Conv3x3,
}

impl Convolution {
    fn new(file: &UpscalerFile, name: &str, inputs: usize, outputs: usize) -> Result<Self, ModelError> {
        let weight = file.values(&format!("{name}.weight"), &[outputs, inputs, 3, 3])?;
        let bias = file.values(&format!("{name}.bias"), &[outputs])?;
        let packing =
            Packing { precision: Precision::F32, winograd: Some(OutputTile::FourByFour), level: Level::current() };
        let layer = Conv3x3::new(WeightSlice::F32(&weight), &bias, inputs, Steps::SAME, packing)?;
        Ok(Self { layer })
    }

    fn forward(&self, x: &Map) -> Result<Map, ModelError> {
        Ok(self.layer.forward(x, (x.height, x.width), &Epilogue::default())?)
    }

    fn activated(&self, x: &Map) -> Result<Map, ModelError> {
        Ok(leaky(&self.forward(x)?, &[SLOPE]))
    }
}

/// Five convolutions, each of which sees all before it.
pub(super) struct DenseBlock {
    convolutions: Vec<Convolution>,
}

impl DenseBlock {
    fn new(file: &UpscalerFile, name: &str, features: usize, growth: usize) -> Result<Self, ModelError> {
        let convolution = |index: usize| {
            let outputs = if index == 4 { features } else { growth };
            Convolution::new(file, &format!("{name}.conv{}", index + 1), features + index * growth, outputs)
        };
        Ok(Self { convolutions: (0..5).map(convolution).collect::<Result<_, _>>()? })
    }

    fn forward(&self, x: &Map) -> Result<Map, ModelError> {
        let mut seen = x.clone();
        for convolution in &self.convolutions[..4] {
            seen = crate::kernels::concatenate(&seen, &convolution.activated(&seen)?)?;
        }
        Ok(add_scaled(&self.convolutions[4].forward(&seen)?, RESIDUAL, x)?)
    }
}

#[allow(clippy::large_enum_variant)] // There is one at a time.
pub(super) enum Network {
    Rrdb {
        shuffle: usize,
        first: Convolution,
        blocks: Vec<[DenseBlock; 3]>,
        body: Convolution,
        ups: Vec<Convolution>,
        high: Convolution,
        last: Convolution,
    },
    Compact {
        scale: usize,
        convolutions: Vec<Convolution>,
        slopes: Vec<Vec<f32>>,
    },
}

impl Network {
    pub(super) fn read(file: &UpscalerFile) -> Result<Self, ModelError> {
        Ok(match file.network() {
            UpscalerNetwork::Rrdb { blocks, features, growth, ups, shuffle } => {
                let same = |name: &str| Convolution::new(file, name, features, features);
                let dense = |block: usize, part: usize| {
                    DenseBlock::new(file, &format!("body.{block}.rdb{part}"), features, growth)
                };
                let block = |index| Ok::<_, ModelError>([dense(index, 1)?, dense(index, 2)?, dense(index, 3)?]);
                Self::Rrdb {
                    shuffle,
                    first: Convolution::new(file, "conv_first", 3 * shuffle * shuffle, features)?,
                    blocks: (0..blocks).map(block).collect::<Result<_, _>>()?,
                    body: same("conv_body")?,
                    ups: (1..=ups).map(|up| same(&format!("conv_up{up}"))).collect::<Result<_, _>>()?,
                    high: same("conv_hr")?,
                    last: Convolution::new(file, "conv_last", features, 3)?,
                }
            }
            UpscalerNetwork::Compact { convolutions, features, scale } => {
                let convolution = |index: usize| {
                    let inputs = if index == 0 { 3 } else { features };
                    let outputs = if index + 1 == convolutions { 3 * scale * scale } else { features };
                    Convolution::new(file, &format!("body.{}", 2 * index), inputs, outputs)
                };
                let slopes = |index: usize| file.values(&format!("body.{}.weight", 2 * index + 1), &[features]);
                Self::Compact {
                    scale,
                    slopes: (0..convolutions - 1).map(slopes).collect::<Result<_, _>>()?,
                    convolutions: (0..convolutions).map(convolution).collect::<Result<_, _>>()?,
                }
            }
        })
    }

    /// `(height, width, 3)` in 0…1 to so many times that; the sides are multiples of [`super::Upscaler::fold`].
    pub(super) fn forward(&self, x: &Map, cancel_check: CancelCheck) -> Result<Map, ModelError> {
        match self {
            Self::Rrdb { shuffle, first, blocks, body, ups, high, last } => {
                let start = first.forward(&if *shuffle > 1 { folded(x, *shuffle)? } else { x.clone() })?;
                let mut features = start.clone();
                for block in blocks {
                    cancel_check()?;
                    let mut inner = features.clone();
                    for dense in block {
                        inner = dense.forward(&inner)?;
                    }
                    features = add_scaled(&inner, RESIDUAL, &features)?;
                }
                features = add_scaled(&body.forward(&features)?, 1.0, &start)?;
                for up in ups {
                    cancel_check()?;
                    features = up.activated(&repeated(&features, 2)?)?;
                }
                cancel_check()?;
                last.forward(&high.activated(&features)?)
            }
            Self::Compact { scale, convolutions, slopes } => {
                let mut features = x.clone();
                for (index, convolution) in convolutions.iter().enumerate() {
                    cancel_check()?;
                    features = convolution.forward(&features)?;
                    if let Some(slopes) = slopes.get(index) {
                        features = leaky(&features, slopes);
                    }
                }
                Ok(add_scaled(&unfolded(&features, *scale)?, 1.0, &repeated(x, *scale)?)?)
            }
        }
    }
}
