//! Pictures as files: PNG, JPEG and WebP out and in, with the settings that made them inside; BMP, TIFF and GIF in.
//!
//! What comes from elsewhere is not trusted: sizes are limited before anything is unpacked.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek};
use std::path::{Path, PathBuf};

use image::codecs::jpeg::JpegEncoder;
use image::codecs::webp::WebPEncoder;
use image::metadata::Orientation;
use image::{DynamicImage, ExtendedColorType, ImageDecoder, ImageEncoder, ImageError, ImageReader, Limits};

use crate::job::{ErrorKind, JobError, Request};
use crate::raster::Picture;
use crate::store::atomic;
use crate::store::pictures::picture_kind;
use crate::store::pictures::picture_kind::Unreadable;
pub use crate::store::pictures::png_text::Painting;
use crate::store::pictures::{colour_profile, exif, metadata, png_text};

const MAX_SIDE_PX: u32 = 30_000;
/// A hundred megapixels: more than any camera's file, and 400 MB unpacked.
const MAX_PIXELS: u64 = 100_000_000;
/// 16 bits a channel double what `MAX_PIXELS` take.
const MAX_UNPACKED_BYTES: u64 = MAX_PIXELS * 8;
/// Endings of the files that are read, in small letters.
pub const READ_EXTENSIONS: &[&str] = &["png", "jpg", "jpeg", "webp", "bmp", "tif", "tiff", "gif"];
const JPEG_QUALITY: u8 = 92;
const PNG_SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1a\n";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PictureFormat {
    Png,
    Jpeg,
    /// Lossless.
    WebP,
}

#[derive(Debug, thiserror::Error)]
pub enum PictureFileError {
    #[error("a picture's file must end in .png, .jpg, .jpeg or .webp, found {found}; choose one of these: {}", path.display())]
    Extension { found: String, path: PathBuf },
    #[error("the picture could not be opened ({source}); check that it is there and may be read: {}", path.display())]
    Open { source: io::Error, path: PathBuf },
    #[error("a PNG, JPEG, WebP, BMP, TIFF or GIF picture was wanted, this file is none; convert it first: {}", path.display())]
    NotAPicture { path: PathBuf },
    #[error("{kind}: {}", path.display())]
    Unreadable { kind: Unreadable, path: PathBuf },
    #[error("the picture is damaged or cut short ({reason}); take another copy of it: {}", path.display())]
    Damaged { reason: String, path: PathBuf },
    #[error("a picture may have up to 100 megapixels, found {width}×{height}; make it smaller first: {}", path.display())]
    TooLarge { width: u32, height: u32, path: PathBuf },
    #[error("a picture may have up to {most_pixels} pixels here, found {width}×{height}; make it smaller first: {}", path.display())]
    TooManyPixels { width: u32, height: u32, most_pixels: u64, path: PathBuf },
    #[error("the picture could not be put into the file's format ({reason}); try .png: {}", path.display())]
    Encode { reason: String, path: PathBuf },
    #[error("the picture could not be written ({source}); check the disk and the folder's rights: {}", path.display())]
    Write { source: io::Error, path: PathBuf },
}

impl PictureFileError {
    pub(crate) fn kind(&self) -> ErrorKind {
        match self {
            Self::Extension { .. } => ErrorKind::Request,
            Self::Open { source, .. } if source.kind() == io::ErrorKind::NotFound => ErrorKind::NotFound,
            Self::Open { .. } | Self::NotAPicture { .. } | Self::Damaged { .. } => ErrorKind::Unreadable,
            Self::Unreadable { .. } | Self::TooLarge { .. } | Self::TooManyPixels { .. } => ErrorKind::Unsupported,
            Self::Encode { .. } | Self::Write { .. } => ErrorKind::Storage,
        }
    }
}

impl From<PictureFileError> for JobError {
    fn from(error: PictureFileError) -> Self {
        Self::caused(error.kind(), error)
    }
}

impl PictureFormat {
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
    let mut bytes = Vec::new();
    let encoded = match PictureFormat::of_path(path)? {
        PictureFormat::Png => png_text::encode(picture, request).map(|png| bytes = png).map_err(|e| e.to_string()),
        PictureFormat::Jpeg => jpeg(&mut bytes, picture, JPEG_QUALITY, request),
        PictureFormat::WebP => {
            let encoder = WebPEncoder::new_lossless(&mut bytes);
            encode_with(encoder, picture.rgba(), ExtendedColorType::Rgba8, picture, request)
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
    jpeg(&mut bytes, picture, quality.clamp(1, 100), request)
        .map_err(|reason| PictureFileError::Encode { reason, path: PathBuf::from("picture.jpg") })?;
    Ok(bytes)
}

fn jpeg(bytes: &mut Vec<u8>, picture: &Picture, quality: u8, request: Option<&Request>) -> Result<(), String> {
    let encoder = JpegEncoder::new_with_quality(bytes, quality);
    encode_with(encoder, &rgb_on_white(picture), ExtendedColorType::Rgb8, picture, request)
}

fn encode_with(
    mut encoder: impl ImageEncoder,
    pixels: &[u8],
    colours: ExtendedColorType,
    picture: &Picture,
    request: Option<&Request>,
) -> Result<(), String> {
    let comment = request.and_then(|request| exif::of_comment(&metadata::parameters_of(request)));
    comment.map_or(Ok(()), |comment| encoder.set_exif_metadata(comment).map_err(|error| error.to_string())).and_then(
        |()| encoder.write_image(pixels, picture.width(), picture.height(), colours).map_err(|error| error.to_string()),
    )
}

fn rgb_on_white(picture: &Picture) -> Vec<u8> {
    let blend = |value: u8, alpha: u8| {
        let sum = u32::from(value) * u32::from(alpha) + 255 * (255 - u32::from(alpha));
        ((sum + 127) / 255) as u8
    };
    picture.rgba().chunks_exact(4).flat_map(|p| [blend(p[0], p[3]), blend(p[1], p[3]), blend(p[2], p[3])]).collect()
}

/// Reads any PNG, JPEG, WebP, BMP, TIFF or GIF file (its first frame), by its content rather than its name: turned
/// upright, in sRGB by its own colour profile, with 8 bits a channel.
///
/// # Errors
/// When it cannot be opened, is no picture, is damaged, or is larger than a hundred megapixels.
pub fn read(path: &Path) -> Result<Picture, PictureFileError> {
    unpacked(open(path)?, path)
}

/// The same for a file's bytes; `name` stands in the errors where a file has its path.
///
/// # Errors
/// As [`read`], and when it has more than `most_pixels`, which are looked at before anything is unpacked.
#[cfg(feature = "serve")]
pub(crate) fn read_bytes(bytes: &[u8], name: &Path, most_pixels: u64) -> Result<Picture, PictureFileError> {
    let decoder = decoder_of(std::io::Cursor::new(bytes), name)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > most_pixels {
        return Err(PictureFileError::TooManyPixels { width, height, most_pixels, path: name.to_path_buf() });
    }
    unpacked(decoder, name)
}

fn unpacked(mut decoder: impl ImageDecoder, path: &Path) -> Result<Picture, PictureFileError> {
    let damaged = |reason: String| PictureFileError::Damaged { reason, path: path.to_path_buf() };
    let (width, height) = decoder.dimensions();
    if width > MAX_SIDE_PX || height > MAX_SIDE_PX || u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(PictureFileError::TooLarge { width, height, path: path.to_path_buf() });
    }
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(MAX_UNPACKED_BYTES);
    decoder.set_limits(limits).map_err(|error| damaged(error.to_string()))?;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let profile = decoder.icc_profile().ok().flatten();
    let mut image = DynamicImage::from_decoder(decoder).map_err(|error| damaged(error.to_string()))?;
    image.apply_orientation(orientation);
    let rgba = colour_profile::to_srgb(image, profile.as_deref());
    let (width, height) = rgba.dimensions();
    Picture::from_rgba(width, height, rgba.into_raw()).map_err(|error| damaged(error.to_string()))
}

/// The settings that a picture was made with, if the file has them in a form that Inkwick knows.
///
/// # Errors
/// When the file cannot be opened.
pub fn read_request(path: &Path) -> Result<Option<Request>, PictureFileError> {
    let mut file = File::open(path).map_err(|source| unopened(source, path))?;
    let mut start = [0; PNG_SIGNATURE.len()];
    if file.read_exact(&mut start).is_ok() && start == PNG_SIGNATURE {
        return Ok(png_text::read_request(path));
    }
    let comment = open(path).ok().and_then(|mut decoder| decoder.exif_metadata().ok().flatten());
    Ok(comment.and_then(|exif| exif::comment_of(&exif)).and_then(|text| metadata::request_of_parameters(&text)))
}

/// AUTOMATIC1111's text in the bytes of a picture file, whoever wrote it; `None` where there is none.
#[cfg(feature = "serve")]
#[must_use]
pub(crate) fn parameters_in(bytes: &[u8]) -> Option<String> {
    if bytes.starts_with(&PNG_SIGNATURE) {
        return png_text::parameters_in(bytes);
    }
    let mut decoder = decoder_of(std::io::Cursor::new(bytes), Path::new("")).ok()?;
    decoder.exif_metadata().ok().flatten().and_then(|exif| exif::comment_of(&exif))
}

/// The mask that a PNG picture was repainted with, and the strength; empty where the file has none.
#[must_use]
pub fn read_painting(path: &Path) -> Painting {
    png_text::read_painting(path)
}

/// The error for a file that could not even be looked at.
pub(crate) fn unopened(source: io::Error, path: &Path) -> PictureFileError {
    PictureFileError::Open { source, path: path.to_path_buf() }
}

fn open(path: &Path) -> Result<impl ImageDecoder + use<>, PictureFileError> {
    let opened = |source| unopened(source, path);
    let file = File::open(path).map_err(opened)?;
    if file.metadata().map_err(opened)?.is_dir() {
        return Err(PictureFileError::NotAPicture { path: path.to_path_buf() });
    }
    decoder_of(BufReader::new(file), path)
}

fn decoder_of<'a, R: BufRead + Seek + 'a>(
    mut source: R,
    path: &Path,
) -> Result<impl ImageDecoder + use<'a, R>, PictureFileError> {
    let opened = |source| unopened(source, path);
    let mut head = Vec::with_capacity(picture_kind::HEAD_BYTES);
    (&mut source).take(picture_kind::HEAD_BYTES as u64).read_to_end(&mut head).map_err(opened)?;
    source.rewind().map_err(opened)?;
    if let Some(kind) = picture_kind::unreadable(&head) {
        return Err(PictureFileError::Unreadable { kind, path: path.to_path_buf() });
    }
    let reader = ImageReader::new(source).with_guessed_format().map_err(opened)?;
    if !picture_kind::is_read(reader.format()) {
        return Err(PictureFileError::NotAPicture { path: path.to_path_buf() });
    }
    reader.into_decoder().map_err(|error| match error {
        ImageError::Unsupported(error) if error.to_string().to_lowercase().contains("cmyk") => {
            PictureFileError::Unreadable { kind: Unreadable::Cmyk, path: path.to_path_buf() }
        }
        error => PictureFileError::Damaged { reason: error.to_string(), path: path.to_path_buf() },
    })
}

#[cfg(test)]
#[path = "picture_file_tests.rs"]
mod tests;
