//! The mask that a picture was repainted with, inside its PNG file: a small grey PNG in a chunk of its own, which
//! other programs pass over.

use std::path::Path;

use super::png_chunk;
use crate::mask::MaskPlane;

/// Ancillary, private, not to be copied by who changes the pixels.
const CHUNK: png::chunk::ChunkType = png::chunk::ChunkType(*b"ikMK");
/// A mask of a hundred megapixels that does not pack at all.
const MAX_BYTES: u32 = 120_000_000;

pub(crate) fn add<W: std::io::Write>(writer: &mut png::Writer<W>, mask: &MaskPlane) -> Result<(), png::EncodingError> {
    writer.write_chunk(CHUNK, &encode(mask)?)
}

/// A mask as a grey PNG file.
pub(crate) fn encode(mask: &MaskPlane) -> Result<Vec<u8>, png::EncodingError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, mask.width(), mask.height());
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(mask.values())?;
    writer.finish()?;
    Ok(bytes)
}

/// The mask in a PNG file, if there is one that can be read.
pub(crate) fn read(path: &Path) -> Option<MaskPlane> {
    decoded(&png_chunk::first(path, CHUNK, MAX_BYTES)?)
}

/// A mask of a grey PNG file.
pub(crate) fn decoded(bytes: &[u8]) -> Option<MaskPlane> {
    let limits = png::Limits { bytes: MAX_BYTES as usize };
    let mut reader = png::Decoder::new_with_limits(std::io::Cursor::new(bytes), limits).read_info().ok()?;
    if reader.output_color_type() != (png::ColorType::Grayscale, png::BitDepth::Eight) {
        return None;
    }
    let (width, height) = (reader.info().width, reader.info().height);
    if u64::from(width) * u64::from(height) > u64::from(MAX_BYTES) {
        return None;
    }
    let mut values = vec![0; width as usize * height as usize];
    reader.next_frame(&mut values).ok()?;
    MaskPlane::from_values(width, height, values)
}
