//! A finished picture in the format that was asked for.

use std::path::Path;

use serde_json::{Value, json};

use crate::service::answer::Refusal;
use crate::service::jobs::{Picture, Record};
use crate::service::pictures::encoded;
use crate::store::pictures::picture_file;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Png,
    Jpeg,
    WebP,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Output {
    pub format: Format,
    /// Of JPEG, 0 to 100.
    pub quality: u8,
}

impl Format {
    #[must_use]
    pub(super) fn from_id(id: &str) -> Option<Self> {
        match id {
            "png" => Some(Self::Png),
            "jpeg" | "jpg" => Some(Self::Jpeg),
            "webp" => Some(Self::WebP),
            _ => None,
        }
    }

    #[must_use]
    pub(super) fn id(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpeg",
            Self::WebP => "webp",
        }
    }
}

/// As base64. May take a moment: to be asked on a thread that may wait.
pub(super) fn base64_of(picture: &Picture, output: Output) -> Result<String, Refusal> {
    if output.format == Format::Png {
        return Ok(encoded(&picture.png));
    }
    let failed = |error: picture_file::PictureFileError| Refusal::from(crate::job::JobError::from(error));
    let pixels =
        picture_file::read_bytes(&picture.png, Path::new("picture"), u64::MAX, &mut Vec::new()).map_err(failed)?;
    let request = Some(&picture.request);
    let bytes = match output.format {
        Format::Jpeg => picture_file::encode_jpeg(&pixels, output.quality, request),
        Format::WebP | Format::Png => picture_file::encode(Path::new("picture.webp"), &pixels, request),
    };
    Ok(encoded(&bytes.map_err(failed)?))
}

/// What was asked and is not done.
pub(super) fn notices_of(record: &Record) -> Vec<String> {
    record.notices().iter().map(|notice| String::from(&**notice)).collect()
}

/// Nothing is counted here, and clients want the field.
pub(super) fn usage() -> Value {
    json!({
        "total_tokens": 0,
        "input_tokens": 0,
        "output_tokens": 0,
        "input_tokens_details": {"text_tokens": 0, "image_tokens": 0},
    })
}
