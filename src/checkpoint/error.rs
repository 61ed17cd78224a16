//! Why a file of a model cannot be used.

use std::path::PathBuf;

use crate::job::{ErrorKind, Remedy};

/// What was wanted, what was found and what to do, with the path last.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    #[error(transparent)]
    Tensor(#[from] candle_core::Error),
    #[error(
        "{what} is missing in the model folder; download the model again, or choose a folder in diffusers' layout: {path}"
    )]
    Missing { what: &'static str, path: PathBuf },
    #[error("a file of the model cannot be read ({reason}): {path}")]
    Unreadable { reason: String, path: PathBuf },
    #[error("the weights are damaged or not downloaded to their end ({reason}); download the file again: {path}")]
    Damaged { reason: String, path: PathBuf },
    #[error(
        "the model was trained on EDM's noise levels (as Playground 2.5 and CosXL are), which no scheduler here walks; choose another Stable Diffusion XL model: {0}"
    )]
    EdmTraining(PathBuf),
    #[error("this file is not read: it {reason}: {path}")]
    Unread { reason: String, path: PathBuf },
    #[error("weights were wanted, and this file is {found}; {remedy}: {path}")]
    NotWeights { found: String, remedy: &'static str, path: PathBuf },
    #[error(
        "{count} tensors of the {part} are kept in a precision that is not read ({example}); get a file in F32, F16, BF16 or float8: {path}"
    )]
    UnreadPrecision { count: usize, part: String, example: String, path: PathBuf },
    #[error(
        "{tensor} in the weights has values that are no numbers (NaN or infinite), so no picture can come of them; get another copy, or another version of the model: {path}"
    )]
    NotANumber { tensor: String, path: PathBuf },
    #[error("the config's {field} is {found}, and {supported} is supported: {path}")]
    Unsupported { field: String, found: String, supported: String, path: PathBuf },
    #[error("a Stable Diffusion checkpoint was wanted, and this file holds no network that Inkwick knows: {0}")]
    NoNetwork(PathBuf),
    #[error(
        "this is {family}, which Inkwick does not run; choose a model of Stable Diffusion 1, 2 or XL, Z-Image or FLUX.2 klein: {path}"
    )]
    OtherFamily { family: &'static str, path: PathBuf },
    #[error("the model has no {what}, and none lies beside it; {remedy}: {path}")]
    CompanionMissing { what: String, remedy: String, path: PathBuf },
    #[error("the embedding {reason}: {path}")]
    Embedding { reason: String, path: PathBuf },
    #[error("the LoRA {reason}: {path}")]
    Lora { reason: String, path: PathBuf },
    #[error("the adapter {reason}: {path}")]
    IpAdapter { reason: String, path: PathBuf },
    #[error("the control network {reason}: {path}")]
    Control { reason: String, path: PathBuf },
    #[error("a checkpoint was wanted, and this file is a LoRA; choose a model and add it to that: {0}")]
    IsLora(PathBuf),
    #[error("there is no VAE in this file; choose one for it: {0}")]
    VaeMissing(PathBuf),
    #[error(
        "there is no {what} in this file; choose the whole checkpoint, or say in NAME.json beside it which has the rest ({{\"base\": \"FILE.safetensors\"}}): {path}"
    )]
    PartMissing { what: &'static str, path: PathBuf },
}

impl CheckpointError {
    /// What it is to a front.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Tensor(_) => ErrorKind::Internal,
            Self::Missing { .. } | Self::PartMissing { .. } | Self::CompanionMissing { .. } | Self::VaeMissing(_) => {
                ErrorKind::NotFound
            }
            Self::Unreadable { .. }
            | Self::Damaged { .. }
            | Self::NotWeights { .. }
            | Self::NotANumber { .. }
            | Self::NoNetwork(_)
            | Self::IsLora(_) => ErrorKind::Unreadable,
            Self::EdmTraining(_)
            | Self::OtherFamily { .. }
            | Self::Unread { .. }
            | Self::UnreadPrecision { .. }
            | Self::Unsupported { .. }
            | Self::Embedding { .. }
            | Self::Lora { .. }
            | Self::IpAdapter { .. }
            | Self::Control { .. } => ErrorKind::Unsupported,
        }
    }

    /// What helps, where more does than the sentence says.
    #[must_use]
    pub fn remedy(&self) -> Option<Remedy> {
        match self {
            Self::VaeMissing(_) => Some(Remedy::ChooseVae),
            Self::NoNetwork(_) => Some(Remedy::InspectFile),
            Self::IsLora(_) => Some(Remedy::UseAsLora),
            _ => None,
        }
    }
}
