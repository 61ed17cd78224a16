//! Files that a request adds to its model: LoRAs and embeddings.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// A LoRA: low-rank changes to a model's weights, from a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoraRef {
    /// Opened where it lies; nothing is copied.
    pub file: PathBuf,
    /// 1 is as trained, 0 nothing, negative the opposite.
    pub weight: f64,
    /// Of the text encoders alone, where they have another weight than the UNet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text_weight: Option<f64>,
}

impl LoraRef {
    /// With one weight for all networks.
    #[must_use]
    pub fn new(file: impl Into<PathBuf>, weight: f64) -> Self {
        Self { file: file.into(), weight, text_weight: None }
    }

    /// With a weight for the text encoders and one for the UNet.
    #[must_use]
    pub fn with_weights(file: impl Into<PathBuf>, text: f64, unet: f64) -> Self {
        let text_weight = (text.to_bits() != unet.to_bits()).then_some(text);
        Self { file: file.into(), weight: unet, text_weight }
    }

    /// Of the text encoders, and of the UNet.
    #[must_use]
    pub fn weights(&self) -> (f64, f64) {
        (self.text_weight.unwrap_or(self.weight), self.weight)
    }
}

/// A word that a file teaches the text encoders (textual inversion).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EmbeddingRef {
    /// As it stands in the prompt.
    pub word: String,
    pub file: PathBuf,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lora_of_one_weight_is_written_and_read_as_before() {
        let one = LoraRef::new("a.safetensors", 0.5);
        assert_eq!(serde_json::to_string(&one).unwrap(), r#"{"file":"a.safetensors","weight":0.5}"#);
        let two = LoraRef::with_weights("a.safetensors", 0.25, 0.5);
        for lora in [one, two] {
            let written = serde_json::to_string(&lora).unwrap();
            assert_eq!(serde_json::from_str::<LoraRef>(&written).unwrap(), lora);
        }
        assert_eq!(LoraRef::with_weights("a", 0.5, 0.5), LoraRef::new("a", 0.5));
    }
}
