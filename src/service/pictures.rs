//! Pictures as they travel in JSON: base64 of a file's bytes in, base64 of PNG out.

use std::borrow::Cow;
use std::path::Path;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::fields::FieldError;
use crate::job::Notice;
use crate::mask::{MaskPlane, PAINTED};
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

/// Whether a part of a picture's file is transparent.
pub(super) fn has_transparent_part(bytes: &[u8], most_pixels: u64) -> bool {
    const JPEG: [u8; 2] = [0xFF, 0xD8];
    if bytes.starts_with(&JPEG) {
        return false;
    }
    let name = Path::new("picture");
    let plane = mask_file::read_bytes(bytes, name, most_pixels, MaskChannel::InvertedAlpha, &mut Vec::new());
    plane.is_ok_and(|plane| plane.values().iter().any(|value| *value >= PAINTED))
}

/// The bytes of either alphabet's base64, with line breaks and padding or without.
///
/// # Errors
/// When it is no base64; an address is not fetched.
pub(super) fn bytes_of(field: &str, text: &str) -> Result<Vec<u8>, FieldError> {
    let text = text.trim();
    let data = match text.strip_prefix("data:") {
        Some(rest) => rest.split_once(";base64,").map_or("", |(_, data)| data),
        None => text,
    };
    let wanted = "the base64 of a PNG, JPEG, WebP, BMP, TIFF, GIF or AVIF file; paths and addresses are not read";
    if data.is_empty() {
        return Err(FieldError::new(field, format!("{field} must be {wanted}, found nothing")));
    }
    BASE64.decode(&*plain(data)).map_err(|error| FieldError::new(field, format!("{field} must be {wanted} ({error})")))
}

/// In the usual alphabet and one line, as `BASE64` reads it.
fn plain(data: &str) -> Cow<'_, [u8]> {
    let is_other = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'-' | b'_');
    if !data.as_bytes().iter().any(is_other) {
        return Cow::Borrowed(data.as_bytes());
    }
    let usual = |byte: u8| match byte {
        b'-' => b'+',
        b'_' => b'/',
        other => other,
    };
    Cow::Owned(data.bytes().filter(|byte| !byte.is_ascii_whitespace()).map(usual).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_as_every_program_writes_it() {
        // Each letter of the two alphabets that differs, and an end that is padded.
        let bytes: Vec<u8> = [0xFB, 0xEF, 0xBE, 0xFF, 0xFF, 0xFF].repeat(20).into_iter().chain([7]).collect();
        let usual = encoded(&bytes);
        assert!(usual.contains('+') && usual.contains('/') && usual.ends_with('='));
        let url_safe = usual.replace('+', "-").replace('/', "_");
        let lines = |text: &str, end: &str| -> String {
            let lines: Vec<_> = text.as_bytes().chunks(76).map(String::from_utf8_lossy).collect();
            lines.join(end) + end
        };
        for text in [
            usual.clone(),
            usual.trim_end_matches('=').to_owned(),
            url_safe.clone(),
            url_safe.trim_end_matches('=').to_owned(),
            lines(&usual, "\n"),
            lines(&url_safe, "\r\n"),
            format!("data:image/png;base64,{}", lines(&usual, "\n ")),
        ] {
            assert_eq!(bytes_of("image", &text).unwrap(), bytes, "{text}");
        }
        for wrong in ["", "  ", "data:image/png;base64,", "a.png", "%%%%", "abc\u{a0}d"] {
            let error = bytes_of("image", wrong).unwrap_err();
            assert!(error.message.contains("AVIF"), "{wrong}: {error}");
        }
    }
}
