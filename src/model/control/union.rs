//! What makes a ControlNet one for several kinds of pictures: which kinds are given is embedded with the time, and a
//! small transformer weighs the pictures against what is being drawn (xinsir's `ControlNet++`, as in diffusers).

use candle_core::{DType, Device, Tensor};

use super::super::ModelError;
use super::super::attend::{AttentionMethod, attend};
use super::super::feature::{Execution, Feature};
use super::super::layers::{LAYER_NORM_EPS, LayerNorm, Linear};
use super::super::timestep::{Sinusoid, TimestepEmbedding};
use super::super::weights::Scope;
use super::hint::TypedHint;
use crate::checkpoint::{UnetConfig, UnionConfig};
use crate::kernels::{Activation, Heads};

pub(super) struct Union {
    config: UnionConfig,
    sinusoid: Sinusoid,
    type_embedding: TimestepEmbedding,
    /// A row for each kind.
    kinds: Tensor,
    layers: Vec<Layer>,
    project: Linear,
}

impl Union {
    pub(crate) fn new(root: &Scope, config: &UnionConfig, unet: &UnetConfig) -> Result<Self, ModelError> {
        let sinusoid = Sinusoid {
            dimension: config.type_width,
            cosine_first: unet.cosine_first,
            frequency_shift: unet.frequency_shift,
        };
        let inputs = config.type_width * config.types;
        Ok(Self {
            sinusoid,
            type_embedding: TimestepEmbedding::new(&root.at("control_add_embedding"), inputs, unet.time_width(), None)?,
            kinds: root.bare_tensor("task_embedding", &[config.types, config.channels])?.to_dtype(DType::F32)?,
            layers: (0..config.layers)
                // diffusers' own spelling.
                .map(|index| Layer::new(&root.at(format_args!("transformer_layes.{index}")), config))
                .collect::<Result<_, _>>()?,
            project: Linear::new(&root.at("spatial_ch_projs"), config.channels, config.channels)?,
            config: config.clone(),
        })
    }

    /// Which kinds are given, beside the time's embedding: `(rows, 1, time_width)`.
    pub(crate) fn embed_types(
        &self,
        hints: &[TypedHint],
        rows: usize,
        execution: &Execution,
    ) -> Result<Feature, ModelError> {
        let is_given = |kind: usize| hints.iter().any(|hint| hint.kind == kind);
        let given: Vec<f32> = (0..self.config.types).map(|kind| f32::from(u8::from(is_given(kind)))).collect();
        let row = self.sinusoid.embed(&given)?.reshape((1, ()))?;
        self.type_embedding.forward(&row.repeat((rows, 1))?, None, execution)
    }

    /// `x` `(rows, height, width, channels)` with the pictures in it.
    pub(crate) fn fuse(&self, x: &Feature, hints: &[TypedHint], execution: &Execution) -> Result<Feature, ModelError> {
        // The weight of one alone counts at the outputs.
        let is_several = hints.len() > 1;
        let own = x.mean_of_pixels()?.picture()?;
        let (rows, channels, _, _) = own.dims4()?;
        let mut tokens = Vec::with_capacity(hints.len() + 1);
        for TypedHint { hint, kind, weight } in hints {
            let missing = || ModelError::Misfit("a picture was not prepared for a network of several kinds".to_owned());
            let token = (hint.mean.as_ref().ok_or_else(missing)? + self.kinds.narrow(0, *kind, 1)?)?;
            let token = if is_several { (token * f64::from(*weight))? } else { token };
            tokens.push(token.unsqueeze(0)?.repeat((rows, 1, 1))?);
        }
        tokens.push(own.reshape((rows, 1, channels))?);
        // The published code takes rows for tokens, so each place attends to itself in the other rows of the pass; the
        // networks were trained so.
        let across = Tensor::cat(&tokens, 1)?.transpose(0, 1)?.contiguous()?;
        let mut tokens = Feature::of_tokens(&across, execution)?;
        for layer in &self.layers {
            tokens = layer.forward(&tokens)?;
        }
        let weighed = self.project.forward(&tokens)?.tokens()?.transpose(0, 1)?;
        let mut sum = x.clone();
        let mut summand = Tensor::zeros((rows, 1, channels), DType::F32, &Device::Cpu)?;
        for (index, TypedHint { hint, weight, .. }) in hints.iter().enumerate() {
            let weight = if is_several { *weight } else { 1.0 };
            summand = (summand + (weighed.narrow(1, index, 1)? * f64::from(weight))?)?;
            if is_several {
                let weight = Tensor::from_vec(vec![weight], (1, 1, 1, 1), &Device::Cpu)?;
                sum = sum.add_repeated(&hint.map.multiply_repeated(&Feature::of_picture(&weight, execution)?)?)?;
            } else {
                sum = sum.add_repeated(&hint.map)?;
            }
        }
        sum.add_repeated(&Feature::of_picture(&summand.reshape((rows, channels, 1, 1))?, execution)?)
    }
}

/// A transformer's layer without a mask, with CLIP's quick GELU.
struct Layer {
    norm1: LayerNorm,
    q: Linear,
    k: Linear,
    v: Linear,
    out: Linear,
    norm2: LayerNorm,
    expand: Linear,
    contract: Linear,
    heads: usize,
}

impl Layer {
    fn new(at: &Scope, config: &UnionConfig) -> Result<Self, ModelError> {
        let width = config.channels;
        let attention = at.at("attn");
        let project = |name| Linear::new(&attention.at(name), width, width);
        Ok(Self {
            norm1: LayerNorm::new(&at.at("ln_1"), width, LAYER_NORM_EPS)?,
            q: project("to_q")?,
            k: project("to_k")?,
            v: project("to_v")?,
            out: project("out_proj")?,
            norm2: LayerNorm::new(&at.at("ln_2"), width, LAYER_NORM_EPS)?,
            expand: Linear::new(&at.at("mlp.c_fc"), width, 4 * width)?,
            contract: Linear::new(&at.at("mlp.c_proj"), 4 * width, width)?,
            heads: config.heads,
        })
    }

    fn forward(&self, x: &Feature) -> Result<Feature, ModelError> {
        let normed = self.norm1.forward(x)?;
        let (q, k, v) = (self.q.forward(&normed)?, self.k.forward(&normed)?, self.v.forward(&normed)?);
        let seen = attend(&q, &k, &v, Heads::plain(self.heads), AttentionMethod::Full)?;
        let x = self.out.forward_onto(&seen, x)?;
        let hidden = self.expand.forward_then(&self.norm2.forward(&x)?, Activation::QuickGelu)?;
        self.contract.forward_onto(&hidden, &x)
    }
}
