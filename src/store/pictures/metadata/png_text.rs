//! PNG files with text in them: the picture and the settings that made it, in one file.
//!
//! Text goes into `tEXt` where Latin letters do, else into `iTXt`; both spellings and the packed one are read.

use std::fs::File;
use std::io::{BufRead, BufReader, Seek};
use std::path::Path;
use std::sync::Arc;

use crate::job::{Control, Reference, Region, Request, StepState};
use crate::mask::MaskPlane;
use crate::raster::Picture;
use crate::store::pictures::metadata::parameters::{
    PARAMETERS_KEY, REQUEST_KEY, json_of, parameters_of, request_of_json, strength_of,
};
use crate::store::pictures::metadata::{exif, iptc, png_controls, png_latents, png_mask, xmp};
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

/// What a file says of how its picture was made.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notes {
    /// AUTOMATIC1111's text, whoever wrote it.
    pub parameters: Option<String>,
    /// Our exact copy.
    pub json: Option<String>,
    pub mask: Option<Arc<MaskPlane>>,
    /// With their pictures.
    pub controls: Vec<Control>,
    /// With their masks.
    pub regions: Vec<Region>,
    /// With their pictures and masks.
    pub references: Vec<Reference>,
    /// What the picture was decoded from, where that is kept.
    pub latents: Option<StepState>,
}

impl Notes {
    pub(crate) fn of(request: &Request) -> Self {
        let mask = request.mask.as_ref().map(|mask| Arc::clone(&mask.plane));
        Self {
            parameters: Some(parameters_of(request)),
            json: json_of(request),
            mask,
            controls: request.controls.clone(),
            regions: request.regions.clone(),
            references: request.references.clone(),
            latents: None,
        }
    }
}

/// A picture as a PNG file, quick rather than small, with the settings if there are any.
pub(crate) fn encode(picture: &Picture, request: Option<&Request>) -> Result<Vec<u8>, png::EncodingError> {
    encode_noting(picture, &request.map(Notes::of).unwrap_or_default())
}

/// The same with these notes.
pub(crate) fn encode_noting(picture: &Picture, notes: &Notes) -> Result<Vec<u8>, png::EncodingError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, picture.width(), picture.height());
    let opaque = picture.rgba().chunks_exact(4).all(|pixel| pixel[3] == 255);
    encoder.set_color(if opaque { png::ColorType::Rgb } else { png::ColorType::Rgba });
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    for (key, text) in [(PARAMETERS_KEY, &notes.parameters), (REQUEST_KEY, &notes.json)] {
        if let Some(text) = text {
            add_text(&mut encoder, key, text.clone())?;
        }
    }
    let mut writer = encoder.write_header()?;
    if let Some(mask) = &notes.mask {
        png_mask::add(&mut writer, mask)?;
    }
    png_controls::add(&mut writer, &notes.controls, &notes.regions, &notes.references)?;
    if let Some(latents) = &notes.latents {
        png_latents::add(&mut writer, latents)?;
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
    text_of(info, REQUEST_KEY).and_then(|json| exact(&json)).or_else(|| {
        let texts = texts_of(info);
        texts.get(REQUEST_KEY).and_then(exact).or_else(|| settings_of(&texts))
    })
}

/// The settings that Inkwick itself wrote, to the last field.
pub(crate) fn exact(json: &str) -> Option<PictureSettings> {
    let (request, strength) = (request_of_json(json)?, strength_of(json));
    let program = Program::Inkwick;
    Some(PictureSettings { program, request, strength, is_exact: true, ..PictureSettings::default() })
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
