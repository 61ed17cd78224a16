//! An operator that a device could not carry out, named so that it can be reported and worked around.

use candle_core::DType;

use super::Operator;

/// What is to be done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// Less memory at once may help.
    OutOfMemory,
    /// The device has no such operator for this number format.
    Unsupported,
    Other,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{device} could not carry out {} in {dtype} ({reason})", .operator.name())]
pub struct OperatorFailure {
    /// For a person: `Metal`, `CUDA` or `CPU`.
    pub device: &'static str,
    pub operator: Operator,
    pub dtype: &'static str,
    pub kind: FailureKind,
    /// In the device's own words, one line.
    pub reason: String,
}

impl OperatorFailure {
    pub(super) fn new(device: &'static str, operator: Operator, dtype: DType, error: &candle_core::Error) -> Self {
        let text = error.to_string();
        let reason = text.lines().next().unwrap_or_default().trim().to_owned();
        Self { device, operator, dtype: dtype.as_str(), kind: kind_of(&text), reason }
    }
}

/// candle passes on the messages of Metal and CUDA as text alone.
fn kind_of(text: &str) -> FailureKind {
    let mentions = |words: &[&str]| words.iter().any(|word| text.contains(word));
    // Metal gives no buffer, or ends a command buffer later on; CUDA has a code.
    if mentions(&[
        "create metal resource: Buffer",
        "OutOfMemory",
        "Insufficient Memory",
        "out of memory",
        "OUT_OF_MEMORY",
        "BufferAllocation",
    ]) {
        FailureKind::OutOfMemory
    } else if mentions(&[
        "not implemented",
        "nsupported",
        "not support",
        "no metal impl",
        "no cuda impl",
        "no cpu impl",
    ]) {
        FailureKind::Unsupported
    } else {
        FailureKind::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_metal_and_cuda_say_is_understood() {
        let kind = |text: &str| kind_of(text);
        for text in [
            "Metal error Failed to create metal resource: Buffer",
            "Metal error Command buffer had following error: Insufficient Memory (00000008:kIOGPUCommandBufferCallbackErrorOutOfMemory)",
            "DriverError(CUDA_ERROR_OUT_OF_MEMORY, \"out of memory\")",
        ] {
            assert_eq!(kind(text), FailureKind::OutOfMemory, "{text}");
        }
        for text in ["Metal conv2d F64 not implemented", "unsupported dtype BF16 for op matmul"] {
            assert_eq!(kind(text), FailureKind::Unsupported, "{text}");
        }
        assert_eq!(kind("Error while loading function: sdpa"), FailureKind::Other);
    }
}
