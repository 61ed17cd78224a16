//! PNG files with text in them: the picture and the settings that made it, in one file.
//!
//! Text goes into `tEXt` where Latin letters do, else into `iTXt`; both spellings and the packed one are read.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use crate::job::Request;
use crate::mask::MaskPlane;
use crate::raster::Picture;
use crate::store::pictures::metadata::{
    PARAMETERS_KEY, REQUEST_KEY, json_of, parameters_of, request_of_json, request_of_parameters, strength_of,
};
use crate::store::pictures::png_mask;

/// A prompt is a few thousand letters; a file that claims more is no picture's settings.
const MAX_TEXT_BYTES: usize = 4 << 20;

/// What a picture file says beside the settings: with what it was painted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Painting {
    /// How much of the picture that it was made from was made anew.
    pub strength: Option<f64>,
    /// As large as that picture.
    pub mask: Option<MaskPlane>,
}

/// A picture as a PNG file, quick rather than small, with the settings if there are any.
pub(crate) fn encode(picture: &Picture, request: Option<&Request>) -> Result<Vec<u8>, png::EncodingError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, picture.width(), picture.height());
    let opaque = picture.rgba().chunks_exact(4).all(|pixel| pixel[3] == 255);
    encoder.set_color(if opaque { png::ColorType::Rgb } else { png::ColorType::Rgba });
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    if let Some(request) = request {
        add_text(&mut encoder, PARAMETERS_KEY, parameters_of(request))?;
        if let Some(json) = json_of(request) {
            add_text(&mut encoder, REQUEST_KEY, json)?;
        }
    }
    let mut writer = encoder.write_header()?;
    if let Some(mask) = request.and_then(|request| request.mask.as_ref()) {
        png_mask::add(&mut writer, &mask.plane)?;
    }
    if opaque {
        let rgb: Vec<u8> = picture.rgba().chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
        writer.write_image_data(&rgb)?;
    } else {
        writer.write_image_data(picture.rgba())?;
    }
    writer.finish()?;
    Ok(bytes)
}

fn add_text(encoder: &mut png::Encoder<&mut Vec<u8>>, key: &str, text: String) -> Result<(), png::EncodingError> {
    if text.chars().all(|letter| u32::from(letter) < 256) {
        encoder.add_text_chunk(key.into(), text)
    } else {
        encoder.add_itxt_chunk(key.into(), text)
    }
}

/// The settings in a PNG file: our own exact copy, else AUTOMATIC1111's text. A file that cannot be read has none.
pub(crate) fn read_request(path: &Path) -> Option<Request> {
    let file = BufReader::new(File::open(path).ok()?);
    let mut decoder = png::Decoder::new_with_limits(file, png::Limits { bytes: MAX_TEXT_BYTES });
    decoder.set_ignore_text_chunk(false);
    let mut reader = decoder.read_info().ok()?;
    if let Some(request) = request_in(reader.info()) {
        return Some(request);
    }
    // Some programs write their text behind the picture.
    reader.finish().ok()?;
    request_in(reader.info())
}

/// The mask that a PNG file was made with, and how much was made anew.
pub(crate) fn read_painting(path: &Path) -> Painting {
    let strength = File::open(path).ok().and_then(|file| {
        let limits = png::Limits { bytes: MAX_TEXT_BYTES };
        let mut decoder = png::Decoder::new_with_limits(BufReader::new(file), limits);
        decoder.set_ignore_text_chunk(false);
        let reader = decoder.read_info().ok()?;
        let text = |key| text_of(reader.info(), key).and_then(|text| strength_of(&text));
        text(REQUEST_KEY).or_else(|| text(PARAMETERS_KEY))
    });
    Painting { strength, mask: png_mask::read(path) }
}

/// AUTOMATIC1111's text in the bytes of a PNG file.
#[cfg(feature = "serve")]
pub(crate) fn parameters_in(bytes: &[u8]) -> Option<String> {
    let limits = png::Limits { bytes: MAX_TEXT_BYTES };
    let mut decoder = png::Decoder::new_with_limits(std::io::Cursor::new(bytes), limits);
    decoder.set_ignore_text_chunk(false);
    let mut reader = decoder.read_info().ok()?;
    if let Some(text) = text_of(reader.info(), PARAMETERS_KEY) {
        return Some(text);
    }
    reader.finish().ok()?;
    text_of(reader.info(), PARAMETERS_KEY)
}

fn request_in(info: &png::Info<'_>) -> Option<Request> {
    let exact = text_of(info, REQUEST_KEY).and_then(|json| request_of_json(&json));
    exact.or_else(|| text_of(info, PARAMETERS_KEY).and_then(|text| request_of_parameters(&text)))
}

fn text_of(info: &png::Info<'_>, key: &str) -> Option<String> {
    let international = info.utf8_text.iter().find(|chunk| chunk.keyword == key).and_then(|chunk| {
        let mut chunk = chunk.clone();
        chunk.decompress_text_with_limit(MAX_TEXT_BYTES).ok()?;
        chunk.get_text().ok()
    });
    let packed = || {
        let mut chunk = info.compressed_latin1_text.iter().find(|chunk| chunk.keyword == key)?.clone();
        chunk.decompress_text_with_limit(MAX_TEXT_BYTES).ok()?;
        chunk.get_text().ok()
    };
    let plain = || Some(info.uncompressed_latin1_text.iter().find(|chunk| chunk.keyword == key)?.text.clone());
    international.or_else(plain).or_else(packed)
}
