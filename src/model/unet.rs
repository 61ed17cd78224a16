//! The conditional UNet: predicts, from a noisy latent, a timestep and the prompt, what the scheduler removes.

use candle_core::Tensor;

use super::blocks::{BlockInputs, DownBlock, MidBlock, UpBlock};
use super::feature::{Execution, Feature};
use super::layers::{Conv3x3, GroupNorm};
use super::timestep::{Sinusoid, TimestepEmbedding, embed_guidance};
use super::weights::Weights;
use super::{ForwardOptions, ModelError};
use crate::checkpoint::UnetConfig;
use crate::kernels::Activation;

/// SDXL's second conditioning.
#[derive(Clone, Debug)]
pub struct AddedConditioning {
    /// `(batch, pooled_width)`
    pub pooled_text: Tensor,
    /// Original height and width, crop top and left, target height and width, for each of the batch.
    pub time_ids: Vec<f32>,
}

/// What the network is given at one step; all tensors are on the host, in single precision.
#[derive(Clone, Copy)]
pub struct UnetInput<'a> {
    /// Noisy latents `(batch, in_channels, height / 8, width / 8)`.
    pub sample: &'a Tensor,
    pub timestep: f64,
    /// The encoded prompts `(batch, tokens, context_width)`.
    pub context: &'a Tensor,
    /// Needed where [`UnetConfig::added`] is set.
    pub added: Option<&'a AddedConditioning>,
    /// The guidance scale, for networks that embed it ([`UnetConfig::guidance_width`]); others ignore it.
    pub guidance: f64,
}

struct AddedEmbedder {
    sinusoid: Sinusoid,
    embedding: TimestepEmbedding,
}

pub struct Unet {
    config: UnetConfig,
    execution: Execution,
    time_sinusoid: Sinusoid,
    time_embedding: TimestepEmbedding,
    added: Option<AddedEmbedder>,
    conv_in: Conv3x3,
    down: Vec<DownBlock>,
    mid: Option<MidBlock>,
    up: Vec<UpBlock>,
    norm_out: GroupNorm,
    conv_out: Conv3x3,
}

impl Unet {
    /// Builds the network from its weights, which must match the config exactly.
    ///
    /// # Errors
    /// When they do not, or the device has no memory.
    pub fn new(config: UnetConfig, weights: Weights) -> Result<Self, ModelError> {
        let root = weights.root();
        let first = config.blocks[0].channels;
        let levels = config.blocks.len();
        let sinusoid = |dimension| Sinusoid {
            dimension,
            cosine_first: config.cosine_first,
            frequency_shift: config.frequency_shift,
        };
        let added = config.added.as_ref().map(|added| -> Result<_, ModelError> {
            let embedding = TimestepEmbedding::new(&root.at("add_embedding"), added.width, config.time_width(), None)?;
            Ok(AddedEmbedder { sinusoid: sinusoid(added.time_width), embedding })
        });
        let unet = Self {
            execution: weights.execution().clone(),
            time_sinusoid: sinusoid(first),
            time_embedding: TimestepEmbedding::new(
                &root.at("time_embedding"),
                first,
                config.time_width(),
                config.guidance_width,
            )?,
            added: added.transpose()?,
            conv_in: Conv3x3::new(&root.at("conv_in"), config.in_channels, first)?,
            down: (0..levels)
                .map(|level| DownBlock::new(&root.at(format_args!("down_blocks.{level}")), &config, level))
                .collect::<Result<_, _>>()?,
            mid: config
                .mid_attention
                .as_ref()
                .map(|attention| MidBlock::new(&root.at("mid_block"), &config, attention))
                .transpose()?,
            up: (0..levels)
                .map(|index| UpBlock::new(&root.at(format_args!("up_blocks.{index}")), &config, levels - 1 - index))
                .collect::<Result<_, _>>()?,
            norm_out: GroupNorm::new(&root.at("conv_norm_out"), config.groups, first, config.norm_eps)?,
            conv_out: Conv3x3::new(&root.at("conv_out"), first, config.out_channels)?,
            config,
        };
        weights.finish()?;
        Ok(unet)
    }

    #[must_use]
    pub fn config(&self) -> &UnetConfig {
        &self.config
    }

    /// Predicts what the scheduler removes: `(batch, out_channels, height / 8, width / 8)`, on the host in single
    /// precision.
    ///
    /// # Errors
    /// When the pass is cancelled, a shape is wrong, or the device has no memory.
    pub fn forward(&self, input: &UnetInput, options: &ForwardOptions) -> Result<Tensor, ModelError> {
        let time = self.embed_time(input)?.activate(Activation::Silu)?;
        let context = Feature::of_tokens(input.context, &self.execution)?;
        let given = BlockInputs { time: &time, context: &context, options };
        let mut x = self.conv_in.forward(&Feature::of_picture(input.sample, &self.execution)?)?;
        let mut skips = vec![x.clone()];
        for block in &self.down {
            x = block.forward(x, &given, &mut skips)?;
        }
        if let Some(mid) = &self.mid {
            x = mid.forward(&x, &given)?;
        }
        for block in &self.up {
            x = block.forward(x, &given, &mut skips)?;
        }
        self.conv_out.forward(&self.norm_out.forward_silu(&x)?)?.picture()
    }

    /// `(batch, 1, time_width)`
    fn embed_time(&self, input: &UnetInput) -> Result<Feature, ModelError> {
        let batch = input.sample.dim(0)?;
        let time = self.time_sinusoid.embed(&vec![input.timestep as f32; batch])?;
        let guidance = self.config.guidance_width.map(|width| embed_guidance(input.guidance, batch, width));
        let time = self.time_embedding.forward(&time, guidance.transpose()?.as_ref(), &self.execution)?;
        let Some(embedder) = &self.added else { return Ok(time) };
        let missing = || ModelError::Misfit("this UNet needs pooled text and size ids as well".to_owned());
        let added = input.added.ok_or_else(missing)?;
        let ids = embedder.sinusoid.embed(&added.time_ids)?.reshape((batch, ()))?;
        let both = Tensor::cat(&[&added.pooled_text, &ids], 1)?;
        time.add(&embedder.embedding.forward(&both, None, &self.execution)?)
    }
}
