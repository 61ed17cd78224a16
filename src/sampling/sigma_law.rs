//! How sigmas are laid, and the word for a value that no scheduler here knows.

use super::SamplingError;

/// How the sigmas between the highest and the lowest are laid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SigmaLaw {
    /// As the timesteps have them.
    Default,
    /// Equation 5 of Karras et al. (2022) with ρ = 7.
    Karras,
    /// Even in their logarithm.
    Exponential,
}

pub(crate) fn unsupported<T>(
    field: &'static str,
    value: impl Into<String>,
    supported: &'static str,
) -> Result<T, SamplingError> {
    Err(SamplingError::Unsupported { field, value: value.into(), supported })
}
