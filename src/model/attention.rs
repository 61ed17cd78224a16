//! Attention and the transformer that the UNet puts between its resnets ("High-Resolution Image Synthesis with Latent
//! Diffusion Models").

use super::attend::{AttentionMethod, attend};
use super::cross_context::{CrossContext, SizedContext};
use super::feature::Feature;
use super::image_prompt::KeyValue;
use super::layers::{GatedLinear, GroupNorm, LAYER_NORM_EPS, LayerNorm, Linear};
use super::weights::Scope;
use super::{ForwardOptions, ModelError};
use crate::kernels::{Heads, Precision};

/// Self-attention, or attention on prompts where such are given.
struct CrossAttention {
    to_q: Linear,
    to_k: Linear,
    to_v: Linear,
    to_out: Linear,
    heads: Heads,
    /// In the network.
    name: String,
}

impl CrossAttention {
    fn new(at: &Scope, width: usize, context_width: usize, heads: usize) -> Result<Self, ModelError> {
        let in_pairs = at.packing().precision == Precision::Bf16Products;
        Ok(Self {
            to_q: Linear::without_bias(&at.at("to_q"), width, width)?,
            to_k: Linear::without_bias(&at.at("to_k"), context_width, width)?,
            to_v: Linear::without_bias(&at.at("to_v"), context_width, width)?,
            to_out: Linear::new(&at.at("to_out.0"), width, width)?,
            heads: Heads { in_pairs, ..Heads::plain(heads) },
            name: at.name().to_owned(),
        })
    }

    /// `residual` + the attention of `x`.
    fn forward_onto(
        &self,
        x: &Feature,
        context: Option<&SizedContext>,
        residual: &Feature,
        method: AttentionMethod,
    ) -> Result<Feature, ModelError> {
        let q = self.to_q.forward(x)?;
        let attended = |context: &Feature| {
            attend(&q, &self.to_k.forward(context)?, &self.to_v.forward(context)?, self.heads, method)
        };
        let mut answer = attended(context.map_or(x, |context| context.prompt))?;
        if let Some(context) = context
            && let Some((own, others)) = context.shares.split_first()
        {
            answer = answer.multiply_repeated(own)?;
            for (region, share) in context.regions.iter().zip(others) {
                answer = answer.add_repeated(&attended(region)?.multiply_repeated(share)?)?;
            }
        }
        for image in context.map_or(&[][..], |context| &context.images) {
            let Some(KeyValue { key, value }) = image.layers.0.get(&self.name).filter(|_| (image.counts)(&self.name))
            else {
                continue;
            };
            let (k, v) = (key.forward(image.tokens)?, value.forward(image.tokens)?);
            let seen = attend(&q, &k, &v, self.heads, method)?;
            answer = answer.add_repeated(&seen.multiply_repeated(&image.share)?)?;
        }
        self.to_out.forward_onto(&answer, residual)
    }
}

/// GEGLU with the exact (erf) GELU, then back to the width.
struct FeedForward {
    project_in: GatedLinear,
    project_out: Linear,
}

impl FeedForward {
    fn new(at: &Scope, width: usize) -> Result<Self, ModelError> {
        Ok(Self {
            project_in: GatedLinear::new(&at.at("net.0.proj"), width, width * 4)?,
            project_out: Linear::new(&at.at("net.2"), width * 4, width)?,
        })
    }

    fn forward_onto(&self, x: &Feature, residual: &Feature) -> Result<Feature, ModelError> {
        self.project_out.forward_onto(&self.project_in.forward(x)?, residual)
    }
}

struct TransformerBlock {
    norm1: LayerNorm,
    attn1: CrossAttention,
    norm2: LayerNorm,
    attn2: CrossAttention,
    norm3: LayerNorm,
    feed_forward: FeedForward,
}

impl TransformerBlock {
    fn new(at: &Scope, width: usize, context_width: usize, heads: usize) -> Result<Self, ModelError> {
        let norm = |name| LayerNorm::new(&at.at(name), width, LAYER_NORM_EPS);
        Ok(Self {
            norm1: norm("norm1")?,
            attn1: CrossAttention::new(&at.at("attn1"), width, width, heads)?,
            norm2: norm("norm2")?,
            attn2: CrossAttention::new(&at.at("attn2"), width, context_width, heads)?,
            norm3: norm("norm3")?,
            feed_forward: FeedForward::new(&at.at("ff"), width)?,
        })
    }

    fn forward(&self, x: &Feature, context: &SizedContext, method: AttentionMethod) -> Result<Feature, ModelError> {
        let x = self.attn1.forward_onto(&self.norm1.forward(x)?, None, x, method)?;
        let x = self.attn2.forward_onto(&self.norm2.forward(&x)?, Some(context), &x, method)?;
        self.feed_forward.forward_onto(&self.norm3.forward(&x)?, &x)
    }
}

pub(crate) struct TransformerShape {
    pub channels: usize,
    pub heads: usize,
    pub layers: usize,
    pub context_width: usize,
    pub groups: usize,
}

/// Attention over the pixels of a feature map, and from them onto the prompt.
pub(crate) struct SpatialTransformer {
    norm: GroupNorm,
    /// SD 1.x has these as 1×1 convolutions, which are the same on tokens.
    project_in: Linear,
    blocks: Vec<TransformerBlock>,
    project_out: Linear,
}

impl SpatialTransformer {
    const NORM_EPS: f64 = 1e-6;

    pub(crate) fn new(at: &Scope, shape: &TransformerShape) -> Result<Self, ModelError> {
        let width = shape.channels;
        let blocks = (0..shape.layers)
            .map(|index| {
                let at = at.at(format_args!("transformer_blocks.{index}"));
                TransformerBlock::new(&at, width, shape.context_width, shape.heads)
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            norm: GroupNorm::new(&at.at("norm"), shape.groups, width, Self::NORM_EPS)?,
            project_in: Linear::new(&at.at("proj_in"), width, width)?,
            blocks,
            project_out: Linear::new(&at.at("proj_out"), width, width)?,
        })
    }

    /// `x` is a picture.
    pub(crate) fn forward(
        &self,
        x: &Feature,
        context: &CrossContext,
        options: &ForwardOptions,
    ) -> Result<Feature, ModelError> {
        let context = &context.at(x.size()?)?;
        let mut tokens = self.project_in.forward(&self.norm.forward(x)?.to_tokens()?)?;
        for block in &self.blocks {
            options.check_cancelled()?;
            tokens = block.forward(&tokens, context, options.attention)?;
        }
        self.project_out.forward_onto(&tokens, &x.to_tokens()?)?.to_picture(x.size()?)
    }
}
