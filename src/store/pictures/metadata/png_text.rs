//! PNG files with text in them: the picture and the settings that made it, in one file.
//!
//! Text goes into `tEXt` where Latin letters do, else into `iTXt`; both spellings and the packed one are read.

use std::fs::File;
use std::io::{BufRead, BufReader, Seek};
use std::path::Path;

use crate::job::Request;
use crate::mask::MaskPlane;
use crate::raster::Picture;
use crate::store::pictures::metadata::parameters::{
    PARAMETERS_KEY, REQUEST_KEY, json_of, parameters_of, request_of_json, strength_of,
};
use crate::store::pictures::metadata::{exif, iptc, png_controls, png_mask, xmp};
use crate::store::pictures::programs::{PictureSettings, Program, Texts, settings_of};

/// A prompt is a few thousand letters, a workflow of many nodes a few million; what claims more is no picture's settings.
const MAX_TEXT_BYTES: usize = 16 << 20;

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
    png_controls::add(&mut writer, request.map_or(&[], |request| &request.controls))?;
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

/// The settings in a PNG file: our own exact copy, else those of other programs. A file that cannot be read has none.
pub(crate) fn read_settings(input: impl BufRead + Seek) -> Option<PictureSettings> {
    find_in(input, settings_in)
}

/// The mask that a PNG file was made with, and how much was made anew.
pub(crate) fn read_painting(path: &Path) -> Painting {
    let strength_in = |info: &png::Info<'_>| {
        let text = |key| text_of(info, key).and_then(|text| strength_of(&text));
        text(REQUEST_KEY).or_else(|| text(PARAMETERS_KEY))
    };
    let strength = File::open(path).ok().and_then(|file| find_in(BufReader::new(file), strength_in));
    Painting { strength, mask: png_mask::read(path) }
}

/// What `find` finds among all texts of a PNG file.
#[cfg(feature = "serve")]
pub(crate) fn find_among<T>(input: impl BufRead + Seek, find: impl Fn(&Texts) -> Option<T>) -> Option<T> {
    find_in(input, |info| find(&texts_of(info)))
}

/// What `find` finds in the texts before the picture, else in those behind it, where some programs write.
fn find_in<T>(input: impl BufRead + Seek, find: impl Fn(&png::Info<'_>) -> Option<T>) -> Option<T> {
    let mut decoder = png::Decoder::new_with_limits(input, png::Limits { bytes: MAX_TEXT_BYTES });
    decoder.set_ignore_text_chunk(false);
    let mut reader = decoder.read_info().ok()?;
    if let Some(found) = find(reader.info()) {
        return Some(found);
    }
    reader.finish().ok()?;
    find(reader.info())
}

fn settings_in(info: &png::Info<'_>) -> Option<PictureSettings> {
    if let Some(json) = text_of(info, REQUEST_KEY)
        && let Some(request) = request_of_json(&json)
    {
        let strength = strength_of(&json);
        return Some(PictureSettings {
            program: Program::Inkwick,
            request,
            strength,
            is_exact: true,
            ..PictureSettings::default()
        });
    }
    settings_of(&texts_of(info))
}

/// All texts of a PNG file: by their keywords, and those of EXIF, XMP and IPTC.
fn texts_of(info: &png::Info<'_>) -> Texts {
    let mut texts = Texts::default();
    for chunk in &info.utf8_text {
        let mut chunk = chunk.clone();
        if chunk.decompress_text_with_limit(MAX_TEXT_BYTES).is_ok()
            && let Ok(text) = chunk.get_text()
        {
            texts.add(&chunk.keyword, text);
        }
    }
    for chunk in &info.uncompressed_latin1_text {
        texts.add(&chunk.keyword, as_utf8(&chunk.text));
    }
    for chunk in &info.compressed_latin1_text {
        let mut chunk = chunk.clone();
        if chunk.decompress_text_with_limit(MAX_TEXT_BYTES).is_ok()
            && let Ok(text) = chunk.get_text()
        {
            texts.add(&chunk.keyword, as_utf8(&text));
        }
    }
    if let Some(block) = &info.exif_metadata {
        exif::add(&mut texts, block);
    }
    if let Some(packet) = texts.get("XML:com.adobe.xmp").map(str::to_owned) {
        xmp::add(&mut texts, packet.as_bytes());
    }
    // As ImageMagick wrote them before PNG had a place for EXIF.
    let profile = |texts: &Texts, names: [&str; 2]| {
        names.iter().find_map(|name| texts.get(&format!("Raw profile type {name}")).and_then(iptc::raw_profile))
    };
    if let Some(block) = profile(&texts, ["exif", "APP1"]) {
        exif::add(&mut texts, &block);
    }
    if let Some(block) = profile(&texts, ["iptc", "8bim"]) {
        iptc::add(&mut texts, &block);
    }
    texts
}

/// Several programs write UTF-8 where PNG has Latin letters: what reads as UTF-8 is meant so.
fn as_utf8(text: &str) -> String {
    let bytes: Option<Vec<u8>> = text.chars().map(|letter| u8::try_from(u32::from(letter)).ok()).collect();
    bytes.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_else(|| text.to_owned())
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
