//! IP-Adapter ("IP-Adapter: Text Compatible Image Prompt Adapter", arXiv 2308.06721): base, full face and plus.

use std::collections::HashMap;
use std::sync::Arc;

use candle_core::{DType, Device, Tensor};

use super::super::ModelError;
use super::super::feature::{Execution, Feature};
use super::super::layers::{LAYER_NORM_EPS, LayerNorm, Linear};
use super::super::weights::Weights;
use super::encoder::ImageEmbedding;
use super::resampler::Resampler;
use crate::checkpoint::{ImageProjection, IpAdapterConfig};
use crate::kernels::Activation;

/// Key and value of one cross-attention, for an adapter's tokens.
pub(crate) struct KeyValue {
    pub key: Linear,
    pub value: Linear,
}

/// Those of all cross-attentions, by the attention's name in the UNet.
#[derive(Clone)]
pub struct ImageLayers(pub(crate) Arc<HashMap<String, KeyValue>>);

enum Projection {
    Base { linear: Linear, norm: LayerNorm, tokens: usize },
    Full { expand: Linear, contract: Linear, norm: LayerNorm },
    Plus(Box<Resampler>),
}

pub struct IpAdapter {
    config: IpAdapterConfig,
    projection: Projection,
    layers: ImageLayers,
    execution: Execution,
}

impl IpAdapter {
    /// Builds it from its weights; `layers` are the names of the UNet's cross-attentions in the order down, up, middle.
    ///
    /// # Errors
    /// When the weights do not match the config, or the device has no memory.
    pub fn new(config: IpAdapterConfig, layers: &[String], weights: Weights) -> Result<Self, ModelError> {
        let root = weights.root();
        let at = root.at("image_proj");
        let width = config.context_width;
        let norm = |name: &str| LayerNorm::new(&at.at(name), width, LAYER_NORM_EPS);
        let projection = match config.projection {
            ImageProjection::Base { tokens } => Projection::Base {
                linear: Linear::new(&at.at("proj"), config.inputs, tokens * width)?,
                norm: norm("norm")?,
                tokens,
            },
            ImageProjection::Full { hidden } => Projection::Full {
                expand: Linear::new(&at.at("proj.0"), config.inputs, hidden)?,
                contract: Linear::new(&at.at("proj.2"), hidden, width)?,
                norm: norm("proj.3")?,
            },
            ImageProjection::Plus { .. } => Projection::Plus(Box::new(Resampler::new(&at, &config)?)),
        };
        let pairs = layers.iter().zip(&config.layers).enumerate().map(|(index, (name, own))| {
            // Self-attentions stand between them and have none.
            let at = root.at(format_args!("ip_adapter.{}", 2 * index + 1));
            let linear = |name: &str| Linear::without_bias(&at.at(name), width, *own);
            Ok((name.clone(), KeyValue { key: linear("to_k_ip")?, value: linear("to_v_ip")? }))
        });
        let layers = ImageLayers(Arc::new(pairs.collect::<Result<_, ModelError>>()?));
        let execution = weights.execution().clone();
        weights.finish()?;
        Ok(Self { config, projection, layers, execution })
    }

    #[must_use]
    pub fn config(&self) -> &IpAdapterConfig {
        &self.config
    }

    #[must_use]
    pub fn layers(&self) -> &ImageLayers {
        &self.layers
    }

    /// The tokens of what an encoder saw, and those of nothing: `nothing` is what it saw of a picture of zeros. Each
    /// `(1, tokens, context_width)`.
    ///
    /// # Errors
    /// When the encoder is another than the adapter was made for, or the device is out of memory.
    pub fn tokens(&self, seen: &ImageEmbedding, nothing: &ImageEmbedding) -> Result<[Tensor; 2], ModelError> {
        let input = |seen: &ImageEmbedding| match self.projection {
            Projection::Base { .. } => seen.pooled.clone(),
            Projection::Full { .. } | Projection::Plus(_) => seen.features.clone(),
        };
        let against = match self.projection {
            // diffusers takes zeros in place of the projected embedding, and a picture of zeros for all features.
            Projection::Base { .. } => Tensor::zeros(seen.pooled.shape(), DType::F32, &Device::Cpu)?,
            Projection::Full { .. } | Projection::Plus(_) => input(nothing),
        };
        Ok([self.projected(&input(seen))?, self.projected(&against)?])
    }

    fn projected(&self, input: &Tensor) -> Result<Tensor, ModelError> {
        let x = Feature::of_tokens(input, &self.execution)?;
        match &self.projection {
            Projection::Base { linear, norm, tokens } => {
                let tokens = linear.forward(&x)?.tokens()?.reshape((1, *tokens, self.config.context_width))?;
                norm.forward(&Feature::of_tokens(&tokens, &self.execution)?)?.tokens()
            }
            Projection::Full { expand, contract, norm } => {
                norm.forward(&contract.forward(&expand.forward_then(&x, Activation::Gelu)?)?)?.tokens()
            }
            Projection::Plus(resampler) => resampler.forward(&x, &self.execution)?.tokens(),
        }
    }
}
