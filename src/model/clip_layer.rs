//! A layer of CLIP's transformers, the text model's and the image model's.

use super::ModelError;
use super::attend::{AttentionMethod, attend};
use super::feature::Feature;
use super::layers::{LayerNorm, Linear};
use super::weights::Scope;
use crate::kernels::{Activation, Heads};

#[derive(Clone, Copy)]
pub(super) struct ClipShape {
    pub width: usize,
    pub feed_forward_width: usize,
    pub heads: usize,
    pub activation: Activation,
    pub norm_eps: f64,
}

pub(super) struct ClipLayer {
    norm1: LayerNorm,
    q: Linear,
    k: Linear,
    v: Linear,
    out: Linear,
    norm2: LayerNorm,
    expand: Linear,
    contract: Linear,
    heads: usize,
    activation: Activation,
}

impl ClipLayer {
    pub(super) fn new(at: &Scope, shape: ClipShape) -> Result<Self, ModelError> {
        let ClipShape { width, feed_forward_width, heads, activation, norm_eps } = shape;
        let attention = at.at("self_attn");
        let project = |name| Linear::new(&attention.at(name), width, width);
        Ok(Self {
            norm1: LayerNorm::new(&at.at("layer_norm1"), width, norm_eps)?,
            q: project("q_proj")?,
            k: project("k_proj")?,
            v: project("v_proj")?,
            out: project("out_proj")?,
            norm2: LayerNorm::new(&at.at("layer_norm2"), width, norm_eps)?,
            expand: Linear::new(&at.at("mlp.fc1"), width, feed_forward_width)?,
            contract: Linear::new(&at.at("mlp.fc2"), feed_forward_width, width)?,
            heads,
            activation,
        })
    }

    /// `causal` where a token sees only those before it, as in the text model.
    pub(super) fn forward(&self, x: &Feature, causal: bool) -> Result<Feature, ModelError> {
        let normed = self.norm1.forward(x)?;
        let heads = Heads { causal, ..Heads::plain(self.heads) };
        let (q, k, v) = (self.q.forward(&normed)?, self.k.forward(&normed)?, self.v.forward(&normed)?);
        let x = self.out.forward_onto(&attend(&q, &k, &v, heads, AttentionMethod::Full)?, x)?;
        let hidden = self.expand.forward_then(&self.norm2.forward(&x)?, self.activation)?;
        self.contract.forward_onto(&hidden, &x)
    }
}
