//! Masks as picture files: white is repainted, black is kept, grey is in between; or transparency says it.

use std::path::Path;

use crate::job::{Notice, Remedy};
use crate::mask::MaskPlane;
use crate::raster::Picture;
use crate::store::atomic;
use crate::store::pictures::decode::reading::{self, Source};
use crate::store::pictures::metadata::png_mask;
use crate::store::pictures::picture_file::PictureFileError;

/// Alpha that differs by no more than this all over the picture is as good as one value.
const CONSTANT_ALPHA: u8 = 8;
/// Colours that stray by no more than this from their mean, as seen, are one colour: a lossy format's noise.
const FLAT: f64 = 6.0;
/// Lighter or darker than this counts as pure white or black.
const PURE: u8 = 8;

/// What of a mask's file is the mask.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MaskChannel {
    /// Alpha that varies over a picture with colours: what is transparent is repainted, as in a photo a part of which
    /// was erased. Alpha that varies over one flat colour, strokes on a clear layer: what is opaque is repainted. Alpha
    /// that is the same everywhere, or none, or over nothing but pure black and white: brightness.
    #[default]
    Auto,
    /// What is opaque is repainted.
    Alpha,
    /// What is bright is repainted; what is transparent counts as black, unless all of it is so in the same measure.
    Luma,
    /// What is transparent is repainted.
    InvertedAlpha,
}

impl MaskChannel {
    pub const ALL: [Self; 4] = [Self::Auto, Self::Alpha, Self::Luma, Self::InvertedAlpha];

    /// The name on the command line.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Alpha => "alpha",
            Self::Luma => "luma",
            Self::InvertedAlpha => "inverted-alpha",
        }
    }

    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.id() == id)
    }
}

/// Reads any picture as a mask, as [`MaskChannel::Auto`] says.
///
/// # Errors
/// Those of [`picture_file::read`](super::picture_file::read).
pub fn read(path: &Path) -> Result<MaskPlane, PictureFileError> {
    read_channel(path, MaskChannel::Auto, &mut Vec::new())
}

/// Reads any picture as a mask by one of its channels. A notice says where transparency was taken without being asked for.
/// What a file that ends early lacks is kept.
///
/// # Errors
/// Those of [`picture_file::read`](super::picture_file::read).
pub fn read_channel(
    path: &Path,
    channel: MaskChannel,
    notices: &mut Vec<Notice>,
) -> Result<MaskPlane, PictureFileError> {
    channel_of(&Source::file(path), channel, notices)
}

/// The same from a file's bytes.
///
/// # Errors
/// As [`read_channel`], and when it has more than `most_pixels`.
#[cfg(feature = "serve")]
pub(crate) fn read_bytes(
    bytes: &[u8],
    name: &Path,
    most_pixels: u64,
    channel: MaskChannel,
    notices: &mut Vec<Notice>,
) -> Result<MaskPlane, PictureFileError> {
    channel_of(&Source::bytes(bytes, name, most_pixels), channel, notices)
}

fn channel_of(
    source: &Source<'_>,
    channel: MaskChannel,
    notices: &mut Vec<Notice>,
) -> Result<MaskPlane, PictureFileError> {
    let path = source.name;
    let reading = reading::read(source, notices)?;
    let is_there = |index: usize| reading.missing.as_ref().is_none_or(|missing| missing.values()[index] == 0);
    let taken = match channel {
        MaskChannel::Auto => chosen(&reading.picture, &is_there),
        asked => asked,
    };
    if channel == MaskChannel::Auto
        && let Some(reason) = match taken {
            MaskChannel::Alpha => Some("what is opaque in it is repainted, as its strokes have one colour"),
            MaskChannel::InvertedAlpha => Some("what is transparent in it is repainted, as the rest is a picture"),
            MaskChannel::Auto | MaskChannel::Luma => None,
        }
    {
        let message = format!("the mask is read by its transparency: {reason}: {}", path.display());
        notices.push(Notice { message, remedy: Some(Remedy::MaskChannel) });
    }
    let mut mask = mask_of(&reading.picture, taken, &is_there);
    if let Some(missing) = &reading.missing {
        mask.subtract(missing);
    }
    Ok(mask)
}

/// Writes a grey PNG, whole or not at all.
///
/// # Errors
/// When the disk does not take it.
pub fn write(path: &Path, mask: &MaskPlane) -> Result<(), PictureFileError> {
    let bytes = png_mask::encode(mask)
        .map_err(|error| PictureFileError::Encode { reason: error.to_string(), path: path.to_path_buf() })?;
    atomic::write(path, &bytes).map_err(|source| PictureFileError::Write { source, path: path.to_path_buf() })
}

/// What [`MaskChannel::Auto`] is for this picture.
fn chosen(picture: &Picture, is_there: &dyn Fn(usize) -> bool) -> MaskChannel {
    if !alpha_varies(picture, is_there) {
        return MaskChannel::Luma;
    }
    let visible = || {
        let pixels = picture.rgba().chunks_exact(4).enumerate();
        pixels.filter(|(index, pixel)| pixel[3] > 0 && is_there(*index)).map(|(_, pixel)| pixel)
    };
    let is_white = |pixel: &[u8]| pixel[..3].iter().all(|value| *value >= 255 - PURE);
    let is_black = |pixel: &[u8]| pixel[..3].iter().all(|value| *value <= PURE);
    if is_flat(visible) {
        MaskChannel::Alpha
    } else if visible().all(|pixel| is_white(pixel) || is_black(pixel)) {
        MaskChannel::Luma
    } else {
        MaskChannel::InvertedAlpha
    }
}

fn alpha_varies(picture: &Picture, is_there: &dyn Fn(usize) -> bool) -> bool {
    let pixels = picture.rgba().chunks_exact(4).enumerate();
    let alpha = pixels.filter(|(index, _)| is_there(*index)).map(|(_, pixel)| pixel[3]);
    let (least, most) = alpha.fold((255_u8, 0_u8), |(least, most), alpha| (least.min(alpha), most.max(alpha)));
    most.saturating_sub(least) > CONSTANT_ALPHA
}

/// Whether the colours stray little from their mean, each pixel as far as it is seen. Under no alpha at all there may
/// be any colour.
fn is_flat<'a, I: Iterator<Item = &'a [u8]>>(visible: impl Fn() -> I) -> bool {
    let seen: f64 = visible().map(|pixel| f64::from(pixel[3])).sum();
    (0..3).all(|channel| {
        let mean = visible().map(|pixel| f64::from(pixel[channel]) * f64::from(pixel[3])).sum::<f64>() / seen;
        // A faint pixel's colour is written in few steps, so what is seen of its difference counts.
        let strays = |pixel: &[u8]| {
            let share = f64::from(pixel[3]) / 255.0;
            share * ((f64::from(pixel[channel]) - mean) * share).powi(2)
        };
        (visible().map(strays).sum::<f64>() / (seen / 255.0)).sqrt() <= FLAT
    })
}

fn mask_of(picture: &Picture, channel: MaskChannel, is_there: &dyn Fn(usize) -> bool) -> MaskPlane {
    let is_everywhere_alike = picture.rgba().iter().skip(3).step_by(4).any(|alpha| *alpha > CONSTANT_ALPHA)
        && !alpha_varies(picture, is_there);
    let value = |pixel: &[u8]| match channel {
        MaskChannel::Alpha => pixel[3],
        MaskChannel::InvertedAlpha => 255 - pixel[3],
        MaskChannel::Auto | MaskChannel::Luma if is_everywhere_alike => brightness(pixel),
        MaskChannel::Auto | MaskChannel::Luma => (u32::from(brightness(pixel)) * u32::from(pixel[3]) / 255) as u8,
    };
    let values = picture.rgba().chunks_exact(4).map(value).collect();
    MaskPlane::from_values(picture.width(), picture.height(), values)
        .unwrap_or_else(|| MaskPlane::empty(picture.width(), picture.height()))
}

/// ITU-R 601, in the whole numbers that Pillow uses.
fn brightness(pixel: &[u8]) -> u8 {
    ((u32::from(pixel[0]) * 19595 + u32::from(pixel[1]) * 38470 + u32::from(pixel[2]) * 7471 + 0x8000) >> 16) as u8
}

#[cfg(test)]
#[path = "mask_file_tests.rs"]
mod tests;
