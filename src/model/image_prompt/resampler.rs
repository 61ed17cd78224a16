//! The resampler of "plus" adapters: a few learnt queries gather what they need from all of a picture's features
//! ("Flamingo: a Visual Language Model for Few-Shot Learning", arXiv 2204.14198).

use candle_core::{DType, Tensor};

use super::super::ModelError;
use super::super::attend::{AttentionMethod, attend};
use super::super::feature::{Execution, Feature};
use super::super::layers::{LAYER_NORM_EPS, LayerNorm, Linear};
use super::super::weights::Scope;
use crate::checkpoint::{HEAD_WIDTH, ImageProjection, IpAdapterConfig};
use crate::kernels::{Activation, Heads};

struct Layer {
    norm_features: LayerNorm,
    norm_queries: LayerNorm,
    q: Linear,
    k: Linear,
    v: Linear,
    out: Linear,
    norm: LayerNorm,
    expand: Linear,
    contract: Linear,
}

pub(super) struct Resampler {
    queries: Tensor,
    project_in: Linear,
    layers: Vec<Layer>,
    heads: usize,
    project_out: Linear,
    norm_out: LayerNorm,
}

impl Resampler {
    /// # Errors
    /// When a weight is missing or of another shape, or the adapter has no resampler.
    pub(super) fn new(at: &Scope, config: &IpAdapterConfig) -> Result<Self, ModelError> {
        let ImageProjection::Plus { tokens, width, inner, feed_forward, layers } = config.projection else {
            return Err(ModelError::Misfit("the adapter has no resampler".to_owned()));
        };
        let layer = |index: usize| -> Result<Layer, ModelError> {
            let attention = at.at(format_args!("layers.{index}.0"));
            let then = at.at(format_args!("layers.{index}.1"));
            let norm = |at: Scope| LayerNorm::new(&at, width, LAYER_NORM_EPS);
            Ok(Layer {
                norm_features: norm(attention.at("norm1"))?,
                norm_queries: norm(attention.at("norm2"))?,
                q: Linear::without_bias(&attention.at("to_q"), width, inner)?,
                k: Linear::without_bias(&attention.at("to_k"), width, inner)?,
                v: Linear::without_bias(&attention.at("to_v"), width, inner)?,
                out: Linear::without_bias(&attention.at("to_out"), inner, width)?,
                norm: norm(then.at("0"))?,
                expand: Linear::without_bias(&then.at("1"), width, feed_forward)?,
                contract: Linear::without_bias(&then.at("3"), feed_forward, width)?,
            })
        };
        Ok(Self {
            queries: at.bare_tensor("latents", &[1, tokens, width])?.to_dtype(DType::F32)?,
            project_in: Linear::new(&at.at("proj_in"), config.inputs, width)?,
            layers: (0..layers).map(layer).collect::<Result<_, _>>()?,
            heads: inner / HEAD_WIDTH,
            project_out: Linear::new(&at.at("proj_out"), width, config.context_width)?,
            norm_out: LayerNorm::new(&at.at("norm_out"), config.context_width, LAYER_NORM_EPS)?,
        })
    }

    /// `features` are one picture's.
    ///
    /// # Errors
    /// When the shape is wrong, or the device is out of memory.
    pub(super) fn forward(&self, features: &Feature, execution: &Execution) -> Result<Feature, ModelError> {
        let features = self.project_in.forward(features)?;
        let mut queries = Feature::of_tokens(&self.queries, execution)?;
        for layer in &self.layers {
            let normed = layer.norm_queries.forward(&queries)?;
            let all = layer.norm_features.forward(&features)?.join_tokens(&normed)?;
            let (q, k, v) = (layer.q.forward(&normed)?, layer.k.forward(&all)?, layer.v.forward(&all)?);
            let gathered = attend(&q, &k, &v, Heads::plain(self.heads), AttentionMethod::Full)?;
            queries = layer.out.forward_onto(&gathered, &queries)?;
            let hidden = layer.expand.forward_then(&layer.norm.forward(&queries)?, Activation::Gelu)?;
            queries = layer.contract.forward_onto(&hidden, &queries)?;
        }
        self.norm_out.forward(&self.project_out.forward(&queries)?)
    }
}
