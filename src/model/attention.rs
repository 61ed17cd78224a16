//! Attention and the transformer that the UNet puts between its resnets ("High-Resolution Image Synthesis with Latent
//! Diffusion Models").

use candle_core::{DType, Tensor};

use super::feature::{Feature, mixed};
use super::layers::{GatedLinear, GroupNorm, LAYER_NORM_EPS, LayerNorm, Linear};
use super::weights::Scope;
use super::{Checkpoint, ModelError};
use crate::kernels::{self, Level, Scores};

/// Scores of more bytes than this are made for a slice of the queries at a time, which gives the same numbers.
const MAX_SCORE_BYTES: usize = 256 << 20;

/// `softmax(q·kᵀ / √d)·v` for `q` `(batch, queries, heads·d)` and `k`, `v` `(batch, keys, heads·d)`.
///
/// `causal`: a query sees the keys up to its own place.
pub fn attend(q: &Feature, k: &Feature, v: &Feature, heads: usize, causal: bool) -> Result<Feature, ModelError> {
    Ok(match (q, k, v) {
        (Feature::Host(q), Feature::Host(k), Feature::Host(v)) => {
            Feature::Host(kernels::attention(q, k, v, heads, causal, Scores::Tiled, Level::current())?)
        }
        (Feature::Device(q), Feature::Device(k), Feature::Device(v)) => {
            let mask = causal.then(|| causal_mask(q)).transpose()?;
            Feature::Device(attend_tensors(q, k, v, heads, mask.as_ref())?)
        }
        _ => return Err(mixed()),
    })
}

/// `(tokens, tokens)`: nothing where a token may look, minus infinity at what comes after it.
fn causal_mask(q: &Tensor) -> Result<Tensor, ModelError> {
    let length = q.dim(1)?;
    let values: Vec<f32> = (0..length)
        .flat_map(|row| (0..length).map(move |column| if column > row { f32::NEG_INFINITY } else { 0.0 }))
        .collect();
    Ok(Tensor::from_vec(values, (length, length), q.device())?.to_dtype(q.dtype())?)
}

/// `mask` `(queries, keys)` is added to the scores.
fn attend_tensors(
    q: &Tensor,
    k: &Tensor,
    v: &Tensor,
    heads: usize,
    mask: Option<&Tensor>,
) -> Result<Tensor, ModelError> {
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
            to_q: Linear::without_bias(&at.at("to_q"), width, width)?,
            to_k: Linear::without_bias(&at.at("to_k"), context_width, width)?,
            to_v: Linear::without_bias(&at.at("to_v"), context_width, width)?,
            to_out: Linear::new(&at.at("to_out.0"), width, width)?,
            heads,
        })
    }

    /// `residual` + the attention of `x`.
    fn forward_onto(&self, x: &Feature, context: Option<&Feature>, residual: &Feature) -> Result<Feature, ModelError> {
        let context = context.unwrap_or(x);
        let (q, k, v) = (self.to_q.forward(x)?, self.to_k.forward(context)?, self.to_v.forward(context)?);
        self.to_out.forward_onto(&attend(&q, &k, &v, self.heads, false)?, residual)
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

    fn forward(&self, x: &Feature, context: &Feature) -> Result<Feature, ModelError> {
        let x = self.attn1.forward_onto(&self.norm1.forward(x)?, None, x)?;
        let x = self.attn2.forward_onto(&self.norm2.forward(&x)?, Some(context), &x)?;
        self.feed_forward.forward_onto(&self.norm3.forward(&x)?, &x)
    }
}

pub struct TransformerShape {
    pub channels: usize,
    pub heads: usize,
    pub layers: usize,
    pub context_width: usize,
    pub groups: usize,
}

/// Attention over the pixels of a feature map, and from them onto the words.
pub struct SpatialTransformer {
    norm: GroupNorm,
    /// SD 1.x has these as 1×1 convolutions, which are the same on tokens.
    project_in: Linear,
    blocks: Vec<TransformerBlock>,
    project_out: Linear,
}

impl SpatialTransformer {
    const NORM_EPS: f64 = 1e-6;

    pub fn new(at: &Scope, shape: &TransformerShape) -> Result<Self, ModelError> {
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

    /// `x` is a picture, `context` `(batch, tokens, context_width)`.
    pub fn forward(&self, x: &Feature, context: &Feature, checkpoint: Checkpoint) -> Result<Feature, ModelError> {
        let mut tokens = self.project_in.forward(&self.norm.forward(x)?.to_tokens()?)?;
        for block in &self.blocks {
            checkpoint()?;
            tokens = block.forward(&tokens, context)?;
        }
        self.project_out.forward_onto(&tokens, &x.to_tokens()?)?.to_picture(x.size()?)
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
        let sliced = attend_tensors(&q, &k, &v, heads, None).unwrap();
        let last = attend_tensors(&q.narrow(1, queries - 7, 7).unwrap(), &k, &v, heads, None).unwrap();
        let difference = (sliced.narrow(1, queries - 7, 7).unwrap() - last).unwrap().abs().unwrap();
        assert!(difference.max_all().unwrap().to_scalar::<f32>().unwrap() < 1e-5);
    }
}
