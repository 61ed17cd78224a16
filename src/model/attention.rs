//! Attention and the transformer that the UNet puts between its resnets ("High-Resolution Image Synthesis with Latent
//! Diffusion Models").

use candle_core::{D, DType, Tensor};
use candle_nn::{Conv2d, LayerNorm, Linear, Module};

use super::layers::{LAYER_NORM_EPS, conv1x1, group_norm, layer_norm, linear, linear_no_bias};
use super::weights::Scope;
use super::{Checkpoint, ModelError};
use crate::kernels::FusedGroupNorm;

/// Scores of more bytes than this are made for a slice of the queries at a time, which gives the same numbers.
const MAX_SCORE_BYTES: usize = 256 << 20;

/// `softmax(q·kᵀ / √d)·v` for `q` `(batch, queries, heads·d)` and `k`, `v` `(batch, keys, heads·d)`.
///
/// `mask` `(queries, keys)` is added to the scores.
pub fn attend(q: &Tensor, k: &Tensor, v: &Tensor, heads: usize, mask: Option<&Tensor>) -> Result<Tensor, ModelError> {
    let (batch, queries, width) = q.dims3()?;
    let head_width = width / heads;
    let split = |x: &Tensor| -> Result<Tensor, candle_core::Error> {
        x.reshape((batch, x.dim(1)?, heads, head_width))?.transpose(1, 2)?.contiguous()
    };
    // The scale goes onto the queries: they are smaller than the scores.
    let q = (split(q)? * (1.0 / (head_width as f64).sqrt()))?;
    let k = split(k)?.transpose(2, 3)?;
    let v = split(v)?;
    let row_bytes = batch * heads * k.dim(3)? * size_of::<f32>();
    let rows_at_once = (MAX_SCORE_BYTES / row_bytes.max(1)).clamp(1, queries);
    let mut slices = Vec::with_capacity(queries.div_ceil(rows_at_once));
    for first in (0..queries).step_by(rows_at_once) {
        let rows = rows_at_once.min(queries - first);
        let mask = mask.map(|mask| mask.narrow(0, first, rows)).transpose()?;
        slices.push(attend_slice(&q.narrow(2, first, rows)?.contiguous()?, &k, &v, mask.as_ref())?);
    }
    let out = if slices.len() == 1 { slices.remove(0) } else { Tensor::cat(&slices, 2)? };
    Ok(out.transpose(1, 2)?.reshape((batch, queries, width))?)
}

/// All tensors by head; `k` is transposed and `q` scaled already.
fn attend_slice(q: &Tensor, k: &Tensor, v: &Tensor, mask: Option<&Tensor>) -> Result<Tensor, ModelError> {
    let dtype = q.dtype();
    let mut scores = q.matmul(k)?;
    if let Some(mask) = mask {
        scores = scores.broadcast_add(mask)?;
    }
    let weights = candle_nn::ops::softmax_last_dim(&scores.to_dtype(DType::F32)?)?.to_dtype(dtype)?;
    Ok(weights.matmul(v)?)
}

/// Self-attention, or attention on `context` where the context is given.
struct CrossAttention {
    to_q: Linear,
    to_k: Linear,
    to_v: Linear,
    to_out: Linear,
    heads: usize,
}

impl CrossAttention {
    fn new(at: &Scope, width: usize, context_width: usize, heads: usize) -> Result<Self, ModelError> {
        Ok(Self {
            to_q: linear_no_bias(&at.at("to_q"), width, width)?,
            to_k: linear_no_bias(&at.at("to_k"), context_width, width)?,
            to_v: linear_no_bias(&at.at("to_v"), context_width, width)?,
            to_out: linear(&at.at("to_out.0"), width, width)?,
            heads,
        })
    }

    fn forward(&self, x: &Tensor, context: Option<&Tensor>) -> Result<Tensor, ModelError> {
        let context = context.unwrap_or(x);
        let (q, k, v) = (self.to_q.forward(x)?, self.to_k.forward(context)?, self.to_v.forward(context)?);
        Ok(self.to_out.forward(&attend(&q, &k, &v, self.heads, None)?)?)
    }
}

/// GEGLU with the exact (erf) GELU, then back to the width.
struct FeedForward {
    project_in: Linear,
    project_out: Linear,
}

impl FeedForward {
    fn new(at: &Scope, width: usize) -> Result<Self, ModelError> {
        Ok(Self {
            project_in: linear(&at.at("net.0.proj"), width, width * 8)?,
            project_out: linear(&at.at("net.2"), width * 4, width)?,
        })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor, ModelError> {
        let both = self.project_in.forward(x)?.chunk(2, D::Minus1)?;
        let gated = (both[0].contiguous()? * both[1].contiguous()?.gelu_erf()?)?;
        Ok(self.project_out.forward(&gated)?)
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
        let norm = |name| layer_norm(&at.at(name), width, LAYER_NORM_EPS);
        Ok(Self {
            norm1: norm("norm1")?,
            attn1: CrossAttention::new(&at.at("attn1"), width, width, heads)?,
            norm2: norm("norm2")?,
            attn2: CrossAttention::new(&at.at("attn2"), width, context_width, heads)?,
            norm3: norm("norm3")?,
            feed_forward: FeedForward::new(&at.at("ff"), width)?,
        })
    }

    fn forward(&self, x: &Tensor, context: &Tensor) -> Result<Tensor, ModelError> {
        let x = (x + self.attn1.forward(&self.norm1.forward(x)?, None)?)?;
        let x = (&x + self.attn2.forward(&self.norm2.forward(&x)?, Some(context))?)?;
        Ok((&x + self.feed_forward.forward(&self.norm3.forward(&x)?)?)?)
    }
}

/// SD 1.x projects with 1×1 convolutions before the pixels become tokens, SD 2.x and XL with linears after.
enum Projection {
    Convolution { into: Conv2d, out: Conv2d },
    Linear { into: Linear, out: Linear },
}

pub struct TransformerShape {
    pub channels: usize,
    pub heads: usize,
    pub layers: usize,
    pub context_width: usize,
    pub groups: usize,
    pub linear_projection: bool,
}

/// Attention over the pixels of a feature map, and from them onto the words.
pub struct SpatialTransformer {
    norm: FusedGroupNorm,
    projection: Projection,
    blocks: Vec<TransformerBlock>,
}

impl SpatialTransformer {
    const NORM_EPS: f64 = 1e-6;

    pub fn new(at: &Scope, shape: &TransformerShape) -> Result<Self, ModelError> {
        let width = shape.channels;
        let (into, out) = (at.at("proj_in"), at.at("proj_out"));
        let projection = if shape.linear_projection {
            Projection::Linear { into: linear(&into, width, width)?, out: linear(&out, width, width)? }
        } else {
            Projection::Convolution { into: conv1x1(&into, width, width)?, out: conv1x1(&out, width, width)? }
        };
        let blocks = (0..shape.layers)
            .map(|index| {
                let at = at.at(format_args!("transformer_blocks.{index}"));
                TransformerBlock::new(&at, width, shape.context_width, shape.heads)
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { norm: group_norm(&at.at("norm"), shape.groups, width, Self::NORM_EPS)?, projection, blocks })
    }

    /// `x` `(batch, channels, height, width)`, `context` `(batch, tokens, context_width)`.
    pub fn forward(&self, x: &Tensor, context: &Tensor, checkpoint: Checkpoint) -> Result<Tensor, ModelError> {
        let (batch, channels, height, width) = x.dims4()?;
        let tokens_of = |map: &Tensor| map.flatten_from(2)?.transpose(1, 2)?.contiguous();
        let map_of = |tokens: &Tensor| tokens.transpose(1, 2)?.contiguous()?.reshape((batch, channels, height, width));
        let normed = self.norm.forward(x)?;
        let mut tokens = match &self.projection {
            Projection::Convolution { into, .. } => tokens_of(&into.forward(&normed)?)?,
            Projection::Linear { into, .. } => into.forward(&tokens_of(&normed)?)?,
        };
        for block in &self.blocks {
            checkpoint()?;
            tokens = block.forward(&tokens, context)?;
        }
        let out = match &self.projection {
            Projection::Convolution { out, .. } => out.forward(&map_of(&tokens)?)?,
            Projection::Linear { out, .. } => map_of(&out.forward(&tokens)?)?,
        };
        Ok((x + out)?)
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn slices_give_the_same_as_the_whole() {
        // Wide enough that its scores are more than one slice.
        let (queries, keys, heads, width) = (9000, 8000, 1, 4);
        let random = |rows: usize| Tensor::randn(0f32, 1.0, (1, rows, width), &Device::Cpu).unwrap();
        let (q, k, v) = (random(queries), random(keys), random(keys));
        assert!(queries * keys * 4 > MAX_SCORE_BYTES);
        let sliced = attend(&q, &k, &v, heads, None).unwrap();
        let last = attend(&q.narrow(1, queries - 7, 7).unwrap(), &k, &v, heads, None).unwrap();
        let difference = (sliced.narrow(1, queries - 7, 7).unwrap() - last).unwrap().abs().unwrap();
        assert!(difference.max_all().unwrap().to_scalar::<f32>().unwrap() < 1e-5);
    }
}
