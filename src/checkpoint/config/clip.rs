//! `text_encoder/config.json`: CLIP's text model as transformers writes it.

use super::{Fields, MOST_CHANNELS, MOST_LAYERS};
use crate::checkpoint::{CheckpointError, ModelFiles};
use crate::kernels::Activation;

#[derive(Clone, Debug)]
pub struct ClipConfig {
    pub vocabulary_size: usize,
    pub width: usize,
    pub feed_forward_width: usize,
    pub layers: usize,
    pub heads: usize,
    /// Tokens in one window, begin and end included.
    pub positions: usize,
    pub activation: Activation,
    pub norm_eps: f64,
    /// Width of the pooled, projected embedding, for models that have a projection.
    pub projection_width: Option<usize>,
    pub end_token: u32,
}

impl ClipConfig {
    /// Reads `<folder>/config.json`.
    ///
    /// # Errors
    /// When it is missing, unreadable, or asks for something that is not supported.
    pub fn read(files: &ModelFiles, folder: &str) -> Result<Self, CheckpointError> {
        let fields = Fields::open(files, &format!("{folder}/config.json"), "the text encoder's config")?;
        let class = fields
            .get::<Vec<String>>("architectures", vec!["CLIPTextModel".into()])?
            .into_iter()
            .next()
            .unwrap_or_default();
        let projected = match class.as_str() {
            "CLIPTextModel" => false,
            "CLIPTextModelWithProjection" => true,
            _ => return Err(fields.unsupported("architectures", "only CLIPTextModel or CLIPTextModelWithProjection")),
        };
        let activation = match fields.get::<String>("hidden_act", "quick_gelu".into())?.as_str() {
            "quick_gelu" => Activation::QuickGelu,
            "gelu" => Activation::Gelu,
            _ => return Err(fields.unsupported("hidden_act", "only \"quick_gelu\" or \"gelu\"")),
        };
        fields.only("use_attention_mask", &[false.into()])?;
        let config = Self {
            vocabulary_size: fields.get("vocab_size", 49408)?,
            width: fields.get("hidden_size", 512)?,
            feed_forward_width: fields.get("intermediate_size", 2048)?,
            layers: fields.get("num_hidden_layers", 12)?,
            heads: fields.get("num_attention_heads", 8)?,
            positions: fields.get("max_position_embeddings", 77)?,
            activation,
            norm_eps: fields.get("layer_norm_eps", 1e-5)?,
            projection_width: projected.then(|| fields.get("projection_dim", 512)).transpose()?,
            end_token: fields.get::<u32>("eos_token_id", 49407)?,
        };
        fields.up_to("vocab_size", 1 << 20, &[config.vocabulary_size])?;
        fields.up_to("hidden_size", MOST_CHANNELS, &[config.width])?;
        fields.up_to("intermediate_size", 4 * MOST_CHANNELS, &[config.feed_forward_width])?;
        fields.up_to("num_hidden_layers", MOST_LAYERS, &[config.layers])?;
        fields.up_to("max_position_embeddings", 4096, &[config.positions])?;
        fields.up_to("projection_dim", MOST_CHANNELS, config.projection_width.as_slice())?;
        if config.heads == 0 || !config.width.is_multiple_of(config.heads) {
            return Err(fields.unsupported("num_attention_heads", "a divisor of hidden_size"));
        }
        if config.positions < 3 {
            return Err(fields.unsupported("max_position_embeddings", "at least 3"));
        }
        Ok(config)
    }
}
