//! The configs of control networks: `ControlNetModel`, `ControlNetUnionModel` and `T2IAdapter`.

use std::path::PathBuf;

use serde_json::{Map, Value};

use super::{Fields, MOST_CHANNELS, MOST_LAYERS, MOST_LEVELS, UnetConfig};
use crate::checkpoint::CheckpointError;

/// Sides of a pixel's block that published adapters fold into channels.
const MOST_FACTOR: usize = 64;
/// More kinds of pictures than any union network knows.
const MOST_TYPES: usize = 64;

/// Fields that are named more than once.
const EMBEDDING: &str = "conditioning_embedding_out_channels";
const ORDER: &str = "controlnet_conditioning_channel_order";

/// What a picture is shown to before it steers a UNet.
#[derive(Clone, Debug)]
pub enum ControlConfig {
    ControlNet(Box<ControlNetConfig>),
    Adapter(AdapterConfig),
}

/// "Adding Conditional Control to Text-to-Image Diffusion Models", arXiv 2302.05543.
#[derive(Clone, Debug)]
pub struct ControlNetConfig {
    /// The half of a UNet that it is a copy of; what it says of the way up counts for nothing.
    pub unet: UnetConfig,
    /// Of the picture that steers.
    pub picture_channels: usize,
    /// Of the convolutions through which that picture comes to the latents' size.
    pub embedding_channels: Vec<usize>,
    /// Its picture is wanted with blue before red.
    pub is_bgr: bool,
    /// What it gives is averaged over all pixels ("shuffle").
    pub pools: bool,
    pub union: Option<UnionConfig>,
}

/// One network for several kinds of pictures, several at once ("`ControlNet++`", xinsir).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnionConfig {
    pub types: usize,
    /// Of the embedding of which types are given.
    pub type_width: usize,
    pub channels: usize,
    pub heads: usize,
    pub layers: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdapterType {
    Full,
    /// Halves its maps once only.
    FullXl,
    Light,
}

/// "T2I-Adapter: Learning Adapters to Dig out More Controllable Ability", arXiv 2302.08453.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdapterConfig {
    pub kind: AdapterType,
    /// 3, or 1 for pictures in grey.
    pub picture_channels: usize,
    /// Of each level; the light one has one level more, as wide as its last.
    pub channels: Vec<usize>,
    /// Of each level.
    pub resnets: usize,
    /// So many pixels' squares are folded into channels.
    pub factor: usize,
}

impl AdapterConfig {
    /// Channels of each map that it gives, and by how much it is smaller than the picture.
    #[must_use]
    pub fn maps(&self) -> Vec<(usize, usize)> {
        let mut channels = self.channels.clone();
        if self.kind == AdapterType::Light {
            channels.extend(self.channels.last());
        }
        let halvings = |level: usize| match self.kind {
            AdapterType::FullXl => usize::from(level > 1),
            AdapterType::Full | AdapterType::Light => level,
        };
        channels.iter().enumerate().map(|(level, channels)| (*channels, self.factor << halvings(level))).collect()
    }
}

impl ControlConfig {
    /// Reads a `config.json`, by its class.
    ///
    /// # Errors
    /// When it is none of a control network, or asks for something that is not supported.
    pub(crate) fn of(map: Map<String, Value>, path: PathBuf) -> Result<Self, CheckpointError> {
        let fields = Fields::of(map, path);
        let class: String = fields.get("_class_name", String::new())?;
        match class.as_str() {
            "ControlNetModel" | "ControlNetUnionModel" => {
                ControlNetConfig::of(&fields, class == "ControlNetUnionModel")
                    .map(|config| Self::ControlNet(Box::new(config)))
            }
            "T2IAdapter" => AdapterConfig::of(&fields).map(Self::Adapter),
            _ => Err(fields.unsupported("_class_name", "ControlNetModel, ControlNetUnionModel or T2IAdapter")),
        }
    }
}

impl ControlNetConfig {
    fn of(fields: &Fields, is_union: bool) -> Result<Self, CheckpointError> {
        let unet = UnetConfig::of(fields)?;
        let default = if is_union { vec![48, 96, 192, 384] } else { vec![16, 32, 96, 256] };
        let embedding_channels: Vec<usize> = fields.get(EMBEDDING, default)?;
        fields.up_to(EMBEDDING, MOST_CHANNELS, &embedding_channels)?;
        if !(1..=MOST_LEVELS).contains(&embedding_channels.len()) {
            return Err(fields.unsupported(EMBEDDING, format!("a list of 1 to {MOST_LEVELS}")));
        }
        fields.only(ORDER, &["rgb".into(), "bgr".into()])?;
        let picture_channels = fields.get("conditioning_channels", 3)?;
        if picture_channels != 3 && picture_channels != 1 {
            return Err(fields.unsupported("conditioning_channels", "1 or 3"));
        }
        Ok(Self {
            union: is_union.then(|| UnionConfig::of(fields, &unet)).transpose()?,
            unet,
            picture_channels,
            embedding_channels,
            is_bgr: fields.get(ORDER, "rgb".to_owned())? == "bgr",
            pools: fields.get("global_pool_conditions", false)?,
        })
    }
}

impl UnionConfig {
    fn of(fields: &Fields, unet: &UnetConfig) -> Result<Self, CheckpointError> {
        let config = Self {
            types: fields.get("num_control_type", 6)?,
            type_width: fields.require("addition_time_embed_dim")?,
            channels: fields.get("num_trans_channel", 320)?,
            heads: fields.get("num_trans_head", 8)?,
            layers: fields.get("num_trans_layer", 1)?,
        };
        fields.up_to("num_control_type", MOST_TYPES, &[config.types])?;
        fields.up_to("num_trans_layer", MOST_LAYERS, &[config.layers])?;
        fields.up_to("addition_time_embed_dim", MOST_CHANNELS, &[config.type_width])?;
        let width = unet.blocks[0].channels;
        fields.only("num_proj_channel", &[width.into()])?;
        if config.channels != width {
            return Err(fields.unsupported("num_trans_channel", format!("{width}, as many as its first level has,")));
        }
        if config.heads == 0 || !config.channels.is_multiple_of(config.heads) {
            return Err(fields.unsupported("num_trans_head", "a divisor of num_trans_channel"));
        }
        Ok(config)
    }
}

impl AdapterConfig {
    fn of(fields: &Fields) -> Result<Self, CheckpointError> {
        let kinds = [
            ("full_adapter", AdapterType::Full),
            ("full_adapter_xl", AdapterType::FullXl),
            ("light_adapter", AdapterType::Light),
        ];
        let name: String = fields.get("adapter_type", "full_adapter".to_owned())?;
        let kind = kinds.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind);
        let kind =
            kind.ok_or_else(|| fields.unsupported("adapter_type", "full_adapter, full_adapter_xl or light_adapter"))?;
        let config = Self {
            kind,
            picture_channels: fields.get("in_channels", 3)?,
            channels: fields.get("channels", vec![320, 640, 1280, 1280])?,
            resnets: fields.get("num_res_blocks", 2)?,
            factor: fields.get("downscale_factor", 8)?,
        };
        if config.picture_channels != 3 && config.picture_channels != 1 {
            return Err(fields.unsupported("in_channels", "1 or 3"));
        }
        fields.up_to("channels", MOST_CHANNELS, &config.channels)?;
        if !(1..=MOST_LEVELS).contains(&config.channels.len()) {
            return Err(fields.unsupported("channels", format!("a list of 1 to {MOST_LEVELS}")));
        }
        fields.up_to("num_res_blocks", MOST_LAYERS, &[config.resnets])?;
        fields.up_to("downscale_factor", MOST_FACTOR, &[config.factor])?;
        Ok(config)
    }
}
