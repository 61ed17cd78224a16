//! Presets of the inpainting settings, by what an artist wants to do with a mask.

use super::{InpaintArea, InpaintSettings, MaskedContent};

/// What a person wants with the picture: a preset of strength and inpainting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Intent {
    /// Something new in the masked place.
    Fill,
    /// The picture goes on beyond its old border.
    Expand,
    /// A thing more, in the scene as it is.
    Add,
    /// The thing under the mask goes, what is around it goes on.
    Remove,
    /// All but the masked thing is made anew.
    ReplaceBackground,
    /// The same, with more care.
    Refine,
}

/// What an intent sets; everything else stays as it was.
#[derive(Clone, Debug, PartialEq)]
pub struct IntentPreset {
    pub strength: f64,
    pub settings: InpaintSettings,
    /// Whether it needs a prompt for what shall appear.
    pub needs_prompt: bool,
}

impl Intent {
    pub const ALL: [Self; 6] =
        [Self::Fill, Self::Expand, Self::Add, Self::Remove, Self::ReplaceBackground, Self::Refine];

    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Fill => "Fill",
            Self::Expand => "Expand",
            Self::Add => "Add",
            Self::Remove => "Remove",
            Self::ReplaceBackground => "Replace background",
            Self::Refine => "Refine",
        }
    }

    /// One line for a tooltip.
    #[must_use]
    pub fn hint(self) -> &'static str {
        match self {
            Self::Fill => "Paints what the words say into the mask",
            Self::Expand => "Goes on beyond the picture's old border",
            Self::Add => "Puts a thing more into the scene, which stays visible beneath it",
            Self::Remove => "Takes away what is masked and goes on with what is around it",
            Self::ReplaceBackground => "Keeps what is masked and makes everything else anew",
            Self::Refine => "Draws the masked part again, close to what is there, in more detail",
        }
    }

    #[must_use]
    pub fn preset(self) -> IntentPreset {
        let base = InpaintSettings::default();
        let masked = InpaintSettings { area: InpaintArea::Masked, ..base.clone() };
        let (strength, settings) = match self {
            Self::Fill => (1.0, InpaintSettings { padding_px: 64, content: MaskedContent::Blurred, ..masked }),
            Self::Expand => {
                (1.0, InpaintSettings { padding_px: 128, mask_blur_px: 12, content: MaskedContent::Blurred, ..masked })
            }
            Self::Add => (0.9, InpaintSettings { padding_px: 96, ..masked }),
            // A shadow's edge and the blur of an outline reach a little beyond what one paints.
            Self::Remove => {
                (1.0, InpaintSettings { padding_px: 96, grow_px: 6, content: MaskedContent::Blurred, ..masked })
            }
            // Half a brush's edge belongs to the thing that is kept.
            Self::ReplaceBackground => {
                (1.0, InpaintSettings { invert: true, grow_px: -1, content: MaskedContent::Noise, ..base })
            }
            Self::Refine => (0.4, InpaintSettings { soft: true, mask_blur_px: 8, ..masked }),
        };
        IntentPreset { strength, settings, needs_prompt: !matches!(self, Self::Remove | Self::Expand | Self::Refine) }
    }
}
