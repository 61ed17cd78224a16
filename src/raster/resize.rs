//! How a photo meets a size of another shape.

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ResizeMode {
    /// Pulled to the size, shape and all.
    #[default]
    Stretch,
    /// The middle part that has the shape.
    Crop,
    /// The largest size of the photo's own shape inside the one that was asked for.
    Fit,
    /// All of it, and around it what its border suggests.
    Pad,
}

impl ResizeMode {
    pub const ALL: [Self; 4] = [Self::Stretch, Self::Crop, Self::Fit, Self::Pad];

    /// The name on the command line.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Stretch => "stretch",
            Self::Crop => "crop",
            Self::Fit => "fit",
            Self::Pad => "pad",
        }
    }

    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.id() == id)
    }
}
