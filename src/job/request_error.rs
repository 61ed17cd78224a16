//! What of a request is out of range, or contradicts itself.

use super::{ControlError, InpaintSettings, ReferenceError, RegionError, Remedy, limits};
use crate::sampling::SamplingError;

/// What of a request is out of range, or contradicts itself.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum RequestError {
    #[error("steps must be from 1 to {max}, found {found}", max = limits::MAX_STEPS)]
    Steps { found: u32 },
    #[error("guidance must be from 0 to {max}, found {found}", max = limits::MAX_GUIDANCE)]
    Guidance { found: f64 },
    #[error("{side} must be from {min} to {max} pixels, found {found}", min = limits::MIN_SIDE_PX, max = limits::MAX_SIDE_PX)]
    Side { side: &'static str, found: u32 },
    #[error("strength must be from 0 to 1, found {found}")]
    Strength { found: f64 },
    #[error("{name} must be from 0 to 1, found {found}")]
    Share { name: &'static str, found: f64 },
    #[error(transparent)]
    Sampling(#[from] SamplingError),
    #[error("image guidance must be from 0 to {max}, found {found}", max = limits::MAX_GUIDANCE)]
    ImageGuidance { found: f64 },
    #[error("a mask says where a picture is repainted, and there is no picture")]
    MaskWithoutPicture,
    #[error(
        "the mask must be as large as the picture, {}×{}, found {}×{}; save it again at the picture's size",
        wanted.0, wanted.1, found.0, found.1
    )]
    MaskSize { wanted: (u32, u32), found: (u32, u32) },
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    #[error("a picture is enlarged {min} to {max} times, found {found}")]
    UpscaleFactor { found: f64, min: f64, max: f64 },
    #[error("{width}×{height} is larger than any picture that is opened here; choose a smaller scale")]
    UpscaledSize { width: u64, height: u64 },
    #[error("{setting} must be from 0 to {max} pixels, found {found}", max = InpaintSettings::MAX_PX)]
    Pixels { setting: &'static str, found: u32 },
    #[error(transparent)]
    Control(#[from] ControlError),
    #[error(transparent)]
    Region(#[from] RegionError),
}

impl RequestError {
    /// What helps, where that is not in the sentence.
    #[must_use]
    pub fn remedy(&self) -> Option<Remedy> {
        match self {
            Self::MaskWithoutPicture => Some(Remedy::GivePicture),
            Self::Steps { .. }
            | Self::Guidance { .. }
            | Self::Side { .. }
            | Self::Strength { .. }
            | Self::Share { .. }
            | Self::Sampling(_)
            | Self::ImageGuidance { .. }
            | Self::MaskSize { .. }
            | Self::Reference(_)
            | Self::UpscaleFactor { .. }
            | Self::UpscaledSize { .. }
            | Self::Pixels { .. }
            | Self::Control(_)
            | Self::Region(_) => None,
        }
    }
}
