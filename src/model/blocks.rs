//! The UNet's levels: resnets with or without transformers, then a change of resolution.

use super::attention::{SpatialTransformer, TransformerShape};
use super::cross_context::CrossContext;
use super::feature::Feature;
use super::layers::Conv3x3;
use super::resnet::{ResnetBlock, ResnetShape};
use super::weights::Scope;
use super::{ForwardOptions, ModelError};
use crate::checkpoint::{AttentionConfig, UnetConfig};

/// What every block gets besides its input.
pub(crate) struct BlockInputs<'a> {
    /// The timestep's embedding, through SiLU: `(batch, 1, time_width)`.
    pub time: &'a Feature,
    /// The encoded prompts.
    pub context: &'a CrossContext<'a>,
    pub options: &'a ForwardOptions<'a>,
}

/// A resnet and, in most levels, a transformer behind it.
struct Layer {
    resnet: ResnetBlock,
    transformer: Option<SpatialTransformer>,
}

impl Layer {
    fn forward(&self, x: Feature, given: &BlockInputs) -> Result<Feature, ModelError> {
        given.options.check_cancelled()?;
        let x = self.resnet.forward(x, Some(given.time))?;
        match &self.transformer {
            Some(transformer) => transformer.forward(&x, given.context, given.options),
            None => Ok(x),
        }
    }
}

fn resnet(at: &Scope, config: &UnetConfig, inputs: usize, outputs: usize) -> Result<ResnetBlock, ModelError> {
    let shape = ResnetShape {
        inputs,
        outputs,
        time_width: Some(config.time_width()),
        groups: config.groups,
        eps: config.norm_eps,
    };
    ResnetBlock::new(at, &shape)
}

fn transformer(
    at: &Scope,
    config: &UnetConfig,
    attention: &AttentionConfig,
    channels: usize,
    layer: usize,
) -> Result<SpatialTransformer, ModelError> {
    let shape = TransformerShape {
        channels,
        heads: attention.heads,
        layers: attention.depths[layer],
        context_width: attention.context_width,
        groups: config.groups,
    };
    SpatialTransformer::new(at, &shape)
}

/// The layers of one level; `inputs[i]` are the channels that layer i gets.
fn layers(
    at: &Scope,
    config: &UnetConfig,
    attention: Option<&AttentionConfig>,
    inputs: &[usize],
    outputs: usize,
) -> Result<Vec<Layer>, ModelError> {
    let layer = |(index, inputs): (usize, &usize)| {
        // A depth of 0 is a resnet alone, whatever the block is called.
        let attention = attention.filter(|attention| attention.depths[index] > 0);
        Ok(Layer {
            resnet: resnet(&at.at(format_args!("resnets.{index}")), config, *inputs, outputs)?,
            transformer: attention
                .map(|attention| {
                    transformer(&at.at(format_args!("attentions.{index}")), config, attention, outputs, index)
                })
                .transpose()?,
        })
    };
    inputs.iter().enumerate().map(layer).collect()
}

pub(crate) struct DownBlock {
    layers: Vec<Layer>,
    downsample: Option<Conv3x3>,
    has_attention: bool,
}

impl DownBlock {
    pub(crate) fn new(at: &Scope, config: &UnetConfig, level: usize) -> Result<Self, ModelError> {
        let block = &config.blocks[level];
        let mut inputs = vec![block.channels; block.layers];
        inputs[0] = config.blocks[level.saturating_sub(1)].channels;
        let is_last = level + 1 == config.blocks.len();
        Ok(Self {
            layers: layers(
                &at.for_maps_of(config.map_side(level)),
                config,
                block.down_attention.as_ref(),
                &inputs,
                block.channels,
            )?,
            downsample: (!is_last)
                .then(|| Conv3x3::halving(&at.at("downsamplers.0.conv"), block.channels, config.downsample_padding))
                .transpose()?,
            has_attention: block.down_attention.is_some(),
        })
    }

    /// Pushes what each layer gives onto `skips`, for the way up. `steered` is given the level's map, and its answer
    /// taken in its place: before the size changes, or, in a level without attention, behind that, as diffusers does.
    pub(crate) fn forward(
        &self,
        x: Feature,
        given: &BlockInputs,
        skips: &mut Vec<Feature>,
        steered: &dyn Fn(Feature) -> Result<Feature, ModelError>,
    ) -> Result<Feature, ModelError> {
        let mut x = x;
        for (index, layer) in self.layers.iter().enumerate() {
            x = layer.forward(x, given)?;
            let is_last = index + 1 == self.layers.len();
            if is_last && (self.has_attention || self.downsample.is_none()) {
                x = steered(x)?;
            }
            skips.push(x.clone());
        }
        if let Some(downsample) = &self.downsample {
            x = downsample.forward(&x)?;
            if !self.has_attention {
                x = steered(x)?;
            }
            skips.push(x.clone());
        }
        Ok(x)
    }
}

pub(crate) struct MidBlock {
    first: ResnetBlock,
    transformer: SpatialTransformer,
    second: ResnetBlock,
}

impl MidBlock {
    pub(crate) fn new(at: &Scope, config: &UnetConfig, attention: &AttentionConfig) -> Result<Self, ModelError> {
        let last = config.blocks.len() - 1;
        let channels = config.blocks[last].channels;
        let at = at.for_maps_of(config.map_side(last));
        Ok(Self {
            first: resnet(&at.at("resnets.0"), config, channels, channels)?,
            transformer: transformer(&at.at("attentions.0"), config, attention, channels, 0)?,
            second: resnet(&at.at("resnets.1"), config, channels, channels)?,
        })
    }

    pub(crate) fn forward(&self, x: Feature, given: &BlockInputs) -> Result<Feature, ModelError> {
        given.options.check_cancelled()?;
        let x = self.first.forward(x, Some(given.time))?;
        let x = self.transformer.forward(&x, given.context, given.options)?;
        self.second.forward(x, Some(given.time))
    }
}

pub(crate) struct UpBlock {
    layers: Vec<Layer>,
    upsample: Option<Conv3x3>,
}

impl UpBlock {
    /// `level` counts from the finest, as everywhere in the config; the coarsest runs first.
    pub(crate) fn new(at: &Scope, config: &UnetConfig, level: usize) -> Result<Self, ModelError> {
        let block = &config.blocks[level];
        let coarser = config.blocks[(level + 1).min(config.blocks.len() - 1)].channels;
        let finer = config.blocks[level.saturating_sub(1)].channels;
        let count = block.layers + 1;
        let inputs: Vec<usize> = (0..count)
            .map(|index| {
                let from_below = if index == 0 { coarser } else { block.channels };
                let from_skip = if index + 1 == count { finer } else { block.channels };
                from_below + from_skip
            })
            .collect();
        Ok(Self {
            layers: layers(
                &at.for_maps_of(config.map_side(level)),
                config,
                block.up_attention.as_ref(),
                &inputs,
                block.channels,
            )?,
            upsample: (level > 0)
                .then(|| Conv3x3::new(&at.at("upsamplers.0.conv"), block.channels, block.channels))
                .transpose()?,
        })
    }

    /// Takes its skips from the end of `skips` and grows to the size of the next one.
    pub(crate) fn forward(
        &self,
        x: Feature,
        given: &BlockInputs,
        skips: &mut Vec<Feature>,
    ) -> Result<Feature, ModelError> {
        let mut x = x;
        for layer in &self.layers {
            if let Some(skip) = skips.pop() {
                x = x.concatenate(&skip)?;
            }
            x = layer.forward(x, given)?;
        }
        if let (Some(convolution), Some(next)) = (&self.upsample, skips.last()) {
            x = convolution.forward_resized(&x, next.size()?)?;
        }
        Ok(x)
    }
}
