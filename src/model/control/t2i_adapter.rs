//! T2I-Adapter: small maps that are made of a picture once and added to the UNet's way down at every step ("T2I-Adapter:
//! Learning Adapters to Dig out More Controllable Ability for Text-to-Image Diffusion Models", arXiv 2302.08453).

use candle_core::Tensor;

use super::super::ModelError;
use super::super::feature::{Execution, Feature};
use super::super::layers::{Conv1x1, Conv3x3};
use super::super::weights::{Scope, Weights};
use super::{AddedMap, Share};
use crate::checkpoint::{AdapterConfig, AdapterType};

pub struct Adapter {
    execution: Execution,
    conv_in: Option<Conv3x3>,
    levels: Vec<Level>,
}

/// What an adapter adds, level by level.
#[derive(Clone)]
pub struct AdapterMaps(pub(super) Vec<AddedMap>);

impl AdapterMaps {
    /// Height and width of each.
    ///
    /// # Errors
    /// None that a person could cause.
    pub fn sizes(&self) -> Result<Vec<(usize, usize)>, ModelError> {
        self.0.iter().map(|added| added.map.size()).collect()
    }

    /// The maps times what each counts, multiplied once for all steps.
    ///
    /// # Errors
    /// When the device is out of memory.
    pub fn weighted(mut self, shares: Vec<Option<Share>>) -> Result<Self, ModelError> {
        for (added, share) in self.0.iter_mut().zip(shares) {
            if let Some(share) = share {
                added.map = added.map.multiply_repeated(&share.0)?;
            }
        }
        Ok(self)
    }
}

impl Adapter {
    /// Builds the network from its weights, which must match the config exactly.
    ///
    /// # Errors
    /// When they do not, or the device has no memory.
    pub fn new(config: &AdapterConfig, weights: Weights) -> Result<Self, ModelError> {
        let root = weights.root().at("adapter");
        let folded = config.picture_channels * config.factor * config.factor;
        let is_light = config.kind == AdapterType::Light;
        let mut inputs = if is_light { folded } else { config.channels[0] };
        let mut levels = Vec::new();
        let mut factor = config.factor;
        for (index, (channels, smaller)) in config.maps().into_iter().enumerate() {
            let at = root.at(format_args!("body.{index}"));
            levels.push(Level::new(&at, config, (inputs, channels), smaller > factor)?);
            (inputs, factor) = (channels, smaller);
        }
        let adapter = Self {
            execution: weights.execution().clone(),
            conv_in: (!is_light).then(|| Conv3x3::new(&root.at("conv_in"), folded, config.channels[0])).transpose()?,
            levels,
        };
        weights.finish()?;
        Ok(adapter)
    }

    /// What it adds, once for all steps: `picture` is folded, `(1, channels · factor², height / factor, width / factor)`.
    ///
    /// # Errors
    /// When the shape is wrong, or the device has no memory.
    pub fn forward(&self, picture: &Tensor) -> Result<AdapterMaps, ModelError> {
        let mut x = Feature::of_picture(picture, &self.execution)?;
        if let Some(conv_in) = &self.conv_in {
            x = conv_in.forward(&x)?;
        }
        let mut maps = Vec::with_capacity(self.levels.len());
        for level in &self.levels {
            x = level.forward(x, &self.execution)?;
            maps.push(AddedMap { map: x.clone(), share: None });
        }
        Ok(AdapterMaps(maps))
    }
}

/// Squares of `factor` pixels a side as channels: PyTorch's `PixelUnshuffle`. `picture` `(1, channels, height, width)`,
/// its sides multiples of the factor.
///
/// # Errors
/// When they are none.
pub fn folded(picture: &Tensor, factor: usize) -> Result<Tensor, ModelError> {
    let (batch, channels, height, width) = picture.dims4()?;
    let (rows, columns) = (height / factor, width / factor);
    let parted = picture.reshape(&[batch, channels, rows, factor, columns, factor][..])?;
    let folded = parted.permute([0, 1, 3, 5, 2, 4])?.contiguous()?;
    Ok(folded.reshape((batch, channels * factor * factor, rows, columns))?)
}

/// The second convolution of a resnet: the full adapter's is 1×1, the light one's 3×3.
enum Second {
    Point(Conv1x1),
    Wide(Conv3x3),
}

struct Resnet {
    first: Conv3x3,
    second: Second,
}

impl Resnet {
    fn new(at: &Scope, channels: usize, is_light: bool) -> Result<Self, ModelError> {
        let second = at.at("block2");
        Ok(Self {
            first: Conv3x3::new(&at.at("block1"), channels, channels)?,
            second: if is_light {
                Second::Wide(Conv3x3::new(&second, channels, channels)?)
            } else {
                Second::Point(Conv1x1::new(&second, channels, channels)?)
            },
        })
    }

    fn forward(&self, x: &Feature) -> Result<Feature, ModelError> {
        let hidden = self.first.forward(x)?.rectified()?;
        let hidden = match &self.second {
            Second::Point(convolution) => convolution.forward(&hidden)?,
            Second::Wide(convolution) => convolution.forward(&hidden)?,
        };
        hidden.add(x)
    }
}

struct Level {
    halves: bool,
    conv_in: Option<Conv1x1>,
    resnets: Vec<Resnet>,
    conv_out: Option<Conv1x1>,
}

impl Level {
    fn new(
        at: &Scope,
        config: &AdapterConfig,
        (inputs, outputs): (usize, usize),
        halves: bool,
    ) -> Result<Self, ModelError> {
        let is_light = config.kind == AdapterType::Light;
        let inside = if is_light { outputs / 4 } else { outputs };
        let resnets =
            (0..config.resnets).map(|index| Resnet::new(&at.at(format_args!("resnets.{index}")), inside, is_light));
        Ok(Self {
            halves,
            conv_in: (is_light || inputs != outputs)
                .then(|| Conv1x1::new(&at.at("in_conv"), inputs, inside))
                .transpose()?,
            resnets: resnets.collect::<Result<_, _>>()?,
            conv_out: is_light.then(|| Conv1x1::new(&at.at("out_conv"), inside, outputs)).transpose()?,
        })
    }

    fn forward(&self, x: Feature, execution: &Execution) -> Result<Feature, ModelError> {
        let mut x = if self.halves { x.halved(execution)? } else { x };
        if let Some(convolution) = &self.conv_in {
            x = convolution.forward(&x)?;
        }
        for resnet in &self.resnets {
            x = resnet.forward(&x)?;
        }
        match &self.conv_out {
            Some(convolution) => convolution.forward(&x),
            None => Ok(x),
        }
    }
}
