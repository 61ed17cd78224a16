//! The pictures that steered a picture, and the masks of its regions, inside its PNG file: each a small PNG in a chunk of its own, which other programs
//! pass over.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use crate::job::{Control, Reference, Region, Request};
use crate::mask::MaskPlane;
use crate::raster::Picture;
use crate::store::pictures::metadata::png_mask;

/// Ancillary, private, not to be copied by who changes the pixels.
const CHUNK: png::chunk::ChunkType = png::chunk::ChunkType(*b"ikCT");
const SIGNATURE_BYTES: u64 = 8;
/// A picture of thirty megapixels that does not pack at all.
const MAX_BYTES: u32 = 120_000_000;
const MAX_PIXELS: u64 = 30_000_000;
/// The chunk's second byte: what follows.
const PICTURE: u8 = 0;
const MASK: u8 = 1;
/// A region's mask.
const REGION: u8 = 2;
const REFERENCE: u8 = 3;
const REFERENCE_MASK: u8 = 4;

/// Writes what of the pictures is there; the first byte says of which control or region.
pub(crate) fn add<W: std::io::Write>(
    writer: &mut png::Writer<W>,
    controls: &[Control],
    regions: &[Region],
    references: &[Reference],
) -> Result<(), png::EncodingError> {
    for (place, control) in (0_u8..=u8::MAX).zip(controls) {
        if let Some(picture) = &control.picture {
            add_picture(writer, [place, PICTURE], picture)?;
        }
        if let Some(mask) = &control.mask {
            writer.write_chunk(CHUNK, &[&[place, MASK][..], &png_mask::encode(mask)?].concat())?;
        }
    }
    for (place, region) in (0_u8..=u8::MAX).zip(regions) {
        if let Some(mask) = &region.mask {
            writer.write_chunk(CHUNK, &[&[place, REGION][..], &png_mask::encode(mask)?].concat())?;
        }
    }
    for (place, reference) in (0_u8..=u8::MAX).zip(references) {
        if let Some(picture) = &reference.picture {
            add_picture(writer, [place, REFERENCE], picture)?;
        }
        if let Some(mask) = &reference.mask {
            writer.write_chunk(CHUNK, &[&[place, REFERENCE_MASK][..], &png_mask::encode(mask)?].concat())?;
        }
    }
    Ok(())
}

fn add_picture<W: std::io::Write>(
    writer: &mut png::Writer<W>,
    place: [u8; 2],
    picture: &Picture,
) -> Result<(), png::EncodingError> {
    let mut bytes = place.to_vec();
    let mut encoder = png::Encoder::new(&mut bytes, picture.width(), picture.height());
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Eight);
    let mut image = encoder.write_header()?;
    image.write_image_data(picture.rgba())?;
    image.finish()?;
    writer.write_chunk(CHUNK, &bytes)
}

/// Gives the controls and regions of a PNG file's settings their pictures back, those that can be read.
pub(crate) fn fill(path: &Path, request: &mut Request) {
    if !request.controls.is_empty() || !request.regions.is_empty() || !request.references.is_empty() {
        let _ = filled(path, request);
    }
}

fn filled(path: &Path, request: &mut Request) -> Option<()> {
    let mut file = BufReader::new(File::open(path).ok()?);
    file.seek(SeekFrom::Start(SIGNATURE_BYTES)).ok()?;
    loop {
        let mut head = [0; 8];
        file.read_exact(&mut head).ok()?;
        let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]);
        match &head[4..] {
            kind if kind == CHUNK.0 && (2..=MAX_BYTES).contains(&length) => {
                let mut bytes = Vec::new();
                file.by_ref().take(u64::from(length)).read_to_end(&mut bytes).ok()?;
                file.seek_relative(4).ok()?;
                if let [place, kind, image @ ..] = &bytes[..] {
                    let place = usize::from(*place);
                    match (*kind, request.controls.get_mut(place), request.regions.get_mut(place)) {
                        (PICTURE, Some(control), _) => control.picture = picture_of(image).map(Arc::new),
                        (MASK, Some(control), _) => control.mask = mask_of(image).map(Arc::new),
                        (REGION, _, Some(region)) => region.mask = mask_of(image).map(Arc::new),
                        (REFERENCE | REFERENCE_MASK, ..) => {
                            if let Some(reference) = request.references.get_mut(place) {
                                match *kind {
                                    REFERENCE => reference.picture = picture_of(image).map(Arc::new),
                                    _ => reference.mask = mask_of(image).map(Arc::new),
                                }
                            }
                        }
                        _ => {}
                    }
                }
            }
            b"IEND" => return Some(()),
            // Its bytes and four of checksum.
            _ => file.seek_relative(i64::from(length) + 4).ok()?,
        }
    }
}

fn decoded(bytes: &[u8], colour: png::ColorType, channels: usize) -> Option<(u32, u32, Vec<u8>)> {
    let limits = png::Limits { bytes: MAX_BYTES as usize };
    let mut reader = png::Decoder::new_with_limits(std::io::Cursor::new(bytes), limits).read_info().ok()?;
    let (width, height) = (reader.info().width, reader.info().height);
    let is_wanted = reader.output_color_type() == (colour, png::BitDepth::Eight);
    if !is_wanted || u64::from(width) * u64::from(height) > MAX_PIXELS {
        return None;
    }
    let mut values = vec![0; width as usize * height as usize * channels];
    reader.next_frame(&mut values).ok()?;
    Some((width, height, values))
}

fn picture_of(bytes: &[u8]) -> Option<Picture> {
    let (width, height, rgba) = decoded(bytes, png::ColorType::Rgba, 4)?;
    Picture::from_rgba(width, height, rgba).ok()
}

fn mask_of(bytes: &[u8]) -> Option<MaskPlane> {
    let (width, height, values) = decoded(bytes, png::ColorType::Grayscale, 1)?;
    MaskPlane::from_values(width, height, values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::{ControlMode, ControlNetworkRef};
    use crate::store::pictures::picture_file;

    #[test]
    fn what_steered_a_picture_comes_back_with_it() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a.png");
        let drawing = Picture::from_rgba(3, 2, (0..24).collect()).unwrap();
        let mask = MaskPlane::from_values(3, 2, vec![0, 50, 100, 150, 200, 250]).unwrap();
        let first = Control { weight: 0.5, ..Control::new(ControlNetworkRef::Scribble, Arc::new(drawing.clone())) };
        let references = vec![
            Reference::default(),
            Reference { mask: Some(Arc::new(mask.clone())), ..Reference::new(Arc::new(drawing.clone())) },
        ];
        let second = Control {
            mask: Some(Arc::new(mask.clone())),
            mode: ControlMode::Control,
            ..Control::new(ControlNetworkRef::Path("depth.safetensors".into()), Arc::new(drawing))
        };
        let regions = vec![Region::default(), Region::new(Arc::new(mask), "a pear")];
        let controls = vec![first, Control::default(), second];
        let request = Request { controls, regions, references, ..Request::default() };
        picture_file::write(&path, &Picture::filled(8, 8, [1, 2, 3, 255]), Some(&request)).unwrap();
        let found = picture_file::read_request(&path).unwrap().unwrap();
        assert_eq!((&found.controls, &found.regions), (&request.controls, &request.regions));
        assert_eq!(found.references, request.references);
        // What was cut off is not there, and nothing fails.
        let whole = std::fs::read(&path).unwrap();
        for end in (0..whole.len()).step_by(7) {
            std::fs::write(&path, &whole[..end]).unwrap();
            let regions = vec![Region::default(); 2];
            fill(&path, &mut Request { controls: vec![Control::default(); 3], regions, ..Request::default() });
        }
    }
}
