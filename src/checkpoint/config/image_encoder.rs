//! `config.json` of CLIP's image model as transformers writes it.

use super::{Fields, MOST_CHANNELS, MOST_LAYERS};
use crate::checkpoint::{CheckpointError, ModelFiles};
use crate::kernels::Activation;

#[derive(Clone, Debug)]
pub struct ImageEncoderConfig {
    pub width: usize,
    pub feed_forward_width: usize,
    pub layers: usize,
    pub heads: usize,
    /// Of the square picture that it reads, in pixels.
    pub side: usize,
    /// Of the squares that it is cut into, in pixels.
    pub patch: usize,
    pub activation: Activation,
    pub norm_eps: f64,
    /// Width of the embedding.
    pub projection_width: usize,
}

impl ImageEncoderConfig {
    /// Reads `<folder>/config.json`.
    ///
    /// # Errors
    /// When it is missing, unreadable, or asks for something that is not supported.
    pub fn read(files: &ModelFiles, folder: &str) -> Result<Self, CheckpointError> {
        let fields = Fields::open(files, &format!("{folder}/config.json"), "the image encoder's config")?;
        let classes = fields.get::<Vec<String>>("architectures", Vec::new())?;
        if classes.first().is_none_or(|class| class != "CLIPVisionModelWithProjection") {
            return Err(fields.unsupported("architectures", "only CLIPVisionModelWithProjection"));
        }
        let activation = match fields.get::<String>("hidden_act", "quick_gelu".into())?.as_str() {
            "quick_gelu" => Activation::QuickGelu,
            "gelu" => Activation::Gelu,
            _ => return Err(fields.unsupported("hidden_act", "only \"quick_gelu\" or \"gelu\"")),
        };
        fields.only("num_channels", &[3.into()])?;
        let config = Self {
            width: fields.get("hidden_size", 768)?,
            feed_forward_width: fields.get("intermediate_size", 3072)?,
            layers: fields.get("num_hidden_layers", 12)?,
            heads: fields.get("num_attention_heads", 12)?,
            side: fields.get("image_size", 224)?,
            patch: fields.get("patch_size", 32)?,
            activation,
            norm_eps: fields.get("layer_norm_eps", 1e-5)?,
            projection_width: fields.get("projection_dim", 512)?,
        };
        fields.up_to("hidden_size", MOST_CHANNELS, &[config.width])?;
        fields.up_to("intermediate_size", 4 * MOST_CHANNELS, &[config.feed_forward_width])?;
        fields.up_to("num_hidden_layers", MOST_LAYERS, &[config.layers])?;
        fields.up_to("image_size", 1024, &[config.side])?;
        fields.up_to("patch_size", config.side, &[config.patch])?;
        fields.up_to("projection_dim", MOST_CHANNELS, &[config.projection_width])?;
        if config.heads == 0 || !config.width.is_multiple_of(config.heads) {
            return Err(fields.unsupported("num_attention_heads", "a divisor of hidden_size"));
        }
        if config.layers < 2 {
            return Err(fields.unsupported("num_hidden_layers", "at least 2"));
        }
        Ok(config)
    }
}
