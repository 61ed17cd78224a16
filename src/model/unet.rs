//! The conditional UNet: predicts, from a noisy latent, a timestep and words, what the scheduler removes.

use std::cell::Cell;

use candle_core::Tensor;

use super::attend::AttentionMethod;
use super::blocks::{Conditioning, DownBlock, MidBlock, UpBlock};
use super::feature::{Execution, Feature};
use super::layers::{Conv3x3, GroupNorm};
use super::timestep::{Sinusoid, TimestepEmbedding, embed_guidance};
use super::weights::Weights;
use super::{CancelCheck, ModelError};
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

struct AddedEmbedder {
    sinusoid: Sinusoid,
    embedding: TimestepEmbedding,
}

pub struct Unet {
    config: UnetConfig,
    execution: Execution,
    attention_method: Cell<AttentionMethod>,
    guidance: Cell<f64>,
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
    /// When they do not, or the device has no room.
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
            attention_method: Cell::new(AttentionMethod::Tiled),
            guidance: Cell::new(1.0),
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

    /// How attention's scores are held from now on.
    pub fn set_attention(&self, attention_method: AttentionMethod) {
        self.attention_method.set(attention_method);
    }

    /// How strongly the words guide from now on; only networks that embed it ([`UnetConfig::guidance_width`]) listen.
    pub fn set_guidance(&self, scale: f64) {
        self.guidance.set(scale);
    }

    /// `sample` `(batch, in_channels, height / 8, width / 8)`, `context` `(batch, tokens, context_width)`; gives
    /// `(batch, out_channels, height / 8, width / 8)`. All are on the host, in single precision.
    ///
    /// # Errors
    /// When `cancel_check` says so, a shape is wrong, or the device has no room.
    pub fn forward(
        &self,
        sample: &Tensor,
        timestep: f64,
        context: &Tensor,
        added: Option<&AddedConditioning>,
        cancel_check: CancelCheck,
    ) -> Result<Tensor, ModelError> {
        let batch = sample.dim(0)?;
        let time = self.embed_time(timestep, batch, added)?.activate(Activation::Silu)?;
        let context = Feature::of_tokens(context, &self.execution)?;
        let given = Conditioning {
            time: &time,
            context: &context,
            attention_method: self.attention_method.get(),
            cancel_check,
        };
        let mut x = self.conv_in.forward(&Feature::of_picture(sample, &self.execution)?)?;
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
    fn embed_time(
        &self,
        timestep: f64,
        batch: usize,
        added: Option<&AddedConditioning>,
    ) -> Result<Feature, ModelError> {
        let time = self.time_sinusoid.embed(&vec![timestep as f32; batch])?;
        let guidance = self.config.guidance_width.map(|width| embed_guidance(self.guidance.get(), batch, width));
        let time = self.time_embedding.forward(&time, guidance.transpose()?.as_ref(), &self.execution)?;
        let Some(embedder) = &self.added else { return Ok(time) };
        let added =
            added.ok_or_else(|| ModelError::Misfit("this UNet needs pooled text and size ids as well".to_owned()))?;
        let ids = embedder.sinusoid.embed(&added.time_ids)?.reshape((batch, ()))?;
        let both = Tensor::cat(&[&added.pooled_text, &ids], 1)?;
        time.add(&embedder.embedding.forward(&both, None, &self.execution)?)
    }
}
