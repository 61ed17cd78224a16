//! `text_encoder/config.json` of a Qwen3 language model, as transformers writes it.

use serde_json::Value;

use super::{Fields, MOST_CHANNELS, MOST_LAYERS};
use crate::checkpoint::{CheckpointError, ModelFiles};

/// More words than any published tokenizer has.
const MOST_WORDS: usize = 1 << 20;

#[derive(Clone, Debug)]
pub struct Qwen3Config {
    pub vocabulary_size: usize,
    pub width: usize,
    pub feed_forward_width: usize,
    pub layers: usize,
    pub heads: usize,
    /// Heads of keys and values, each shared by several of queries.
    pub key_heads: usize,
    pub head_width: usize,
    pub norm_eps: f64,
    pub rope_theta: f64,
}

impl Qwen3Config {
    /// Reads `<folder>/config.json`.
    ///
    /// # Errors
    /// When it is missing, unreadable, or asks for something that is not supported.
    pub fn read(files: &ModelFiles, folder: &str) -> Result<Self, CheckpointError> {
        let fields = Fields::open(files, &format!("{folder}/config.json"), "the text encoder's config")?;
        let class = fields.get::<Vec<String>>("architectures", vec!["Qwen3Model".into()])?.into_iter().next();
        if !class.as_deref().is_some_and(|class| class.starts_with("Qwen3For") || class == "Qwen3Model") {
            return Err(fields.unsupported("architectures", "only Qwen3Model or Qwen3ForCausalLM"));
        }
        fields.only("hidden_act", &["silu".into()])?;
        fields.only("attention_bias", &[false.into()])?;
        fields.only("use_sliding_window", &[false.into()])?;
        fields.only("rope_scaling", &[])?;
        let (width, heads) = (fields.get("hidden_size", 4096)?, fields.get("num_attention_heads", 32)?);
        let config = Self {
            vocabulary_size: fields.get("vocab_size", 151_936)?,
            width,
            feed_forward_width: fields.get("intermediate_size", 22_016)?,
            layers: fields.get("num_hidden_layers", 32)?,
            heads,
            key_heads: fields.get("num_key_value_heads", 32)?,
            head_width: fields.get("head_dim", 128)?,
            norm_eps: fields.get("rms_norm_eps", 1e-6)?,
            rope_theta: rope_theta(&fields)?,
        };
        fields.up_to("vocab_size", MOST_WORDS, &[config.vocabulary_size])?;
        fields.up_to("hidden_size", MOST_CHANNELS, &[config.width])?;
        fields.up_to("intermediate_size", MOST_CHANNELS, &[config.feed_forward_width])?;
        fields.up_to("num_hidden_layers", MOST_LAYERS, &[config.layers])?;
        fields.up_to("num_attention_heads", MOST_CHANNELS, &[config.heads])?;
        fields.up_to("head_dim", MOST_CHANNELS, &[config.head_width])?;
        if config.key_heads == 0 || !config.heads.is_multiple_of(config.key_heads) {
            return Err(fields.unsupported("num_key_value_heads", "a divisor of num_attention_heads"));
        }
        if !config.head_width.is_multiple_of(2) {
            return Err(fields.unsupported("head_dim", "an even number"));
        }
        Ok(config)
    }
}

/// Newer files keep it in `rope_parameters`.
fn rope_theta(fields: &Fields) -> Result<f64, CheckpointError> {
    const DEFAULT: f64 = 1_000_000.0;
    let parameters = fields.map.get("rope_parameters").unwrap_or(&Value::Null);
    if parameters.get("rope_type").is_some_and(|kind| kind != "default") {
        return Err(fields.unsupported("rope_parameters", "only the rope_type \"default\""));
    }
    match parameters.get("rope_theta").and_then(Value::as_f64) {
        Some(theta) => Ok(theta),
        None => fields.get("rope_theta", DEFAULT),
    }
}
