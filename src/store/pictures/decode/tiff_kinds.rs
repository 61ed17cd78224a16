//! TIFF files that the usual reader does not know: tones as floats, printing inks, and Lab.

use std::io::Cursor;

use half::f16;
use image::metadata::Orientation;
use image::{DynamicImage, RgbaImage};
use rayon::prelude::*;
use tiff::decoder::{Decoder, DecodingResult, Limits};
use tiff::tags::Tag;
use tiff::{ColorType, TiffError};

use super::inks::Inks;
use super::lab::{self, Lab};
use super::tiff_fields::TiffFields;

const PHOTOMETRIC: u16 = 262;
const RGB: u16 = 2;
/// A hundred megapixels of one float each.
const MOST_BYTES: usize = 400_000_000;

pub(super) enum Special {
    Picture {
        image: DynamicImage,
        /// How many of a hundred values lay outside 0 to 1, where there were any.
        cut_percent: Option<u32>,
        /// Lab says itself which colours it means.
        is_lab: bool,
    },
    Inks(Inks),
}

/// The picture, if it is of such a kind; `None` leaves it to the usual reader.
///
/// # Errors
/// Those of the TIFF library.
pub(super) fn read(mut bytes: Vec<u8>) -> Result<Option<Special>, TiffError> {
    let lab = take_out_lab(&mut bytes);
    let mut limits = Limits::default();
    limits.decoding_buffer_size = MOST_BYTES;
    let mut decoder = Decoder::new(Cursor::new(bytes))?.with_limits(limits);
    let (width, height) = decoder.dimensions()?;
    let colours = decoder.colortype()?;
    let formats = decoder.find_tag_unsigned_vec::<u16>(Tag::SampleFormat)?.unwrap_or_default();
    let is_float = formats.contains(&3);
    let samples: usize = match colours {
        ColorType::Gray(_) => 1,
        ColorType::GrayA(_) => 2,
        ColorType::RGB(_) | ColorType::Lab(_) => 3,
        ColorType::RGBA(_) | ColorType::CMYK(_) => 4,
        ColorType::CMYKA(_) => 5,
        _ => return Ok(None),
    };
    let has_inks = matches!(colours, ColorType::CMYK(8 | 16) | ColorType::CMYKA(8 | 16));
    if !has_inks && !is_float && lab.is_none() && !matches!(colours, ColorType::Gray(32) | ColorType::RGB(32)) {
        return Ok(None);
    }
    let mut result = DecodingResult::U8(Vec::new());
    let layout = decoder.read_image_to_buffer(&mut result)?;
    let Some(tones) = tones_of(&result) else { return Ok(None) };
    let plane = width as usize * height as usize;
    if tones.len() < plane * samples {
        return Err(TiffError::FormatError(tiff::TiffFormatError::InconsistentSizesEncountered));
    }
    let tones = if layout.planes > 1 { interleaved(&tones, plane, samples) } else { tones };
    let cut = tones.par_iter().filter(|tone| !(0.0..=1.0).contains(*tone)).count();
    let cut_percent = (cut > 0).then(|| (cut * 100 / tones.len().max(1)).max(1) as u32);
    if has_inks {
        let inks = tones.par_chunks_exact(samples).flat_map_iter(|ink| [0, 1, 2, 3].map(|at| byte(ink[at]))).collect();
        return Ok(Some(Special::Inks(Inks { width, height, amounts: inks })));
    }
    let rgba: Vec<u8> = match lab {
        Some(kind) => {
            let is_deep = matches!(result, DecodingResult::U16(_));
            tones.par_chunks_exact(samples).flat_map_iter(|tones| lab::to_srgb(tones, kind, is_deep)).collect()
        }
        None => tones.par_chunks_exact(samples).flat_map_iter(rgba_of).collect(),
    };
    let image = RgbaImage::from_raw(width, height, rgba).unwrap_or_default();
    // Grey stays grey, so that a grey profile fits.
    let image = DynamicImage::ImageRgba8(image);
    let image = if samples == 1 { DynamicImage::ImageLuma8(image.into_luma8()) } else { image };
    Ok(Some(Special::Picture { image, cut_percent, is_lab: lab.is_some() }))
}

/// The library does not know Lab's signed numbers: the file is read as RGB, whose bytes are the same.
fn take_out_lab(bytes: &mut [u8]) -> Option<Lab> {
    let block = TiffFields::new(bytes);
    let entry = block.entry(block.long(4)?, PHOTOMETRIC)?;
    let kind = match block.short(entry + 8)? {
        8 => Lab::Signed,
        9 => Lab::Icc,
        _ => return None,
    };
    let rgb = if block.big_endian { RGB.to_be_bytes() } else { RGB.to_le_bytes() };
    bytes.get_mut(entry + 8..entry + 10)?.copy_from_slice(&rgb);
    Some(kind)
}

/// From 0 to 1, and floats as they are.
fn tones_of(result: &DecodingResult) -> Option<Vec<f32>> {
    Some(match result {
        DecodingResult::U8(values) => values.par_iter().map(|value| f32::from(*value) / 255.0).collect(),
        DecodingResult::U16(values) => values.par_iter().map(|value| f32::from(*value) / 65535.0).collect(),
        DecodingResult::U32(values) => {
            values.par_iter().map(|value| (f64::from(*value) / f64::from(u32::MAX)) as f32).collect()
        }
        DecodingResult::F16(values) => values.par_iter().map(|value| f16::to_f32(*value)).collect(),
        DecodingResult::F32(values) => values.clone(),
        DecodingResult::F64(values) => values.par_iter().map(|value| *value as f32).collect(),
        _ => return None,
    })
}

fn interleaved(tones: &[f32], plane: usize, samples: usize) -> Vec<f32> {
    (0..plane).flat_map(|place| (0..samples).map(move |sample| tones[sample * plane + place])).collect()
}

fn rgba_of(tones: &[f32]) -> [u8; 4] {
    let at = |place: usize| byte(tones[place]);
    match tones.len() {
        1 => [at(0), at(0), at(0), 255],
        2 => [at(0), at(0), at(0), at(1)],
        3 => [at(0), at(1), at(2), 255],
        _ => [at(0), at(1), at(2), at(3)],
    }
}

/// What is no number is black.
fn byte(tone: f32) -> u8 {
    (tone.clamp(0.0, 1.0) * 255.0).round() as u8
}

/// Width and height, if the file begins as a TIFF does.
pub(super) fn size_of(bytes: &[u8]) -> Option<(u32, u32)> {
    Decoder::new(Cursor::new(bytes)).ok()?.dimensions().ok()
}

/// How the picture is to be turned, and its profile.
pub(super) fn orientation_and_profile(bytes: &[u8]) -> (Orientation, Option<Vec<u8>>) {
    let Ok(mut decoder) = Decoder::new(Cursor::new(bytes)) else { return (Orientation::NoTransforms, None) };
    let orientation = decoder.find_tag_unsigned::<u8>(Tag::Orientation).ok().flatten();
    let orientation = orientation.and_then(Orientation::from_exif).unwrap_or(Orientation::NoTransforms);
    (orientation, decoder.get_tag_u8_vec(Tag::IccProfile).ok())
}
