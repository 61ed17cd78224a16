//! `transformer/config.json` of FLUX.2, as far as klein has it.

use super::{Fields, MOST_CHANNELS, MOST_LAYERS};
use crate::checkpoint::{CheckpointError, ModelFiles};

/// Latent channels of four neighbours together.
const MOST_PACKED: usize = 1024;

#[derive(Clone, Debug)]
pub struct Flux2Config {
    /// Of a token: the latent channels of two by two latent pixels.
    pub channels: usize,
    pub heads: usize,
    pub head_width: usize,
    /// Blocks with a stream of their own for the picture and for the prompt.
    pub double_layers: usize,
    /// Blocks with one stream for both.
    pub single_layers: usize,
    pub context_width: usize,
    pub time_width: usize,
    pub feed_forward_width: usize,
    pub norm_eps: f64,
    pub rope_theta: f64,
    /// Channels of a head that are turned by each axis: which picture, the row, the column, the place in the prompt.
    pub axes: [usize; 4],
}

impl Flux2Config {
    /// Reads `transformer/config.json`.
    ///
    /// # Errors
    /// When it is missing, unreadable, or asks for something that is not supported.
    pub fn read(files: &ModelFiles) -> Result<Self, CheckpointError> {
        let fields = Fields::open(files, "transformer/config.json", "the transformer's config")?;
        fields.only("_class_name", &["Flux2Transformer2DModel".into()])?;
        fields.only("patch_size", &[1.into()])?;
        fields.only("out_channels", &fields.map.get("in_channels").cloned().into_iter().collect::<Vec<_>>())?;
        if fields.get("guidance_embeds", true)? {
            return Err(fields.unsupported("guidance_embeds", "false, as FLUX.2 klein has it,"));
        }
        let (heads, head_width) = (fields.get("num_attention_heads", 48)?, fields.get("attention_head_dim", 128)?);
        fields.up_to("num_attention_heads", MOST_CHANNELS, &[heads])?;
        fields.up_to("attention_head_dim", MOST_CHANNELS, &[head_width])?;
        let axes: Vec<usize> = fields.get("axes_dims_rope", vec![32; 4])?;
        let ratio: f64 = fields.get("mlp_ratio", 3.0)?;
        let config = Self {
            channels: fields.get("in_channels", 128)?,
            heads,
            head_width,
            double_layers: fields.get("num_layers", 8)?,
            single_layers: fields.get("num_single_layers", 48)?,
            context_width: fields.get("joint_attention_dim", 15_360)?,
            time_width: fields.get("timestep_guidance_channels", 256)?,
            feed_forward_width: ((heads * head_width) as f64 * ratio) as usize,
            norm_eps: fields.get("eps", 1e-6)?,
            rope_theta: fields.get("rope_theta", 2000.0)?,
            axes: axes.try_into().map_err(|_| fields.unsupported("axes_dims_rope", "a list of 4"))?,
        };
        fields.up_to("in_channels", MOST_PACKED, &[config.channels])?;
        fields.up_to("mlp_ratio", MOST_CHANNELS, &[config.feed_forward_width])?;
        fields.up_to("num_attention_heads", MOST_CHANNELS, &[config.width()])?;
        fields.up_to("joint_attention_dim", MOST_CHANNELS, &[config.context_width])?;
        fields.up_to("timestep_guidance_channels", MOST_CHANNELS, &[config.time_width])?;
        if config.double_layers > MOST_LAYERS || config.single_layers > MOST_LAYERS {
            return Err(fields.unsupported("num_single_layers", format!("at most {MOST_LAYERS}")));
        }
        if !config.channels.is_multiple_of(4) {
            return Err(fields.unsupported("in_channels", "a multiple of 4"));
        }
        let is_whole = config.axes.iter().all(|axis| axis.is_multiple_of(2));
        let turned = config.axes.iter().try_fold(0usize, |sum, axis| sum.checked_add(*axis));
        if !is_whole || turned != Some(config.head_width) {
            return Err(fields.unsupported("axes_dims_rope", "even numbers that a head's width is the sum of"));
        }
        Ok(config)
    }

    #[must_use]
    pub fn width(&self) -> usize {
        self.heads * self.head_width
    }
}
