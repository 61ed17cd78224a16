//! `transformer/config.json` of Z-Image.

use serde_json::Value;

use super::{Fields, MOST_CHANNELS, MOST_LATENTS, MOST_LAYERS};
use crate::checkpoint::{CheckpointError, ModelFiles};

/// The width of the time step's embedding, unless the network is narrower.
const TIME_WIDTH: usize = 256;

#[derive(Clone, Debug)]
pub struct ZImageConfig {
    pub latent_channels: usize,
    pub width: usize,
    pub heads: usize,
    pub layers: usize,
    /// Blocks that picture and prompt each pass before they meet.
    pub refiner_layers: usize,
    pub context_width: usize,
    pub norm_eps: f64,
    pub rope_theta: f64,
    /// Channels of a head that are turned by each axis: the place in the sequence, the row, the column.
    pub axes: [usize; 3],
    /// Places that each axis was trained with.
    pub axes_lengths: [usize; 3],
    pub time_scale: f64,
}

impl ZImageConfig {
    /// Latent pixels of one token's side.
    pub const PATCH: usize = 2;

    /// Reads `transformer/config.json`.
    ///
    /// # Errors
    /// When it is missing, unreadable, or asks for something that is not supported.
    pub fn read(files: &ModelFiles) -> Result<Self, CheckpointError> {
        let fields = Fields::open(files, "transformer/config.json", "the transformer's config")?;
        fields.only("_class_name", &["ZImageTransformer2DModel".into()])?;
        fields.only("all_patch_size", &[Value::from(vec![Self::PATCH])])?;
        fields.only("all_f_patch_size", &[Value::from(vec![1])])?;
        fields.only("qk_norm", &[true.into()])?;
        fields.only("siglip_feat_dim", &[])?;
        let axes = |field: &str, default: [usize; 3]| -> Result<[usize; 3], CheckpointError> {
            let found: Vec<usize> = fields.get(field, default.to_vec())?;
            found.try_into().map_err(|_| fields.unsupported(field, "a list of 3"))
        };
        let config = Self {
            latent_channels: fields.get("in_channels", 16)?,
            width: fields.get("dim", 3840)?,
            heads: fields.get("n_heads", 30)?,
            layers: fields.get("n_layers", 30)?,
            refiner_layers: fields.get("n_refiner_layers", 2)?,
            context_width: fields.get("cap_feat_dim", 2560)?,
            norm_eps: fields.get("norm_eps", 1e-5)?,
            rope_theta: fields.get("rope_theta", 256.0)?,
            axes: axes("axes_dims", [32, 48, 48])?,
            axes_lengths: axes("axes_lens", [1024, 512, 512])?,
            time_scale: fields.get("t_scale", 1000.0)?,
        };
        fields.only("n_kv_heads", &[Value::from(config.heads)])?;
        fields.up_to("in_channels", MOST_LATENTS, &[config.latent_channels])?;
        fields.up_to("dim", MOST_CHANNELS, &[config.width])?;
        fields.up_to("cap_feat_dim", MOST_CHANNELS, &[config.context_width])?;
        fields.up_to("n_layers", MOST_LAYERS, &[config.layers])?;
        fields.up_to("axes_lens", MOST_CHANNELS, &config.axes_lengths)?;
        if config.refiner_layers > MOST_LAYERS {
            return Err(fields.unsupported("n_refiner_layers", format!("at most {MOST_LAYERS}")));
        }
        if config.heads == 0 || !config.width.is_multiple_of(config.heads) {
            return Err(fields.unsupported("n_heads", "a divisor of dim"));
        }
        let is_whole = config.axes.iter().all(|axis| axis.is_multiple_of(2));
        let turned = config.axes.iter().try_fold(0usize, |sum, axis| sum.checked_add(*axis));
        if !is_whole || turned != Some(config.width / config.heads) {
            return Err(fields.unsupported("axes_dims", "even numbers that a head's width is the sum of"));
        }
        Ok(config)
    }

    #[must_use]
    pub fn time_width(&self) -> usize {
        self.width.min(TIME_WIDTH)
    }

    #[must_use]
    pub fn feed_forward_width(&self) -> usize {
        (self.width as f64 / 3.0 * 8.0) as usize
    }
}
