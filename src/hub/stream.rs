//! The bytes of a file on their way, and what breaks them.

use std::fmt::Display;

use bytes::Bytes;
use futures_util::Stream;
use hf_hub::HFError;

/// The bytes of a file, block by block.
pub(super) type ByteStream = Box<dyn Stream<Item = Result<Bytes, HFError>> + Send + Unpin>;

/// What lies at the bottom of an error: "connection refused", not "error sending request for url …".
pub(super) fn reason_of(error: &(dyn std::error::Error + 'static)) -> String {
    let mut deepest: &dyn std::error::Error = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    one_line(deepest)
}

pub(super) fn one_line(text: impl Display) -> String {
    text.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}
