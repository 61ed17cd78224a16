//! The KL autoencoder: pictures to latents and back ("Auto-Encoding Variational Bayes", as in latent diffusion).

use std::cell::Cell;

use candle_core::{DType, Tensor};

use super::attend::{Scoring, attend};
use super::config::VaeConfig;
use super::feature::{Execution, Feature};
use super::layers::{Conv1x1, Conv3x3, GroupNorm, Linear};
use super::resnet::{ResnetBlock, ResnetShape};
use super::tiles::{self, Tiling};
use super::weights::{Scope, Weights};
use super::{Checkpoint, ModelError};

const NORM_EPS: f64 = 1e-6;

/// What a picture becomes: a Gaussian over latents, each `(batch, latent_channels, height / f, width / f)`.
pub struct LatentDistribution {
    pub mean: Tensor,
    pub standard_deviation: Tensor,
}

pub struct Vae {
    config: VaeConfig,
    execution: Execution,
    scoring: Cell<Scoring>,
    tiling: Cell<Option<Tiling>>,
    encoder: Encoder,
    decoder: Decoder,
    quant_conv: Option<Conv1x1>,
    post_quant_conv: Option<Conv1x1>,
}

impl Vae {
    /// Builds the network from its weights, which must match the config exactly.
    ///
    /// # Errors
    /// When they do not, or the device has no room.
    pub fn new(config: VaeConfig, weights: Weights) -> Result<Self, ModelError> {
        let root = weights.root();
        let latent = config.latent_channels;
        let vae = Self {
            execution: weights.execution().clone(),
            scoring: Cell::new(Scoring::Tiled),
            tiling: Cell::new(None),
            encoder: Encoder::new(&root.at("encoder"), &config)?,
            decoder: Decoder::new(&root.at("decoder"), &config)?,
            quant_conv: config
                .quant_conv
                .then(|| Conv1x1::new(&root.at("quant_conv"), 2 * latent, 2 * latent))
                .transpose()?,
            post_quant_conv: config
                .post_quant_conv
                .then(|| Conv1x1::new(&root.at("post_quant_conv"), latent, latent))
                .transpose()?,
            config,
        };
        weights.finish()?;
        Ok(vae)
    }

    #[must_use]
    pub fn config(&self) -> &VaeConfig {
        &self.config
    }

    /// How attention's scores are held from now on.
    pub fn set_scoring(&self, scoring: Scoring) {
        self.scoring.set(scoring);
    }

    /// Whether pictures are read and drawn in tiles from now on.
    pub fn set_tiling(&self, tiling: Option<Tiling>) {
        self.tiling.set(tiling);
    }

    /// `picture` `(batch, 3, height, width)` in -1…1. The latents are not scaled yet.
    ///
    /// # Errors
    /// When the checkpoint says so, a shape is wrong, or the device has no room.
    pub fn encode(&self, picture: &Tensor, checkpoint: Checkpoint) -> Result<LatentDistribution, ModelError> {
        let factor = self.config.factor();
        let moments = match self.tiling.get() {
            Some(tiling) => {
                let sizes =
                    tiles::Sizes { tile: tiling.tile * factor, overlap: tiling.overlap * factor, up: 1, down: factor };
                tiles::in_tiles(picture, sizes, &|tile| self.moments(tile, checkpoint))?
            }
            None => self.moments(picture, checkpoint)?,
        };
        let halves = moments.chunk(2, 1)?;
        let log_variance = halves[1].clamp(-30f64, 20f64)?;
        Ok(LatentDistribution { mean: halves[0].contiguous()?, standard_deviation: (log_variance * 0.5)?.exp()? })
    }

    /// Mean and logarithm of the variance, one after the other.
    fn moments(&self, picture: &Tensor, checkpoint: Checkpoint) -> Result<Tensor, ModelError> {
        let picture = Feature::of_picture(picture, &self.execution)?;
        let mut moments = self.encoder.forward(&picture, self.scoring.get(), checkpoint)?;
        if let Some(quant) = &self.quant_conv {
            moments = quant.forward(&moments)?;
        }
        moments.picture()
    }

    /// `latent` `(batch, latent_channels, h, w)`, unscaled; gives `(batch, 3, h · f, w · f)` around -1…1.
    ///
    /// # Errors
    /// When the checkpoint says so, a shape is wrong, or the device has no room.
    pub fn decode(&self, latent: &Tensor, checkpoint: Checkpoint) -> Result<Tensor, ModelError> {
        match self.tiling.get() {
            Some(Tiling { tile, overlap }) => {
                let sizes = tiles::Sizes { tile, overlap, up: self.config.factor(), down: 1 };
                tiles::in_tiles(latent, sizes, &|tile| self.decode_whole(tile, checkpoint))
            }
            None => self.decode_whole(latent, checkpoint),
        }
    }

    fn decode_whole(&self, latent: &Tensor, checkpoint: Checkpoint) -> Result<Tensor, ModelError> {
        let mut latent = Feature::of_picture(latent, &self.execution)?;
        if let Some(convolution) = &self.post_quant_conv {
            latent = convolution.forward(&latent)?;
        }
        self.decoder.forward(&latent, self.scoring.get(), checkpoint)?.picture()
    }
}

fn resnet(at: &Scope, config: &VaeConfig, inputs: usize, outputs: usize) -> Result<ResnetBlock, ModelError> {
    ResnetBlock::new(at, &ResnetShape { inputs, outputs, time_width: None, groups: config.groups, eps: NORM_EPS })
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

    fn forward(&self, mut x: Feature, checkpoint: Checkpoint) -> Result<Feature, ModelError> {
        for resnet in &self.resnets {
            checkpoint()?;
            x = resnet.forward(&x, None)?;
        }
        Ok(x)
    }
}

struct Encoder {
    conv_in: Conv3x3,
    levels: Vec<Level>,
    mid: MidBlock,
    norm_out: GroupNorm,
    conv_out: Conv3x3,
}

impl Encoder {
    fn new(at: &Scope, config: &VaeConfig) -> Result<Self, ModelError> {
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
            norm_out: GroupNorm::new(&at.at("conv_norm_out"), config.groups, last, NORM_EPS)?,
            conv_out: Conv3x3::new(&at.at("conv_out"), last, 2 * config.latent_channels)?,
        })
    }

    fn forward(&self, picture: &Feature, scoring: Scoring, checkpoint: Checkpoint) -> Result<Feature, ModelError> {
        let mut x = self.conv_in.forward(picture)?;
        for level in &self.levels {
            x = level.forward(x, checkpoint)?;
            if let Some(downsample) = &level.resize {
                x = downsample.forward(&x)?;
            }
        }
        let x = self.mid.forward(&x, scoring, checkpoint)?;
        self.conv_out.forward(&self.norm_out.forward_silu(&x)?)
    }
}

struct Decoder {
    conv_in: Conv3x3,
    mid: MidBlock,
    levels: Vec<Level>,
    norm_out: GroupNorm,
    conv_out: Conv3x3,
}

impl Decoder {
    fn new(at: &Scope, config: &VaeConfig) -> Result<Self, ModelError> {
        let mut channels = config.block_channels.clone();
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
            norm_out: GroupNorm::new(&at.at("conv_norm_out"), config.groups, finest, NORM_EPS)?,
            conv_out: Conv3x3::new(&at.at("conv_out"), finest, config.picture_channels)?,
        })
    }

    fn forward(&self, latent: &Feature, scoring: Scoring, checkpoint: Checkpoint) -> Result<Feature, ModelError> {
        let mut x = self.mid.forward(&self.conv_in.forward(latent)?, scoring, checkpoint)?;
        for level in &self.levels {
            x = level.forward(x, checkpoint)?;
            if let Some(convolution) = &level.resize {
                let (height, width) = x.size()?;
                x = convolution.forward_resized(&x, (2 * height, 2 * width))?;
            }
        }
        checkpoint()?;
        self.conv_out.forward(&self.norm_out.forward_silu(&x)?)
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
                .then(|| PixelAttention::new(&at.at("attentions.0"), config.groups, channels))
                .transpose()?,
            second: resnet(&at.at("resnets.1"), config, channels, channels)?,
        })
    }

    fn forward(&self, x: &Feature, scoring: Scoring, checkpoint: Checkpoint) -> Result<Feature, ModelError> {
        checkpoint()?;
        let mut x = self.first.forward(x, None)?;
        if let Some(attention) = &self.attention {
            x = attention.forward(&x, scoring)?;
        }
        checkpoint()?;
        self.second.forward(&x, None)
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
    fn new(at: &Scope, groups: usize, channels: usize) -> Result<Self, ModelError> {
        let project = |name| Linear::new(&at.at(name), channels, channels);
        Ok(Self {
            norm: GroupNorm::new(&at.at("group_norm"), groups, channels, NORM_EPS)?,
            to_q: project("to_q")?,
            to_k: project("to_k")?,
            to_v: project("to_v")?,
            to_out: project("to_out.0")?,
        })
    }

    fn forward(&self, x: &Feature, scoring: Scoring) -> Result<Feature, ModelError> {
        let size = x.size()?;
        let tokens = self.norm.forward(x)?.to_tokens()?;
        let (q, k, v) = (self.to_q.forward(&tokens)?, self.to_k.forward(&tokens)?, self.to_v.forward(&tokens)?);
        let attended = attend(&q, &k, &v, 1, false, scoring)?;
        self.to_out.forward_onto(&attended, &x.to_tokens()?)?.to_picture(size)
    }
}

/// A decoded picture's pixels as 8 bits: `(3, height, width)` around -1…1 to RGBA, opaque.
///
/// # Errors
/// When the tensor has another shape.
pub fn picture_from_tensor(decoded: &Tensor) -> Result<crate::job::Picture, ModelError> {
    let (_, height, width) = decoded.dims3()?;
    let planes = decoded.to_dtype(DType::F32)?.to_device(&candle_core::Device::Cpu)?.flatten_all()?.to_vec1::<f32>()?;
    let area = height * width;
    let mut rgba = Vec::with_capacity(area * 4);
    for pixel in 0..area {
        for channel in 0..3 {
            // (x / 2 + 0.5) clamped, times 255, rounded half to even: diffusers' `numpy_to_pil`.
            let value = (planes[channel * area + pixel] / 2.0 + 0.5).clamp(0.0, 1.0);
            rgba.push((value * 255.0).round_ties_even() as u8);
        }
        rgba.push(255);
    }
    crate::job::Picture::from_rgba(width as u32, height as u32, rgba)
        .map_err(|error| ModelError::Misfit(error.to_string()))
}
