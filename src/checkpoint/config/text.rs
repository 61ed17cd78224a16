//! The text stage of a model, whichever kind its family has: the encoders' configs, and what is read of them.

use super::{ClipConfig, Qwen3Config};
use crate::checkpoint::{CheckpointError, ModelFiles};
use crate::job::{Family, TextStage};

#[derive(Clone, Debug)]
pub enum TextConfig {
    /// One encoder, or SDXL's two.
    Clip(Vec<ClipConfig>),
    /// A language model, and how many layers of it stand before each of the states that are read, joined by channels.
    Qwen3 { config: Qwen3Config, states: Vec<usize>, stage: TextStage },
}

impl TextConfig {
    /// Reads the configs of a model of this family.
    ///
    /// # Errors
    /// When one is missing, unreadable, or asks for something that is not supported.
    pub fn read(files: &ModelFiles, family: Family) -> Result<Self, CheckpointError> {
        const FOLDER: &str = "text_encoder";
        let stage = family.row().text;
        let wanted = match stage {
            TextStage::Clip => return Ok(Self::Clip(vec![ClipConfig::read(files, FOLDER)?])),
            TextStage::ClipPair => {
                return Ok(Self::Clip(vec![
                    ClipConfig::read(files, FOLDER)?,
                    ClipConfig::read(files, "text_encoder_2")?,
                ]));
            }
            TextStage::QwenBeforeLast => None,
            TextStage::QwenThreeStates => Some([9, 18, 27]),
        };
        let config = Qwen3Config::read(files, FOLDER)?;
        let states = wanted.map_or_else(|| vec![config.layers.saturating_sub(1)], Vec::from);
        if states.iter().any(|state| *state > config.layers) {
            return Err(CheckpointError::Unsupported {
                field: "num_hidden_layers".into(),
                found: config.layers.to_string(),
                supported: format!("for {}, at least {}", family.name(), states[states.len() - 1]),
                path: files.path_of("text_encoder/config.json"),
            });
        }
        Ok(Self::Qwen3 { config, states, stage })
    }

    /// Tokens that the denoiser is given of a prompt whose words have a place in `windows` tokens of CLIP.
    #[must_use]
    pub fn tokens(&self, windows: usize) -> usize {
        const MOST: usize = 512;
        match self {
            Self::Qwen3 { stage: TextStage::QwenThreeStates, .. } => MOST,
            Self::Qwen3 { .. } | Self::Clip(_) => windows,
        }
    }

    /// Values of a token that all encoders give together.
    #[must_use]
    pub fn width(&self) -> usize {
        match self {
            Self::Clip(encoders) => encoders.iter().map(|config| config.width).sum(),
            Self::Qwen3 { config, states, .. } => config.width * states.len(),
        }
    }
}
