//! The network that takes noise away, whichever kind a family has: its config, and what the pipeline must know of it.

use super::{Flux2Config, UnetConfig, VaeConfig, ZImageConfig};
use crate::checkpoint::{CheckpointError, ModelFiles};
use crate::job::Family;

#[derive(Clone, Debug)]
pub enum DenoiserConfig {
    Unet(UnetConfig),
    ZImage(ZImageConfig),
    Flux2(Flux2Config),
}

impl DenoiserConfig {
    /// Reads the config of a model of this family.
    ///
    /// # Errors
    /// When it is missing, unreadable, or asks for something that is not supported.
    pub fn read(files: &ModelFiles, family: Family) -> Result<Self, CheckpointError> {
        Ok(match family {
            Family::ZImage | Family::ZImageTurbo => Self::ZImage(ZImageConfig::read(files)?),
            Family::Klein | Family::KleinBase => Self::Flux2(Flux2Config::read(files)?),
            _ => Self::Unet(UnetConfig::read(files)?),
        })
    }

    /// diffusers' folder of its weights.
    #[must_use]
    pub fn folder(&self) -> &'static str {
        match self {
            Self::Unet(_) => "unet",
            Self::ZImage(_) | Self::Flux2(_) => "transformer",
        }
    }

    /// The UNet, where it is one.
    #[must_use]
    pub fn unet(&self) -> Option<&UnetConfig> {
        match self {
            Self::Unet(unet) => Some(unet),
            _ => None,
        }
    }

    /// Channels that it is given, latents and what stands beside them.
    #[must_use]
    pub fn in_channels(&self) -> usize {
        match self {
            Self::Unet(unet) => unet.in_channels,
            Self::ZImage(config) => config.latent_channels,
            Self::Flux2(config) => config.channels,
        }
    }

    #[must_use]
    pub fn out_channels(&self) -> usize {
        match self {
            Self::Unet(unet) => unet.out_channels,
            _ => self.in_channels(),
        }
    }

    /// Values of a prompt's token; `None` where each block has its own.
    #[must_use]
    pub fn context_width(&self) -> Option<usize> {
        match self {
            Self::Unet(unet) => unet.context_width(),
            Self::ZImage(config) => Some(config.context_width),
            Self::Flux2(config) => Some(config.context_width),
        }
    }

    /// Of attention, where a picture has most of them.
    #[must_use]
    pub fn heads(&self) -> usize {
        match self {
            Self::Unet(unet) => {
                unet.blocks.iter().filter_map(|block| Some(block.down_attention.as_ref()?.heads)).max().unwrap_or(1)
            }
            Self::ZImage(config) => config.heads,
            Self::Flux2(config) => config.heads,
        }
    }

    /// Whether guidance is embedded in the time step, so that one pass is guided already.
    #[must_use]
    pub fn embeds_guidance(&self) -> bool {
        self.unet().is_some_and(|unet| unet.guidance_width.is_some())
    }

    /// Whether it reads pictures beside the prompt, as further tokens.
    #[must_use]
    pub fn reads_references(&self) -> bool {
        matches!(self, Self::Flux2(_))
    }

    /// Latent pixels that a side must be a multiple of.
    #[must_use]
    pub fn patch(&self) -> usize {
        if let Self::ZImage(_) = self { ZImageConfig::PATCH } else { 1 }
    }

    /// Pixels that a crop's sides are best a multiple of.
    #[must_use]
    pub fn step_px(&self, vae: &VaeConfig) -> usize {
        match self {
            Self::Unet(unet) => vae.factor() << (unet.blocks.len() - 1),
            _ => vae.factor() * self.patch(),
        }
    }

    /// The side of the square pictures that it was trained on, in pixels.
    #[must_use]
    pub fn native_side_px(&self, vae: &VaeConfig, family: Family) -> usize {
        match self {
            Self::Unet(unet) => unet.sample_size * vae.factor(),
            _ => family.row().native_side_px as usize,
        }
    }
}
