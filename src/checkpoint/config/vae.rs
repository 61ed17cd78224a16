//! `vae/config.json`: the KL autoencoder.

use serde_json::Value;

use super::{Fields, MOST_CHANNELS, MOST_LATENTS, MOST_LAYERS, MOST_LEVELS, MOST_SIDE};
use crate::checkpoint::{CheckpointError, ModelFiles};

#[derive(Clone, Debug)]
#[allow(clippy::struct_excessive_bools)] // They are the file's own switches, each independent.
pub struct VaeConfig {
    pub picture_channels: usize,
    pub latent_channels: usize,
    pub block_channels: Vec<usize>,
    /// Of the decoder, where they are others.
    pub decoder_block_channels: Vec<usize>,
    pub layers_per_block: usize,
    pub groups: usize,
    pub norm_eps: f64,
    pub mid_block_attention: bool,
    pub quant_conv: bool,
    pub post_quant_conv: bool,
    /// The UNet works on `(latent - shift) · scale`.
    pub scale: f64,
    pub shift: f64,
    /// The decoder overflows in half precision and must run in single.
    pub force_upcast: bool,
    pub sample_size: usize,
    /// Latent pixels of a cell's side, whose channels stand together in what the denoiser works on.
    pub patch: usize,
    /// Cells are normed by the mean and variance that the network has learnt of each channel, with this much added to the
    /// variance.
    pub statistics_eps: Option<f64>,
}

/// FLUX.2's autoencoder, as diffusers calls it.
const FLUX2: &str = "AutoencoderKLFlux2";

impl VaeConfig {
    /// Reads `vae/config.json`.
    ///
    /// # Errors
    /// When it is missing, unreadable, or asks for something that is not supported.
    pub fn read(files: &ModelFiles) -> Result<Self, CheckpointError> {
        let fields = Fields::open(files, "vae/config.json", "the VAE's config")?;
        fields.only("_class_name", &["AutoencoderKL".into(), FLUX2.into()])?;
        let is_flux2 = fields.get("_class_name", String::new())? == FLUX2;
        let block_channels: Vec<usize> = fields.get("block_out_channels", vec![64])?;
        if block_channels.is_empty() || block_channels.len() > MOST_LEVELS {
            return Err(fields.unsupported("block_out_channels", format!("a list of 1 to {MOST_LEVELS}")));
        }
        let block = |field: &str, kind: &str| -> Result<(), CheckpointError> {
            let names: Vec<String> = fields.get(field, vec![kind.to_owned()])?;
            if names.len() == block_channels.len() && names.iter().all(|name| name == kind) {
                Ok(())
            } else {
                Err(fields.unsupported(field, format!("only {kind}, one for each of block_out_channels,")))
            }
        };
        block("down_block_types", "DownEncoderBlock2D")?;
        block("up_block_types", "UpDecoderBlock2D")?;
        fields.only("act_fn", &["silu".into(), "swish".into()])?;
        fields.only("latents_mean", &[])?;
        fields.only("latents_std", &[])?;
        fields.only("in_channels", &[Value::from(3)])?;
        fields.only("out_channels", &[Value::from(3)])?;
        if is_flux2 {
            fields.only("patch_size", &[vec![2, 2].into()])?;
        }
        let decoder: Option<Vec<usize>> = fields.optional("decoder_block_out_channels")?;
        let decoder_block_channels = decoder.unwrap_or_else(|| block_channels.clone());
        if decoder_block_channels.len() != block_channels.len() {
            return Err(fields.unsupported("decoder_block_out_channels", "a list as long as block_out_channels"));
        }
        let config = Self {
            picture_channels: 3,
            latent_channels: fields.get("latent_channels", if is_flux2 { 32 } else { 4 })?,
            layers_per_block: fields.get("layers_per_block", 1)?,
            groups: fields.get("norm_num_groups", 32)?,
            norm_eps: 1e-6,
            mid_block_attention: fields.get("mid_block_add_attention", true)?,
            quant_conv: fields.get("use_quant_conv", true)?,
            post_quant_conv: fields.get("use_post_quant_conv", true)?,
            scale: if is_flux2 { 1.0 } else { fields.get("scaling_factor", 0.18215)? },
            shift: fields.get("shift_factor", 0.0)?,
            force_upcast: fields.get("force_upcast", !is_flux2)?,
            sample_size: fields.get("sample_size", 32)?,
            patch: if is_flux2 { 2 } else { 1 },
            statistics_eps: if is_flux2 { Some(fields.get("batch_norm_eps", 1e-4)?) } else { None },
            decoder_block_channels,
            block_channels,
        };
        fields.up_to("block_out_channels", MOST_CHANNELS, &config.block_channels)?;
        fields.up_to("decoder_block_out_channels", MOST_CHANNELS, &config.decoder_block_channels)?;
        fields.up_to("latent_channels", MOST_LATENTS, &[config.latent_channels])?;
        fields.up_to("layers_per_block", MOST_LAYERS, &[config.layers_per_block])?;
        fields.up_to("sample_size", MOST_SIDE << MOST_LEVELS, &[config.sample_size])?;
        let divides = |channels: &usize| config.groups > 0 && channels.is_multiple_of(config.groups);
        if !config.block_channels.iter().chain(&config.decoder_block_channels).all(divides) {
            return Err(fields.unsupported("norm_num_groups", "a divisor of every block_out_channels"));
        }
        Ok(config)
    }

    /// Picture pixels for one cell of what the denoiser works on, on each axis.
    #[must_use]
    pub fn factor(&self) -> usize {
        self.patch << (self.block_channels.len() - 1)
    }

    /// Channels of such a cell.
    #[must_use]
    pub fn cell_channels(&self) -> usize {
        self.latent_channels * self.patch * self.patch
    }
}
