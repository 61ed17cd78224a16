//! How a picture is computed: choices of speed and memory that leave the picture the same but for rounding.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How attention's scores are held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum AttentionMode {
    /// Chosen by device, size and free memory.
    #[default]
    Auto,
    /// All scores at once.
    Full,
    /// So many heads (batch × heads) at a time; `None` halves what `Full` needs, again and again, until it fits.
    Sliced(Option<u32>),
    /// Blocks of queries and keys with a running softmax: constant memory.
    Tiled,
    /// The device's own fused attention.
    Flash,
}

/// Whether the VAE works on the picture in one piece.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VaeTiling {
    /// Above a size that depends on free memory.
    #[default]
    Auto,
    /// Always; less memory, more time, the same picture.
    On,
    /// Never; refused where it does not fit.
    Off,
}

/// Whether memory is spent for speed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MemoryMode {
    /// By what is free.
    #[default]
    Auto,
    /// As little as can be, at a cost in time.
    Low,
    /// All that makes it faster, where it fits.
    High,
}

/// How a picture is computed: it changes memory and time, and the picture only within rounding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Compute {
    pub attention: AttentionMode,
    pub vae_tiling: VaeTiling,
    pub memory: MemoryMode,
}

impl fmt::Display for AttentionMode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => formatter.write_str("auto"),
            Self::Full => formatter.write_str("full"),
            Self::Sliced(None) => formatter.write_str("sliced"),
            Self::Sliced(Some(heads)) => write!(formatter, "sliced:{heads}"),
            Self::Tiled => formatter.write_str("tiled"),
            Self::Flash => formatter.write_str("flash"),
        }
    }
}

impl FromStr for AttentionMode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const ALLOWED: &str = "allowed are auto, full, sliced, sliced:N (N from 1), tiled and flash";
        match text {
            "auto" => Ok(Self::Auto),
            "full" => Ok(Self::Full),
            "sliced" => Ok(Self::Sliced(None)),
            "tiled" => Ok(Self::Tiled),
            "flash" => Ok(Self::Flash),
            _ => text
                .strip_prefix("sliced:")
                .and_then(|heads| heads.parse().ok())
                .filter(|heads| *heads > 0)
                .map(|heads| Self::Sliced(Some(heads)))
                .ok_or_else(|| ALLOWED.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attention_modes_are_read_as_they_are_written() {
        for text in ["auto", "full", "sliced", "sliced:3", "tiled", "flash"] {
            assert_eq!(text.parse::<AttentionMode>().unwrap().to_string(), text);
        }
        for text in ["sliced:0", "sliced:", "sliced:-1", "half"] {
            assert!(text.parse::<AttentionMode>().unwrap_err().contains("sliced:N"), "{text}");
        }
    }
}
