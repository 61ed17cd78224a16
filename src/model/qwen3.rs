//! Qwen3 ("Qwen3 Technical Report"), as far as pictures are made of it: what its layers say about each token of a prompt.

use candle_core::Tensor;

use super::attend::{AttentionMethod, attend};
use super::embedding_table::EmbeddingTable;
use super::feature::{Execution, Feature};
use super::layers::Linear;
use super::swiglu::{SwiGlu, norm_weight};
use super::token_ops::Rotation;
use super::weights::{Scope, Weights};
use super::{ForwardOptions, ModelError};
use crate::checkpoint::Qwen3Config;
use crate::kernels::{Heads, RotaryPairs};

pub struct Qwen3 {
    config: Qwen3Config,
    /// How many layers stand before each state that is read.
    states: Vec<usize>,
    embedding: EmbeddingTable,
    layers: Vec<Layer>,
    execution: Execution,
}

impl Qwen3 {
    /// Builds the network from its weights, up to the last layer that is read.
    ///
    /// # Errors
    /// When they do not match the config, or the device has no memory.
    pub fn new(config: Qwen3Config, states: &[usize], weights: Weights) -> Result<Self, ModelError> {
        let wanted = states.iter().copied().max().unwrap_or(0).min(config.layers);
        weights.leave(|name| is_unused(name, wanted));
        let root = weights.root();
        let network = Self {
            embedding: EmbeddingTable::new(&root.at("embed_tokens"), config.vocabulary_size, config.width)?,
            layers: (0..wanted)
                .map(|index| Layer::new(&root.at(format_args!("layers.{index}")), &config))
                .collect::<Result<_, _>>()?,
            execution: weights.execution().clone(),
            states: states.to_vec(),
            config,
        };
        weights.finish()?;
        Ok(network)
    }

    #[must_use]
    pub fn config(&self) -> &Qwen3Config {
        &self.config
    }

    /// What the wanted states say of `ids`, joined by channels: `(1, ids.len(), width · states)`. Tokens from `words` on
    /// fill up: they see the words before them, and nobody sees them.
    ///
    /// # Errors
    /// When a token is not in the vocabulary, the pass is cancelled, or the device has no memory.
    pub fn forward(&self, ids: &[u32], words: usize, options: &ForwardOptions) -> Result<Tensor, ModelError> {
        let known = self.embedding.rows()?;
        if ids.is_empty() || words == 0 || words > ids.len() || ids.iter().any(|id| *id as usize >= known) {
            return Err(ModelError::Misfit(format!(
                "the tokenizer does not belong to this text encoder, which has a vocabulary of {known}"
            )));
        }
        let tokens = self.embedding.look_up(ids)?.unsqueeze(0)?;
        let rotation = self.rotation(ids.len())?;
        let mut x = Feature::of_tokens(&tokens, &self.execution)?;
        let mut states = Vec::with_capacity(self.layers.len() + 1);
        for layer in &self.layers {
            options.check_cancelled()?;
            let next = layer.forward(&x, words, &rotation, options.attention)?;
            states.push(std::mem::replace(&mut x, next));
        }
        states.push(x);
        let wanted = self.states.iter().map(|state| states[(*state).min(states.len() - 1)].tokens());
        Ok(Tensor::cat(&wanted.collect::<Result<Vec<_>, _>>()?, 2)?)
    }

    fn rotation(&self, tokens: usize) -> Result<Rotation, ModelError> {
        let half = self.config.head_width / 2;
        // In single precision, as transformers has it.
        let frequency = |pair: usize| {
            let exponent = (2 * pair) as f32 / self.config.head_width as f32;
            1.0 / (self.config.rope_theta as f32).powf(exponent)
        };
        let frequencies: Vec<f32> = (0..half).map(frequency).collect();
        let angles: Vec<f64> = (0..tokens)
            .flat_map(|place| frequencies.iter().map(move |frequency| f64::from(place as f32 * frequency)))
            .collect();
        Rotation::new(&angles, half, RotaryPairs::Halves, &self.execution)
    }
}

/// Layers behind the last one that is read, and what makes words of the last.
fn is_unused(name: &str, layers: usize) -> bool {
    let layer = name.strip_prefix("layers.").and_then(|rest| rest.split('.').next()?.parse::<usize>().ok());
    layer.is_some_and(|layer| layer >= layers) || name.starts_with("norm.") || name.starts_with("lm_head.")
}

struct Layer {
    norm_1: Vec<f32>,
    q: Linear,
    k: Linear,
    v: Linear,
    norm_q: Vec<f32>,
    norm_k: Vec<f32>,
    out: Linear,
    norm_2: Vec<f32>,
    feed_forward: SwiGlu,
    heads: usize,
    key_heads: usize,
    head_width: usize,
    eps: f64,
}

impl Layer {
    fn new(at: &Scope, config: &Qwen3Config) -> Result<Self, ModelError> {
        let Qwen3Config { width, heads, key_heads, head_width, .. } = *config;
        let attention = at.at("self_attn");
        let project = |name, heads| Linear::without_bias(&attention.at(name), width, heads * head_width);
        Ok(Self {
            norm_1: norm_weight(&at.at("input_layernorm"), width)?,
            q: project("q_proj", heads)?,
            k: project("k_proj", key_heads)?,
            v: project("v_proj", key_heads)?,
            norm_q: norm_weight(&attention.at("q_norm"), head_width)?,
            norm_k: norm_weight(&attention.at("k_norm"), head_width)?,
            out: Linear::without_bias(&attention.at("o_proj"), heads * head_width, width)?,
            norm_2: norm_weight(&at.at("post_attention_layernorm"), width)?,
            feed_forward: SwiGlu::new(
                &at.at("mlp"),
                ["gate_proj", "up_proj", "down_proj"],
                width,
                config.feed_forward_width,
            )?,
            heads,
            key_heads,
            head_width,
            eps: config.norm_eps,
        })
    }

    fn forward(
        &self,
        x: &Feature,
        words: usize,
        rotation: &Rotation,
        method: AttentionMethod,
    ) -> Result<Feature, ModelError> {
        let normed = x.rms_norm(&self.norm_1, self.eps, None)?;
        let turned =
            |layer: &Linear, norm: &[f32]| layer.forward(&normed)?.rms_norm(norm, self.eps, None)?.rotated(rotation);
        let shared = |x: &Feature| x.repeat_heads(self.head_width, self.heads / self.key_heads);
        let q = turned(&self.q, &self.norm_q)?;
        let k = shared(&turned(&self.k, &self.norm_k)?)?;
        let v = shared(&self.v.forward(&normed)?)?;
        let x = self.out.forward_onto(&self.attend([&q, &k, &v], words, method)?, x)?;
        self.feed_forward.forward_onto(&x.rms_norm(&self.norm_2, self.eps, None)?, &x)
    }

    /// Words see the words up to their own, what fills up sees all of them.
    fn attend(&self, [q, k, v]: [&Feature; 3], words: usize, method: AttentionMethod) -> Result<Feature, ModelError> {
        let causal = Heads { causal: true, ..Heads::plain(self.heads) };
        let tokens = q.token_count()?;
        if words == tokens {
            return attend(q, k, v, causal, AttentionMethod::Full);
        }
        let (k, v) = (k.narrow_tokens(0, words)?, v.narrow_tokens(0, words)?);
        let of_words = attend(&q.narrow_tokens(0, words)?, &k, &v, causal, AttentionMethod::Full)?;
        let rest = q.narrow_tokens(words, tokens - words)?;
        of_words.join_tokens(&attend(&rest, &k, &v, Heads::plain(self.heads), method)?)
    }
}
