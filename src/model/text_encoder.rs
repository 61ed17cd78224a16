//! CLIP's text model ("Learning Transferable Visual Models From Natural Language Supervision").

use candle_core::{D, DType, Device, IndexOp, Tensor};

use super::ModelError;
use super::clip_layer::{ClipLayer, ClipShape};
use super::feature::{Execution, Feature};
use super::layers::{LayerNorm, Linear};
use super::weights::Weights;
use crate::checkpoint::ClipConfig;

/// `eos_token_id` of configs from before transformers knew the real one; the end is then the highest id.
const LEGACY_END_TOKEN: u32 = 2;

/// What the encoder makes of windows of tokens.
pub struct TextEmbedding {
    /// What each layer gave, the embedding of the tokens first: each `(windows, tokens, width)`.
    pub hidden_states: Vec<Tensor>,
    /// The last layer's, through the final norm.
    pub last: Tensor,
    /// `last` at the end token, projected where the model has a projection: `(windows, width)`.
    pub pooled: Tensor,
}

pub struct TextEncoder {
    config: ClipConfig,
    /// Looked up on the host: a few rows of a large table.
    token_embedding: Tensor,
    position_embedding: Tensor,
    layers: Vec<ClipLayer>,
    final_norm: LayerNorm,
    projection: Option<Linear>,
    execution: Execution,
}

impl TextEncoder {
    /// Builds the network from its weights, which must match the config exactly.
    ///
    /// # Errors
    /// When they do not, or the device has no memory.
    pub fn new(config: ClipConfig, weights: Weights) -> Result<Self, ModelError> {
        let root = weights.root();
        let embeddings = root.at("embeddings");
        let shape = ClipShape {
            width: config.width,
            feed_forward_width: config.feed_forward_width,
            heads: config.heads,
            activation: config.activation,
            norm_eps: config.norm_eps,
        };
        let encoder = Self {
            token_embedding: embeddings
                .at("token_embedding")
                .tensor("weight", &[config.vocabulary_size, config.width])?,
            position_embedding: embeddings
                .at("position_embedding")
                .tensor("weight", &[config.positions, config.width])?,
            layers: (0..config.layers)
                .map(|index| ClipLayer::new(&root.at(format_args!("encoder.layers.{index}")), shape))
                .collect::<Result<_, _>>()?,
            final_norm: LayerNorm::new(&root.at("final_layer_norm"), config.width, config.norm_eps)?,
            projection: config
                .projection_width
                .map(|width| Linear::without_bias(&root.at("text_projection"), config.width, width))
                .transpose()?,
            execution: weights.execution().clone(),
            config,
        };
        weights.finish()?;
        Ok(encoder)
    }

    #[must_use]
    pub fn config(&self) -> &ClipConfig {
        &self.config
    }

    /// The final norm, for a hidden state that was taken early (clip skip).
    ///
    /// # Errors
    /// When the shape is wrong.
    pub fn normalize(&self, hidden: &Tensor) -> Result<Tensor, ModelError> {
        self.final_norm.forward(&Feature::of_tokens(hidden, &self.execution)?)?.tokens()
    }

    /// Learns tokens behind the vocabulary: `vectors` `(tokens, width)`. Gives their ids.
    ///
    /// # Errors
    /// When the width is another.
    pub fn add_tokens(&mut self, vectors: &Tensor) -> Result<Vec<u32>, ModelError> {
        let first = self.token_embedding.dim(0)?;
        let vectors = vectors.to_dtype(self.token_embedding.dtype())?;
        self.token_embedding = Tensor::cat(&[&self.token_embedding, &vectors], 0)?;
        Ok((first as u32..self.token_embedding.dim(0)? as u32).collect())
    }

    /// Encodes windows of equally many tokens.
    ///
    /// # Errors
    /// When a window is longer than the model's positions or a token is not in its vocabulary.
    pub fn forward(&self, windows: &[Vec<u32>]) -> Result<TextEmbedding, ModelError> {
        let length = windows.first().map_or(0, Vec::len);
        let count = windows.len();
        let fits = length <= self.config.positions && windows.iter().all(|window| window.len() == length);
        let vocabulary_size = self.token_embedding.dim(0)?;
        let known = windows.iter().flatten().all(|token| (*token as usize) < vocabulary_size);
        if !fits || !known {
            return Err(ModelError::Misfit(format!(
                "the tokenizer does not belong to this text encoder, which takes {} tokens of a vocabulary of {}",
                self.config.positions, self.config.vocabulary_size
            )));
        }
        let ids = Tensor::from_vec(windows.concat(), count * length, &Device::Cpu)?;
        let tokens = self.token_embedding.index_select(&ids, 0)?.to_dtype(DType::F32)?;
        let places = self.position_embedding.i(..length)?.to_dtype(DType::F32)?;
        let hidden = tokens.reshape((count, length, self.config.width))?.broadcast_add(&places)?;
        let mut hidden_states = Vec::with_capacity(self.layers.len() + 1);
        let mut hidden = Feature::of_tokens(&hidden, &self.execution)?;
        for layer in &self.layers {
            hidden_states.push(hidden.tokens()?);
            hidden = layer.forward(&hidden, true)?;
        }
        hidden_states.push(hidden.tokens()?);
        let last = self.final_norm.forward(&hidden)?.tokens()?;
        let pooled = self.pool(&last, windows)?;
        Ok(TextEmbedding { hidden_states, last, pooled })
    }

    fn pool(&self, last: &Tensor, windows: &[Vec<u32>]) -> Result<Tensor, ModelError> {
        let rows = windows
            .iter()
            .enumerate()
            .map(|(index, window)| {
                last.i((index, end_position(window, self.config.end_token, self.config.vocabulary_size)))
            })
            .collect::<Result<Vec<_>, _>>()?;
        let pooled = Tensor::stack(&rows, 0)?;
        match &self.projection {
            Some(projection) => {
                let pooled = Feature::of_tokens(&pooled.unsqueeze(1)?, &self.execution)?;
                Ok(projection.forward(&pooled)?.tokens()?.squeeze(1)?)
            }
            None => Ok(pooled),
        }
    }
}

/// Where the first end token stands; for legacy configs, where the highest id does.
fn end_position(window: &[u32], end_token: u32, vocabulary_size: usize) -> usize {
    // Learned tokens stand behind the vocabulary.
    let own = window.iter().copied().filter(|token| (*token as usize) < vocabulary_size);
    let wanted = if end_token == LEGACY_END_TOKEN { own.max() } else { Some(end_token) };
    window.iter().position(|token| Some(*token) == wanted).unwrap_or(0)
}

/// Joins windows to one long context: `(windows, tokens, width)` to `(1, windows · tokens, width)`.
///
/// # Errors
/// When the shape is wrong.
pub(crate) fn join_windows(hidden: &Tensor) -> Result<Tensor, ModelError> {
    let width = hidden.dim(D::Minus1)?;
    Ok(hidden.reshape((1, (), width))?)
}
