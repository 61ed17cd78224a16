//! Pictures as they travel in JSON: base64 of a file's bytes in, base64 of PNG out.

use std::path::Path;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::fields::FieldError;
use crate::job::Notice;
use crate::mask::MaskPlane;
use crate::raster::Picture;
use crate::store::pictures::mask_file::{self, MaskChannel};
use crate::store::pictures::picture_file;

/// Some write the padding, some do not.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

#[must_use]
pub(super) fn encoded(bytes: &[u8]) -> String {
    BASE64.encode(bytes)
}

/// A picture from base64, with or without `data:image/png;base64,` before it.
///
/// # Errors
/// Names `field` when it is no base64, no picture, damaged, or larger than `most_pixels`.
pub(super) fn picture_of(
    field: &str,
    text: &str,
    most_pixels: u64,
    notices: &mut Vec<Notice>,
) -> Result<Picture, FieldError> {
    let bytes = bytes_of(field, text)?;
    picture_file::read_bytes(&bytes, Path::new(field), most_pixels, notices)
        .map_err(|error| FieldError::new(field, error.to_string()))
}

/// A mask from base64, by one of its channels; as large as its picture.
///
/// # Errors
/// As [`picture_of`].
pub(super) fn mask_of(
    field: &str,
    text: &str,
    most_pixels: u64,
    channel: MaskChannel,
    notices: &mut Vec<Notice>,
) -> Result<MaskPlane, FieldError> {
    let bytes = bytes_of(field, text)?;
    mask_file::read_bytes(&bytes, Path::new(field), most_pixels, channel, notices)
        .map_err(|error| FieldError::new(field, error.to_string()))
}

/// # Errors
/// When it is no base64; an address is not fetched.
pub(super) fn bytes_of(field: &str, text: &str) -> Result<Vec<u8>, FieldError> {
    let text = text.trim();
    let data = match text.strip_prefix("data:") {
        Some(rest) => rest.split_once(";base64,").map_or("", |(_, data)| data),
        None => text,
    };
    let wanted = "the base64 of a PNG, JPEG or WebP file; paths and addresses are not read";
    if data.is_empty() {
        return Err(FieldError::new(field, format!("{field} must be {wanted}, found nothing")));
    }
    BASE64.decode(data).map_err(|error| FieldError::new(field, format!("{field} must be {wanted} ({error})")))
}
