//! CLIP's image model ("Learning Transferable Visual Models From Natural Language Supervision"): a picture cut into squares.

use candle_core::{DType, IndexOp, Tensor};

use super::super::ModelError;
use super::super::clip_layer::{ClipLayer, ClipShape};
use super::super::feature::{Execution, Feature};
use super::super::layers::{LayerNorm, Linear};
use super::super::weights::Weights;
use crate::checkpoint::ImageEncoderConfig;

/// What the model makes of a picture.
pub struct ImageEmbedding {
    /// Projected: `(1, 1, projection_width)`.
    pub pooled: Tensor,
    /// What the layer before the last gave: `(1, squares + 1, width)`.
    pub features: Tensor,
}

pub struct ImageEncoder {
    config: ImageEncoderConfig,
    /// Looked at on the host: one product a picture.
    patch_embedding: Tensor,
    class_embedding: Tensor,
    position_embedding: Tensor,
    first_norm: LayerNorm,
    layers: Vec<ClipLayer>,
    last_norm: LayerNorm,
    projection: Linear,
    execution: Execution,
}

impl ImageEncoder {
    /// Builds the network from its weights, which must match the config exactly.
    ///
    /// # Errors
    /// When they do not, or the device has no memory.
    pub fn new(config: ImageEncoderConfig, weights: Weights) -> Result<Self, ModelError> {
        let root = weights.root();
        let model = root.at("vision_model");
        let embeddings = model.at("embeddings");
        let (width, patch) = (config.width, config.patch);
        let squares = (config.side / patch).pow(2);
        let shape = ClipShape {
            width,
            feed_forward_width: config.feed_forward_width,
            heads: config.heads,
            activation: config.activation,
            norm_eps: config.norm_eps,
        };
        let encoder = Self {
            patch_embedding: embeddings.at("patch_embedding").tensor("weight", &[width, 3, patch, patch])?,
            class_embedding: embeddings.bare_tensor("class_embedding", &[width])?,
            position_embedding: embeddings.at("position_embedding").tensor("weight", &[squares + 1, width])?,
            // The published name has lost a letter.
            first_norm: LayerNorm::new(&model.at("pre_layrnorm"), width, config.norm_eps)?,
            layers: (0..config.layers)
                .map(|index| ClipLayer::new(&model.at(format_args!("encoder.layers.{index}")), shape))
                .collect::<Result<_, _>>()?,
            last_norm: LayerNorm::new(&model.at("post_layernorm"), width, config.norm_eps)?,
            projection: Linear::without_bias(&root.at("visual_projection"), width, config.projection_width)?,
            execution: weights.execution().clone(),
            config,
        };
        weights.finish()?;
        Ok(encoder)
    }

    #[must_use]
    pub fn config(&self) -> &ImageEncoderConfig {
        &self.config
    }

    /// `pixels` are `(1, 3, side, side)`, normalized, on the host.
    ///
    /// # Errors
    /// When the shape is wrong, or the device is out of memory.
    pub fn forward(&self, pixels: &Tensor) -> Result<ImageEmbedding, ModelError> {
        let ImageEncoderConfig { width, side, patch, .. } = self.config;
        let count = side / patch;
        let squares = pixels.i((.., .., ..count * patch, ..count * patch))?.contiguous()?;
        let squares = squares.reshape((3, count, patch, count, patch))?.permute((1, 3, 0, 2, 4))?.contiguous()?;
        let squares = squares.reshape((count * count, 3 * patch * patch))?;
        let single = |tensor: &Tensor| tensor.to_dtype(DType::F32);
        let weight = single(&self.patch_embedding)?.reshape((width, 3 * patch * patch))?;
        let squares = squares.matmul(&weight.t()?)?;
        let tokens = Tensor::cat(&[single(&self.class_embedding)?.reshape((1, width))?, squares], 0)?;
        let tokens = (tokens + single(&self.position_embedding)?)?.unsqueeze(0)?;
        let mut hidden = self.first_norm.forward(&Feature::of_tokens(&tokens, &self.execution)?)?;
        let mut features = hidden.clone();
        for layer in &self.layers {
            features = hidden;
            hidden = layer.forward(&features, false)?;
        }
        let first = hidden.tokens()?.narrow(1, 0, 1)?;
        let pooled = self.last_norm.forward(&Feature::of_tokens(&first, &self.execution)?)?;
        Ok(ImageEmbedding { pooled: self.projection.forward(&pooled)?.tokens()?, features: features.tokens()? })
    }
}
