//! How a picture file was made, whichever program wrote it: its texts are gathered here and read in `programs`.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};

use crate::store::pictures::picture_file::PictureFileError;
use crate::store::pictures::programs::texts::{CAPTION, XMP};
use crate::store::pictures::programs::{Texts, Told, hidden_text, told_by, told_by_hidden};
use crate::store::pictures::{exif_texts, iptc, picture_file, picture_kind, png_text};

const PNG_SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
/// As many pixels as any other reader takes, with four bytes each.
const MOST_BYTES: u64 = 400_000_000;

/// The settings that a picture was made with; `None` when it says nothing about that.
///
/// # Errors
/// When the file cannot be opened.
pub fn read(path: &Path) -> Result<Option<Told>, PictureFileError> {
    let file = File::open(path).map_err(|source| picture_file::unopened(source, path))?;
    let mut start = Vec::with_capacity(PNG_SIGNATURE.len());
    file.take(PNG_SIGNATURE.len() as u64)
        .read_to_end(&mut start)
        .map_err(|source| picture_file::unopened(source, path))?;
    let told = if start == PNG_SIGNATURE {
        png_text::read_told(path)
    } else {
        decoder_of(path).and_then(|mut decoder| told_by(&texts_of(&mut decoder)))
    };
    Ok(told.or_else(|| told_by_hidden(&hidden_in(path)?)))
}

/// Whether a file is a picture of a kind that is read here, by its first bytes.
#[must_use]
pub fn is_picture(path: &Path) -> bool {
    let reader = ImageReader::open(path).ok().and_then(|reader| reader.with_guessed_format().ok());
    let format = reader.and_then(|reader| reader.format());
    format.is_some_and(|format| picture_kind::is_read(format) && format != ImageFormat::Bmp) || is_bitmap(path)
}

/// Two letters begin a BMP, so its size is looked at as well.
fn is_bitmap(path: &Path) -> bool {
    let reader = ImageReader::open(path).ok().and_then(|reader| reader.with_guessed_format().ok());
    reader.is_some_and(|reader| reader.format() == Some(ImageFormat::Bmp) && reader.into_dimensions().is_ok())
}

fn decoder_of(path: &Path) -> Option<impl ImageDecoder + use<>> {
    let reader = ImageReader::new(BufReader::new(File::open(path).ok()?)).with_guessed_format().ok()?;
    reader.into_decoder().ok()
}

/// The texts of a format that has no place for named ones.
pub(crate) fn texts_of(decoder: &mut impl ImageDecoder) -> Texts {
    let mut texts = Texts::default();
    if let Ok(Some(block)) = decoder.exif_metadata() {
        exif_texts::add(&mut texts, &block);
    }
    if let Ok(Some(block)) = decoder.xmp_metadata() {
        texts.add(XMP, String::from_utf8_lossy(&block));
    }
    if let Ok(Some(block)) = decoder.iptc_metadata()
        && let Some(caption) = iptc::caption_of(&block)
    {
        texts.add(CAPTION, caption);
    }
    texts
}

/// The text in the lowest bits of pixels, which only formats without loss keep.
fn hidden_in(path: &Path) -> Option<String> {
    let reader = ImageReader::new(BufReader::new(File::open(path).ok()?)).with_guessed_format().ok()?;
    if !matches!(reader.format(), Some(ImageFormat::Png | ImageFormat::WebP)) {
        return None;
    }
    let mut decoder = reader.into_decoder().ok()?;
    let has_room = decoder.total_bytes() <= MOST_BYTES && decoder.color_type().bytes_per_pixel() <= 4;
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(MOST_BYTES);
    if !has_room || decoder.set_limits(limits).is_err() || decoder.orientation().ok()? != Orientation::NoTransforms {
        return None;
    }
    let picture = DynamicImage::from_decoder(decoder).ok()?.into_rgba8();
    hidden_text(picture.width(), picture.as_raw())
}
