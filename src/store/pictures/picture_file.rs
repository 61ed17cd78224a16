//! Pictures as files: PNG, JPEG and WebP out and in, with the settings that made them inside; BMP, TIFF, GIF and AVIF in.

use std::path::Path;
use std::sync::Arc;

use image::codecs::jpeg::JpegEncoder;
use image::codecs::webp::WebPEncoder;
use image::{ExtendedColorType, ImageEncoder};
use serde::{Deserialize, Serialize};

use crate::job::{Notice, Request, StepState};
use crate::raster::Picture;
use crate::store::atomic;
use crate::store::pictures::decode::reading::{self, Source};
pub(crate) use crate::store::pictures::metadata::png_text::Notes;
pub use crate::store::pictures::metadata::png_text::Painting;
use crate::store::pictures::metadata::{exif, png_latents, png_text, settings_in};
pub use crate::store::pictures::picture_error::PictureFileError;

/// Endings of the files that are read, in small letters.
pub const READ_EXTENSIONS: &[&str] = &["png", "jpg", "jpeg", "webp", "bmp", "tif", "tiff", "gif", "avif"];
const JPEG_QUALITY: u8 = 92;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum PictureFormat {
    #[default]
    Png,
    Jpeg,
    /// Lossless.
    WebP,
}

impl PictureFormat {
    pub const ALL: [Self; 3] = [Self::Png, Self::Jpeg, Self::WebP];

    /// Of a file's name, without the dot.
    #[must_use]
    pub fn ending(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpg",
            Self::WebP => "webp",
        }
    }

    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Png => "PNG",
            Self::Jpeg => "JPEG",
            Self::WebP => "WebP",
        }
    }

    /// By the name's ending.
    ///
    /// # Errors
    /// When the ending is none that can be written.
    pub fn of_path(path: &Path) -> Result<Self, PictureFileError> {
        let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
        match extension.as_deref() {
            Some("png") => Ok(Self::Png),
            Some("jpg" | "jpeg") => Ok(Self::Jpeg),
            Some("webp") => Ok(Self::WebP),
            other => Err(PictureFileError::Extension {
                found: other.map_or_else(|| "no ending".into(), |extension| format!(".{extension}")),
                path: path.to_path_buf(),
            }),
        }
    }
}

/// Writes a picture whole or not at all, in the format that the name asks for, with its settings if there are any.
///
/// # Errors
/// When the ending is unknown, or the disk does not take it.
pub fn write(path: &Path, picture: &Picture, request: Option<&Request>) -> Result<(), PictureFileError> {
    let bytes = encode(path, picture, request)?;
    atomic::write(path, &bytes).map_err(|source| PictureFileError::Write { source, path: path.to_path_buf() })
}

/// The bytes that a file of this name holds.
///
/// # Errors
/// When the ending is unknown, or the format cannot hold such a picture.
pub fn encode(path: &Path, picture: &Picture, request: Option<&Request>) -> Result<Vec<u8>, PictureFileError> {
    encode_as(PictureFormat::of_path(path)?, JPEG_QUALITY, path, picture, &request.map(Notes::of).unwrap_or_default())
}

/// The same in a given format with these notes of how the picture was made; `quality` is a JPEG's, 1 to 100. Only a PNG file
/// has a place for masks and control pictures. `path` stands in the error alone.
///
/// # Errors
/// When the format cannot hold such a picture.
pub(crate) fn encode_as(
    format: PictureFormat,
    quality: u8,
    path: &Path,
    picture: &Picture,
    notes: &Notes,
) -> Result<Vec<u8>, PictureFileError> {
    let mut bytes = Vec::new();
    let encoded = match format {
        PictureFormat::Png => png_text::encode_noting(picture, notes).map(|png| bytes = png).map_err(|e| e.to_string()),
        PictureFormat::Jpeg => jpeg(&mut bytes, picture, quality.clamp(1, 100), notes),
        PictureFormat::WebP => {
            let encoder = WebPEncoder::new_lossless(&mut bytes);
            encode_with(encoder, picture.rgba(), ExtendedColorType::Rgba8, picture, notes)
        }
    };
    match encoded {
        Ok(()) => Ok(bytes),
        Err(reason) => Err(PictureFileError::Encode { reason, path: path.to_path_buf() }),
    }
}

/// A JPEG file's bytes; `quality` from 0 to 100.
///
/// # Errors
/// When the format cannot hold such a picture.
#[cfg(feature = "serve")]
pub(crate) fn encode_jpeg(
    picture: &Picture,
    quality: u8,
    request: Option<&Request>,
) -> Result<Vec<u8>, PictureFileError> {
    let mut bytes = Vec::new();
    jpeg(&mut bytes, picture, quality.clamp(1, 100), &request.map(Notes::of).unwrap_or_default())
        .map_err(|reason| PictureFileError::Encode { reason, path: "picture.jpg".into() })?;
    Ok(bytes)
}

fn jpeg(bytes: &mut Vec<u8>, picture: &Picture, quality: u8, notes: &Notes) -> Result<(), String> {
    let encoder = JpegEncoder::new_with_quality(bytes, quality);
    encode_with(encoder, &rgb_on_white(picture), ExtendedColorType::Rgb8, picture, notes)
}

fn encode_with(
    mut encoder: impl ImageEncoder,
    pixels: &[u8],
    colours: ExtendedColorType,
    picture: &Picture,
    notes: &Notes,
) -> Result<(), String> {
    let block = exif::of_texts(notes.parameters.as_deref(), notes.json.as_deref());
    block.map_or(Ok(()), |block| encoder.set_exif_metadata(block).map_err(|error| error.to_string())).and_then(|()| {
        encoder.write_image(pixels, picture.width(), picture.height(), colours).map_err(|error| error.to_string())
    })
}

fn rgb_on_white(picture: &Picture) -> Vec<u8> {
    let blend = |value: u8, alpha: u8| {
        let sum = u32::from(value) * u32::from(alpha) + 255 * (255 - u32::from(alpha));
        ((sum + 127) / 255) as u8
    };
    picture.rgba().chunks_exact(4).flat_map(|p| [blend(p[0], p[3]), blend(p[1], p[3]), blend(p[2], p[3])]).collect()
}

/// Reads any PNG, JPEG, WebP, BMP, TIFF, GIF or AVIF file (its first frame), by its content rather than its name: turned
/// upright, in sRGB by its own colour profile, with 8 bits a channel. Of a file that ends early what is there.
///
/// # Errors
/// When it cannot be opened, is no picture, is damaged from its start, or is larger than a hundred megapixels.
pub fn read(path: &Path) -> Result<Picture, PictureFileError> {
    read_noting(path, &mut Vec::new())
}

/// The same, and says what is missing of it, or what of it was left aside.
///
/// # Errors
/// Those of [`read`].
pub fn read_noting(path: &Path, notices: &mut Vec<Notice>) -> Result<Picture, PictureFileError> {
    reading::read(&Source::file(path), notices).map(|reading| reading.picture)
}

/// The same for a file's bytes; `name` stands in the sentences where a file has its path.
///
/// # Errors
/// As [`read`], and when it has more than `most_pixels`, which are looked at before anything is unpacked.
#[cfg(feature = "serve")]
pub(crate) fn read_bytes(
    bytes: &[u8],
    name: &Path,
    most_pixels: u64,
    notices: &mut Vec<Notice>,
) -> Result<Picture, PictureFileError> {
    reading::read(&Source::bytes(bytes, name, most_pixels), notices).map(|reading| reading.picture)
}

/// The settings that a picture was made with, if the file has them in a form that Inkwick knows.
///
/// # Errors
/// When the file cannot be opened.
pub fn read_request(path: &Path) -> Result<Option<Request>, PictureFileError> {
    Ok(settings_in::read(path)?.map(|settings| settings.request))
}

/// The mask that a PNG picture was repainted with, and the strength, which other formats have too; empty where the file
/// has none.
#[must_use]
pub fn read_painting(path: &Path) -> Painting {
    let Painting { strength, mask } = png_text::read_painting(path);
    let of_others = || settings_in::read(path).ok().flatten().filter(|settings| settings.is_exact)?.strength;
    Painting { strength: strength.or_else(of_others), mask }
}

/// What a PNG picture was decoded from, where it was kept.
#[must_use]
pub fn read_latents(path: &Path) -> Option<Arc<StepState>> {
    png_latents::read(path)
}

#[cfg(test)]
#[path = "picture_file_tests.rs"]
mod tests;
