//! The two halves of the autoencoder, each parted where its maps become large.

use super::super::attend::{AttentionMethod, attend};
use super::super::feature::Feature;
use super::super::layers::{Conv3x3, GroupNorm, Linear};
use super::super::resnet::{ResnetBlock, ResnetShape};
use super::super::tiles::Cut;
use super::super::weights::Scope;
use super::super::{ForwardOptions, ModelError};
use crate::checkpoint::VaeConfig;
use crate::kernels::Heads;

fn resnet(at: &Scope, config: &VaeConfig, inputs: usize, outputs: usize) -> Result<ResnetBlock, ModelError> {
    ResnetBlock::new(
        at,
        &ResnetShape { inputs, outputs, time_width: None, groups: config.groups, eps: config.norm_eps },
    )
}

/// Resnets of one resolution, then a change of it.
struct Level {
    resnets: Vec<ResnetBlock>,
    resize: Option<Conv3x3>,
}

impl Level {
    fn new(
        at: &Scope,
        config: &VaeConfig,
        count: usize,
        inputs: usize,
        outputs: usize,
        resize: Option<Conv3x3>,
    ) -> Result<Self, ModelError> {
        let resnets = (0..count)
            .map(|index| {
                let inputs = if index == 0 { inputs } else { outputs };
                resnet(&at.at(format_args!("resnets.{index}")), config, inputs, outputs)
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { resnets, resize })
    }

    fn forward(&self, mut x: Feature, options: &ForwardOptions) -> Result<Feature, ModelError> {
        for resnet in &self.resnets {
            options.check_cancelled()?;
            x = resnet.forward(x, None)?;
        }
        Ok(x)
    }

    /// Through the resnets, then at half the size.
    fn halved(&self, x: Feature, options: &ForwardOptions) -> Result<Feature, ModelError> {
        let x = self.forward(x, options)?;
        self.resize.as_ref().map_or(Ok(x.clone()), |convolution| convolution.forward(&x))
    }

    /// What comes out of the resnets at twice the size.
    fn doubled(&self, x: Feature) -> Result<Feature, ModelError> {
        let Some(convolution) = &self.resize else { return Ok(x) };
        let (height, width) = x.size()?;
        convolution.forward_resized(&x, (2 * height, 2 * width))
    }

    fn norms(&self) -> impl Iterator<Item = &GroupNorm> {
        self.resnets.iter().flat_map(ResnetBlock::norms)
    }
}

/// One half of the autoencoder, parted where its maps become large.
pub(super) trait Fine {
    /// The part whose maps are large.
    fn fine(&self, x: Feature, options: &ForwardOptions) -> Result<Feature, ModelError>;

    fn fine_norms(&self) -> Vec<&GroupNorm>;

    /// How that part's input is cut into tiles of so many pixels of the picture.
    fn cut(&self, tile_px: usize) -> Cut;
}

/// Levels of that part.
const FINE_LEVELS: usize = 2;

pub(super) struct Encoder {
    conv_in: Conv3x3,
    levels: Vec<Level>,
    mid: MidBlock,
    norm_out: GroupNorm,
    conv_out: Conv3x3,
}

impl Encoder {
    pub(crate) fn new(at: &Scope, config: &VaeConfig) -> Result<Self, ModelError> {
        let channels = &config.block_channels;
        let last = channels[channels.len() - 1];
        let levels = (0..channels.len())
            .map(|level| {
                let at = at.at(format_args!("down_blocks.{level}"));
                let inputs = channels[level.saturating_sub(1)];
                let downsample = (level + 1 < channels.len())
                    .then(|| Conv3x3::halving(&at.at("downsamplers.0.conv"), channels[level], 0))
                    .transpose()?;
                Level::new(&at, config, config.layers_per_block, inputs, channels[level], downsample)
            })
            .collect::<Result<_, ModelError>>()?;
        Ok(Self {
            conv_in: Conv3x3::new(&at.at("conv_in"), config.picture_channels, channels[0])?,
            levels,
            mid: MidBlock::new(&at.at("mid_block"), config, last)?,
            norm_out: GroupNorm::new(&at.at("conv_norm_out"), config.groups, last, config.norm_eps)?,
            conv_out: Conv3x3::new(&at.at("conv_out"), last, 2 * config.latent_channels)?,
        })
    }

    fn fine_levels(&self) -> &[Level] {
        &self.levels[..FINE_LEVELS.min(self.levels.len() - 1)]
    }

    pub(crate) fn coarse(&self, mut x: Feature, options: &ForwardOptions) -> Result<Feature, ModelError> {
        for level in &self.levels[self.fine_levels().len()..] {
            x = level.halved(x, options)?;
        }
        let x = self.mid.forward(x, options)?;
        self.conv_out.forward(&self.norm_out.forward_silu(x)?)
    }
}

impl Fine for Encoder {
    fn fine(&self, x: Feature, options: &ForwardOptions) -> Result<Feature, ModelError> {
        let mut x = self.conv_in.forward(&x)?;
        for level in self.fine_levels() {
            x = level.halved(x, options)?;
        }
        Ok(x)
    }

    fn fine_norms(&self) -> Vec<&GroupNorm> {
        self.fine_levels().iter().flat_map(Level::norms).collect()
    }

    fn cut(&self, tile_px: usize) -> Cut {
        let down = 1 << self.fine_levels().len();
        // Pixels that the convolutions see: one each, twice as many after each halving.
        let seen = self.fine_levels().iter().rev().fold(0, |seen, level| 2 * seen + 2 + 2 * level.resnets.len());
        Cut { tile: tile_px, surroundings: (seen + 1).next_multiple_of(down), up: 1, down }
    }
}

pub(super) struct Decoder {
    conv_in: Conv3x3,
    mid: MidBlock,
    levels: Vec<Level>,
    norm_out: GroupNorm,
    conv_out: Conv3x3,
}

impl Decoder {
    pub(crate) fn new(at: &Scope, config: &VaeConfig) -> Result<Self, ModelError> {
        let mut channels = config.decoder_block_channels.clone();
        channels.reverse();
        let levels = (0..channels.len())
            .map(|level| {
                let at = at.at(format_args!("up_blocks.{level}"));
                let inputs = channels[level.saturating_sub(1)];
                let upsample = (level + 1 < channels.len())
                    .then(|| Conv3x3::new(&at.at("upsamplers.0.conv"), channels[level], channels[level]))
                    .transpose()?;
                Level::new(&at, config, config.layers_per_block + 1, inputs, channels[level], upsample)
            })
            .collect::<Result<_, ModelError>>()?;
        let finest = channels[channels.len() - 1];
        Ok(Self {
            conv_in: Conv3x3::new(&at.at("conv_in"), config.latent_channels, channels[0])?,
            mid: MidBlock::new(&at.at("mid_block"), config, channels[0])?,
            levels,
            norm_out: GroupNorm::new(&at.at("conv_norm_out"), config.groups, finest, config.norm_eps)?,
            conv_out: Conv3x3::new(&at.at("conv_out"), finest, config.picture_channels)?,
        })
    }

    fn coarse_count(&self) -> usize {
        self.levels.len().saturating_sub(FINE_LEVELS).max(1)
    }

    /// Up to where the maps become large: the last doubling is left to [`Fine::fine`].
    pub(crate) fn coarse(&self, latent: &Feature, options: &ForwardOptions) -> Result<Feature, ModelError> {
        let mut x = self.mid.forward(self.conv_in.forward(latent)?, options)?;
        for (index, level) in self.levels[..self.coarse_count()].iter().enumerate() {
            if index > 0 {
                x = self.levels[index - 1].doubled(x)?;
            }
            x = level.forward(x, options)?;
        }
        Ok(x)
    }
}

impl Fine for Decoder {
    fn fine(&self, mut x: Feature, options: &ForwardOptions) -> Result<Feature, ModelError> {
        for pair in self.levels[self.coarse_count() - 1..].windows(2) {
            x = pair[1].forward(pair[0].doubled(x)?, options)?;
        }
        options.check_cancelled()?;
        self.conv_out.forward(&self.norm_out.forward_silu(x)?)
    }

    fn fine_norms(&self) -> Vec<&GroupNorm> {
        let levels = &self.levels[self.coarse_count()..];
        levels.iter().flat_map(Level::norms).chain([&self.norm_out]).collect()
    }

    fn cut(&self, tile_px: usize) -> Cut {
        let levels = &self.levels[self.coarse_count()..];
        let up = 1 << levels.len();
        // Pixels that the convolutions see, of the input: half as many after each doubling.
        let seen = levels.iter().rev().fold(1, |seen: usize, level| (seen + 2 * level.resnets.len() + 1).div_ceil(2));
        Cut { tile: (tile_px / up).max(1), surroundings: seen + 1, up, down: 1 }
    }
}

struct MidBlock {
    first: ResnetBlock,
    attention: Option<PixelAttention>,
    second: ResnetBlock,
}

impl MidBlock {
    fn new(at: &Scope, config: &VaeConfig, channels: usize) -> Result<Self, ModelError> {
        Ok(Self {
            first: resnet(&at.at("resnets.0"), config, channels, channels)?,
            attention: config
                .mid_block_attention
                .then(|| PixelAttention::new(&at.at("attentions.0"), config, channels))
                .transpose()?,
            second: resnet(&at.at("resnets.1"), config, channels, channels)?,
        })
    }

    fn forward(&self, x: Feature, options: &ForwardOptions) -> Result<Feature, ModelError> {
        options.check_cancelled()?;
        let mut x = self.first.forward(x, None)?;
        if let Some(attention) = &self.attention {
            x = attention.forward(&x, options.attention)?;
        }
        options.check_cancelled()?;
        self.second.forward(x, None)
    }
}

/// One head of attention over all pixels.
struct PixelAttention {
    norm: GroupNorm,
    to_q: Linear,
    to_k: Linear,
    to_v: Linear,
    to_out: Linear,
}

impl PixelAttention {
    fn new(at: &Scope, config: &VaeConfig, channels: usize) -> Result<Self, ModelError> {
        let project = |name| Linear::new(&at.at(name), channels, channels);
        Ok(Self {
            norm: GroupNorm::new(&at.at("group_norm"), config.groups, channels, config.norm_eps)?,
            to_q: project("to_q")?,
            to_k: project("to_k")?,
            to_v: project("to_v")?,
            to_out: project("to_out.0")?,
        })
    }

    fn forward(&self, x: &Feature, method: AttentionMethod) -> Result<Feature, ModelError> {
        let size = x.size()?;
        let tokens = self.norm.forward(x)?.to_tokens()?;
        let (q, k, v) = (self.to_q.forward(&tokens)?, self.to_k.forward(&tokens)?, self.to_v.forward(&tokens)?);
        let attended = attend(&q, &k, &v, Heads::plain(1), method)?;
        self.to_out.forward_onto(&attended, &x.to_tokens()?)?.to_picture(size)
    }
}
