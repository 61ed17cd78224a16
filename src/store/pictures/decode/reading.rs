//! Pictures of every kind from files: looked at by their content, read as far as they go, turned upright, in sRGB.
//!
//! What comes from elsewhere is not trusted: sizes are limited before anything is unpacked.

use std::io::{BufRead, BufReader, Cursor, Read, Seek};
use std::path::Path;

use image::codecs::jpeg::JpegDecoder;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::inks::Inks;
use super::jpeg_headers::{Frame, adobe_transform_place};
use super::picture_kind::Unreadable;
use super::tiff_kinds::{self, Special};
use super::{colour_profile, cut_short, inks, jpeg_coverage, jpeg_headers, picture_kind};
use crate::job::Notice;
use crate::mask::MaskPlane;
use crate::raster::Picture;
use crate::store::pictures::avif::{self, Fault};
use crate::store::pictures::picture_error::{PictureFileError, open, unopened};

const MAX_SIDE_PX: u32 = 30_000;
/// A hundred megapixels: more than any camera's file, and 400 MB unpacked.
const MAX_PIXELS: u64 = 100_000_000;
/// 16 bits a channel double what `MAX_PIXELS` take.
const MAX_UNPACKED_BYTES: u64 = MAX_PIXELS * 8;
const END_OF_JPEG: [u8; 2] = [0xFF, 0xD9];
const YCCK: u8 = 2;

/// Where a picture comes from.
pub(crate) struct Source<'a> {
    /// The file's path, or what stands for it in sentences.
    pub name: &'a Path,
    /// Those of a file that came another way than from the disk.
    bytes: Option<&'a [u8]>,
    most_pixels: u64,
}

trait Input: BufRead + Seek {}
impl<T: BufRead + Seek> Input for T {}

impl<'a> Source<'a> {
    #[must_use]
    pub(crate) fn file(path: &'a Path) -> Self {
        Self { name: path, bytes: None, most_pixels: MAX_PIXELS }
    }

    /// A file's bytes, which may have fewer pixels than a file on the disk.
    #[cfg(feature = "serve")]
    #[must_use]
    pub(crate) fn bytes(bytes: &'a [u8], name: &'a Path, most_pixels: u64) -> Self {
        Self { name, bytes: Some(bytes), most_pixels: most_pixels.min(MAX_PIXELS) }
    }

    fn open(&self) -> Result<Box<dyn Input + 'a>, PictureFileError> {
        if let Some(bytes) = self.bytes {
            return Ok(Box::new(Cursor::new(bytes)));
        }
        let file = open(self.name)?;
        if file.metadata().map_err(|source| unopened(source, self.name))?.is_dir() {
            return Err(PictureFileError::Unreadable { kind: Unreadable::Folder, path: self.name.to_path_buf() });
        }
        Ok(Box::new(BufReader::new(file)))
    }

    fn all(&self) -> Result<Vec<u8>, PictureFileError> {
        match self.bytes {
            Some(bytes) => Ok(bytes.to_vec()),
            None => std::fs::read(self.name).map_err(|source| unopened(source, self.name)),
        }
    }

    fn check_size(&self, width: u32, height: u32) -> Result<(), PictureFileError> {
        let path = self.name.to_path_buf();
        if width > MAX_SIDE_PX || height > MAX_SIDE_PX {
            return Err(PictureFileError::TooLong { most: MAX_SIDE_PX, width, height, path });
        }
        if u64::from(width) * u64::from(height) > self.most_pixels {
            return Err(PictureFileError::TooLarge { most_pixels: self.most_pixels, width, height, path });
        }
        Ok(())
    }
}

/// A picture as it was read.
pub(crate) struct Reading {
    pub picture: Picture,
    /// 255 where the file had nothing any more.
    pub missing: Option<MaskPlane>,
}

/// Pixels before they are turned and their colours brought to sRGB.
struct Raw {
    image: DynamicImage,
    orientation: Orientation,
    profile: Option<Vec<u8>>,
    missing: Option<MaskPlane>,
}

/// As [`read`](super::super::picture_file::read), with what is not as it should be as notices.
///
/// # Errors
/// Those of [`read`](super::super::picture_file::read).
pub(crate) fn read(source: &Source<'_>, notices: &mut Vec<Notice>) -> Result<Reading, PictureFileError> {
    let path = source.name;
    let raw = match format_of(source)? {
        ImageFormat::Jpeg => read_jpeg(source, notices)?,
        ImageFormat::Avif => read_avif(source, notices)?,
        format => {
            let special = if format == ImageFormat::Tiff { read_special_tiff(source, notices)? } else { None };
            match special {
                Some(raw) => raw,
                None => read_usual(source)?,
            }
        }
    };
    let Raw { mut image, orientation, profile, missing } = raw;
    image.apply_orientation(orientation);
    let missing = missing.and_then(|missing| cut_short::turned(&missing, orientation));
    let (mut rgba, left_aside) = colour_profile::to_srgb(image, profile.as_deref());
    note_profile(left_aside, path, notices);
    if let Some(missing) = &missing {
        if missing.values().iter().all(|value| *value > 0) {
            return Err(PictureFileError::CutShort { path: path.to_path_buf() });
        }
        cut_short::take_out(&mut rgba, missing);
        notices.push(cut_short::part_missing(missing, path));
    }
    let (width, height) = rgba.dimensions();
    let picture =
        Picture::from_rgba(width, height, rgba.into_raw()).map_err(|error| damaged(error.to_string(), path))?;
    Ok(Reading { picture, missing })
}

fn note_profile(left_aside: Option<String>, path: &Path, notices: &mut Vec<Notice>) {
    if let Some(reason) = left_aside {
        notices.push(Notice::from(format!(
            "the picture's colour profile is left aside ({reason}), so its colours may be a little off: {}",
            path.display()
        )));
    }
}

fn damaged(reason: String, path: &Path) -> PictureFileError {
    PictureFileError::Damaged { reason, path: path.to_path_buf() }
}

fn refused(error: &ImageError, path: &Path) -> PictureFileError {
    match error {
        ImageError::Unsupported(error) => {
            PictureFileError::Unsupported { reason: error.to_string(), path: path.to_path_buf() }
        }
        ImageError::Limits(_) => {
            PictureFileError::Unsupported { reason: "it would take too much memory".into(), path: path.to_path_buf() }
        }
        ImageError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            PictureFileError::CutShort { path: path.to_path_buf() }
        }
        error => damaged(plain(&error.to_string()), path),
    }
}

/// Without the fields of a decoder's own types, which some of its sentences end with.
fn plain(reason: &str) -> String {
    match reason.split_once(" {") {
        Some((before, _)) => before.rsplit_once(": ").map_or(before, |(reason, _)| reason).to_owned(),
        None => reason.to_owned(),
    }
}

/// The format by the file's content, if it is one that is read.
fn format_of(source: &Source<'_>) -> Result<ImageFormat, PictureFileError> {
    let path = source.name;
    let opened = |source| unopened(source, path);
    let unreadable = |kind| PictureFileError::Unreadable { kind, path: path.to_path_buf() };
    let file = source.open()?;
    let mut head = Vec::with_capacity(picture_kind::HEAD_BYTES);
    file.take(picture_kind::HEAD_BYTES as u64).read_to_end(&mut head).map_err(opened)?;
    if let Some(kind) = picture_kind::unreadable(&head) {
        return Err(unreadable(kind));
    }
    let format = picture_kind::format_of(&head).filter(|format| picture_kind::is_read(*format));
    format.ok_or_else(|| PictureFileError::NotAPicture { path: path.to_path_buf() })
}

fn usual_decoder<'a>(source: &Source<'a>) -> Result<impl ImageDecoder + use<'a>, PictureFileError> {
    let path = source.name;
    let opened = |source| unopened(source, path);
    let reader = ImageReader::new(source.open()?).with_guessed_format().map_err(opened)?;
    let mut decoder = reader.into_decoder().map_err(|error| refused(&error, path))?;
    let (width, height) = decoder.dimensions();
    source.check_size(width, height)?;
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(MAX_UNPACKED_BYTES);
    decoder.set_limits(limits).map_err(|error| refused(&error, path))?;
    Ok(decoder)
}

fn read_usual(source: &Source<'_>) -> Result<Raw, PictureFileError> {
    let path = source.name;
    let mut decoder = usual_decoder(source)?;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let profile = decoder.icc_profile().ok().flatten();
    let error = match DynamicImage::from_decoder(decoder) {
        Ok(image) => return Ok(Raw { image, orientation, profile, missing: None }),
        Err(error) => error,
    };
    if matches!(error, ImageError::Unsupported(_) | ImageError::Limits(_)) {
        return Err(refused(&error, path));
    }
    match cut_short::salvaged(|| usual_decoder(source).ok()) {
        Some((image, missing)) => {
            let missing = (!missing.is_empty()).then_some(missing);
            Ok(Raw { image, orientation, profile, missing })
        }
        None => Err(refused(&error, path)),
    }
}

fn read_special_tiff(source: &Source<'_>, notices: &mut Vec<Notice>) -> Result<Option<Raw>, PictureFileError> {
    let path = source.name;
    let bytes = source.all()?;
    if let Some((width, height)) = tiff_kinds::size_of(&bytes) {
        source.check_size(width, height)?;
    }
    let (orientation, profile) = tiff_kinds::orientation_and_profile(&bytes);
    // What the special reader cannot read, the usual one refuses in its own words.
    let Ok(Some(special)) = tiff_kinds::read(bytes) else { return Ok(None) };
    Ok(Some(match special {
        Special::Picture { image, cut_percent, is_lab } => {
            if let Some(percent) = cut_percent {
                notices.push(Notice::from(format!(
                    "{percent} % of the picture's tones lie outside 0 to 1 and are shown as black or white: {}",
                    path.display()
                )));
            }
            Raw { image, orientation, profile: profile.filter(|_| !is_lab), missing: None }
        }
        Special::Inks(inks) => raw_of_inks(&inks, profile.as_deref(), orientation, None, path, notices),
    }))
}

fn raw_of_inks(
    inks: &Inks,
    profile: Option<&[u8]>,
    orientation: Orientation,
    missing: Option<MaskPlane>,
    path: &Path,
    notices: &mut Vec<Notice>,
) -> Raw {
    let (rgb, left_aside) = inks.to_rgb(profile);
    note_profile(left_aside, path, notices);
    Raw { image: DynamicImage::ImageRgb8(rgb), orientation, profile: None, missing }
}

fn read_avif(source: &Source<'_>, notices: &mut Vec<Notice>) -> Result<Raw, PictureFileError> {
    let path = source.name;
    let wrong = |fault| match fault {
        Fault::CutShort => PictureFileError::CutShort { path: path.to_path_buf() },
        Fault::Broken(reason) => damaged(reason.into(), path),
        Fault::Other(reason) => PictureFileError::Unsupported { reason: reason.into(), path: path.to_path_buf() },
    };
    let packed = avif::Packed::of(&source.all()?).map_err(wrong)?;
    let [width, height] = packed.size();
    source.check_size(width, height)?;
    let stored = packed.unpack().map_err(wrong)?;
    note_profile(stored.left_aside.map(String::from), path, notices);
    let orientation = Orientation::NoTransforms;
    Ok(Raw { image: stored.image, orientation, profile: stored.profile, missing: None })
}

fn read_jpeg(source: &Source<'_>, notices: &mut Vec<Notice>) -> Result<Raw, PictureFileError> {
    let path = source.name;
    let mut bytes = source.all()?;
    let Some(frame) = Frame::of(&bytes) else {
        return Err(PictureFileError::CutShort { path: path.to_path_buf() });
    };
    if let Some(kind) = picture_kind::unreadable_jpeg(&frame) {
        return Err(PictureFileError::Unreadable { kind, path: path.to_path_buf() });
    }
    source.check_size(frame.width as u32, frame.height as u32)?;
    let coverage = jpeg_coverage::coverage(&bytes);
    let mut missing = coverage.as_ref().and_then(|coverage| coverage.missing.clone());
    if missing.as_ref().is_some_and(|missing| missing.values().iter().all(|value| *value > 0)) {
        return Err(PictureFileError::CutShort { path: path.to_path_buf() });
    }
    if let Some(coverage) = coverage.filter(|coverage| coverage.missing.is_none() && coverage.detail < 0.9999) {
        notices.push(cut_short::less_sharp(coverage.detail, path));
    }
    jpeg_headers::name_rgb(&mut bytes);
    bytes.truncate(jpeg_headers::end_of_whole_segments(&bytes));
    // Readers want an end.
    bytes.extend(END_OF_JPEG);
    let mut decoder = JpegDecoder::new(Cursor::new(&bytes)).map_err(|error| refused(&error, path))?;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let profile = decoder.icc_profile().ok().flatten();
    if profile.is_none() && jpeg_headers::has_profile(&bytes) {
        note_profile(Some("it is not whole".into()), path, notices);
    }
    if frame.components.len() == 4 {
        let inks = inks_of_jpeg(bytes, path)?;
        return Ok(raw_of_inks(&inks, profile.as_deref(), orientation, missing, path, notices));
    }
    let image = DynamicImage::from_decoder(decoder).map_err(|error| refused(&error, path))?;
    if let Some(missing) = &mut missing {
        jpeg_coverage::add_unfinished_rows(missing, &image, &frame);
    }
    Ok(Raw { image, orientation, profile, missing })
}

fn inks_of_jpeg(mut bytes: Vec<u8>, path: &Path) -> Result<Inks, PictureFileError> {
    let place = adobe_transform_place(&bytes);
    let is_ycck = place.is_some_and(|place| bytes[place] == YCCK);
    if let Some(place) = place {
        // So the four colours come as they are in the file.
        bytes[place] = 0;
    }
    let options = DecoderOptions::default()
        .set_strict_mode(false)
        .set_max_width(MAX_SIDE_PX as usize)
        .set_max_height(MAX_SIDE_PX as usize)
        .jpeg_set_out_colorspace(ColorSpace::CMYK);
    let mut decoder = zune_jpeg::JpegDecoder::new_with_options(ZCursor::new(&bytes), options);
    let stored = decoder.decode().map_err(|error| damaged(error.to_string(), path))?;
    let Some((width, height)) = decoder.dimensions().filter(|(width, height)| width * height * 4 == stored.len())
    else {
        return Err(damaged("its four colours are of unequal sizes".into(), path));
    };
    Ok(Inks { width: width as u32, height: height as u32, amounts: inks::of_jpeg(stored, is_ycck) })
}

#[cfg(test)]
#[path = "reading_tests.rs"]
mod tests;
