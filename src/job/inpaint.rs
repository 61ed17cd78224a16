//! How the masked part of a picture is repainted, and how it is joined with the rest.

use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::mask::MaskPlane;

/// How much of the picture the network is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InpaintArea {
    /// The whole picture is given to the network.
    #[default]
    Whole,
    /// The mask's bounds and some padding, at the model's own size; pasted back afterwards.
    Masked,
}

/// What the masked part holds before the first step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MaskedContent {
    /// The picture as it is.
    #[default]
    Original,
    /// The colours around the mask, spread into it.
    Blurred,
    /// Noise in the latents: nothing of the picture is left.
    Noise,
    /// One flat colour, RGB.
    Colour([u8; 3]),
}

impl FromStr for MaskedContent {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "original" => return Ok(Self::Original),
            "blurred" => return Ok(Self::Blurred),
            "noise" => return Ok(Self::Noise),
            _ => {}
        }
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6);
        let colour = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        colour
            .map(|colour| Self::Colour([(colour >> 16) as u8, (colour >> 8) as u8, colour as u8]))
            .ok_or_else(|| "allowed are original, blurred, noise and a colour of six digits such as #a0c8ff".into())
    }
}

/// How a masked picture is repainted; the mask itself is [`InpaintMask`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[allow(clippy::struct_excessive_bools)] // Four independent switches, each a box in the window and a flag.
pub struct InpaintSettings {
    pub area: InpaintArea,
    /// Around the mask's bounds, in the picture's pixels; for [`InpaintArea::Masked`].
    pub padding_px: u32,
    /// Radius of the blur of the mask's edge, in the picture's pixels.
    pub mask_blur_px: u32,
    /// The mask is made so much larger, or smaller when negative, in the picture's pixels.
    pub grow_px: i32,
    /// Repaints what is not masked.
    pub invert: bool,
    pub content: MaskedContent,
    /// Grey values of the mask release the picture gradually over the steps (differential diffusion).
    pub soft: bool,
    /// Brings the new region's colours to those of its surroundings.
    pub colour_match: bool,
    /// Pastes the picture back outside the mask and its feather, byte for byte. `false` gives what the decoder made.
    pub composite: bool,
}

impl InpaintSettings {
    /// Of feather and padding.
    pub const MAX_PX: u32 = 512;

    /// The mask as it is worked with: inverted, then grown or shrunk, as the settings ask.
    #[must_use]
    pub fn prepared(&self, mask: &MaskPlane) -> MaskPlane {
        let mut prepared = mask.clone();
        if self.invert {
            prepared.invert();
        }
        if self.grow_px == 0 { prepared } else { prepared.resized_by(self.grow_px) }
    }

    /// How far beyond a prepared mask the picture may change.
    #[must_use]
    pub fn feather_reach_px(&self) -> u32 {
        // A blur reaches twice into the corner of its square window.
        (f64::from(self.mask_blur_px) * 2.0 * std::f64::consts::SQRT_2).ceil() as u32
    }
}

impl Default for InpaintSettings {
    fn default() -> Self {
        Self {
            area: InpaintArea::default(),
            padding_px: 32,
            mask_blur_px: 4,
            grow_px: 0,
            invert: false,
            content: MaskedContent::default(),
            soft: false,
            colour_match: true,
            composite: true,
        }
    }
}

/// A mask, as large as the picture that it lies on.
#[derive(Clone, Debug, PartialEq)]
pub struct InpaintMask {
    /// One byte a pixel, 255 where it is painted; as large as the picture.
    pub plane: Arc<MaskPlane>,
}
