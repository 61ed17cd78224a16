//! How the canvas's steps are written: one record after the other, each with its length and a checksum.
//!
//! A record that was cut off, or that the disk has spoilt, ends the row; everything before it counts.

use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::canvas::{LayerId, LayerPart, Origin, PictureLayer, Record, Sheet, StackChange, TilesChange};
use crate::store::canvas::pieces::{
    Bytes, mask_of_tiles, mask_tiles_of, packed, picture_of, push_block, push_mask_tiles, tiles_of_mask, unpacked,
};
use crate::store::canvas::stack_format;
use crate::store::pictures::metadata::png_text;

/// The first line of every journal. Another version of it would start with another line.
pub(crate) const HEADER: &[u8] = b"Inkwick canvas 1\n";
/// Length, checksum, kind.
const HEAD_BYTES: usize = 13;
/// No picture that can be opened comes near it: a length beyond is damage.
const MAX_RECORD_BYTES: u64 = 2 << 30;

const START: u8 = 0;
const SHEET: u8 = 1;
const TILES: u8 = 2;
const UNDO: u8 = 3;
const REDO: u8 = 4;
const STACK: u8 = 5;

/// Behind a layer's tiles: they are of its mask.
const OF_MASK: u8 = 1;

/// The origin of a sheet.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct SheetOrigin {
    file: Option<PathBuf>,
    made_here: bool,
}

/// A record as it stands in the file.
///
/// # Errors
/// When a picture cannot be packed.
pub(crate) fn encode(record: &Record) -> io::Result<Vec<u8>> {
    let (kind, body) = match record {
        Record::Start(sheet) => (START, sheet_body(sheet)?),
        Record::Sheet(sheet) => (SHEET, sheet_body(sheet)?),
        Record::Tiles(tiles) => (TILES, packed(&tiles_bytes(tiles))?),
        Record::Stack(stack) => (STACK, stack_format::encode(stack)?),
        Record::Undo => (UNDO, Vec::new()),
        Record::Redo => (REDO, Vec::new()),
    };
    let mut bytes = Vec::with_capacity(HEAD_BYTES + body.len());
    bytes.extend_from_slice(&(body.len() as u64).to_le_bytes());
    bytes.extend_from_slice(&checksum(kind, &body).to_le_bytes());
    bytes.push(kind);
    bytes.extend_from_slice(&body);
    Ok(bytes)
}

/// The next record and the bytes that it took; `None` at the end, or where the row is broken.
pub(crate) fn read_next(file: &mut impl Read) -> Option<(Record, u64)> {
    let mut head = [0; HEAD_BYTES];
    file.read_exact(&mut head).ok()?;
    let length = u64::from_le_bytes(head[..8].try_into().ok()?);
    let wanted = u32::from_le_bytes(head[8..12].try_into().ok()?);
    let kind = head[12];
    if length > MAX_RECORD_BYTES {
        return None;
    }
    // Not reserved at once: a damaged length must not take the memory.
    let mut body = Vec::new();
    file.take(length).read_to_end(&mut body).ok()?;
    if body.len() as u64 != length || checksum(kind, &body) != wanted {
        return None;
    }
    let record = match kind {
        START => Record::Start(Box::new(sheet_of(&body)?)),
        SHEET => Record::Sheet(Box::new(sheet_of(&body)?)),
        TILES => Record::Tiles(tiles_of(&mut Bytes(&unpacked(&body)?))?),
        STACK => Record::Stack(stack_format::decode(&body)?),
        UNDO => Record::Undo,
        REDO => Record::Redo,
        _ => return None,
    };
    Some((record, HEAD_BYTES as u64 + length))
}

fn checksum(kind: u8, body: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&[kind]);
    hasher.update(body);
    hasher.finalize()
}

/// Origin, mask and painted tiles packed, then the picture as a PNG file, then the layers, if there are any.
fn sheet_body(sheet: &Sheet) -> io::Result<Vec<u8>> {
    // A name that is no text cannot be written, and is not needed to show the picture.
    let file = sheet.origin.file.clone().filter(|file| file.to_str().is_some());
    let origin = serde_json::to_vec(&SheetOrigin { file, made_here: sheet.origin.made_here })?;
    let mut plain = Vec::new();
    push_block(&mut plain, &origin);
    for side in sheet.mask.plane().size_px() {
        plain.extend_from_slice(&side.to_le_bytes());
    }
    let painted = sheet.picture.iter().flat_map(PictureLayer::painted);
    let colour = painted.map(|(tile, pixels)| (*tile, Some(Arc::clone(pixels)))).collect();
    plain.extend(tiles_bytes(&TilesChange { mask: tiles_of_mask(&sheet.mask), colour, ..TilesChange::default() }));
    let mut body = Vec::new();
    push_block(&mut body, &packed(&plain)?);
    if let Some(picture) = &sheet.picture {
        push_block(&mut body, &png_text::encode(picture.base(), None).map_err(io::Error::other)?);
        if sheet.stack != StackChange::default() {
            push_block(&mut body, &stack_format::encode(&sheet.stack)?);
        }
    }
    Ok(body)
}

fn sheet_of(body: &[u8]) -> Option<Sheet> {
    let mut body = Bytes(body);
    let plain = unpacked(body.block()?)?;
    let mut plain = Bytes(&plain);
    let origin: SheetOrigin = serde_json::from_slice(plain.block()?).ok()?;
    let origin = Origin { file: origin.file, made_here: origin.made_here };
    let (width, height) = (plain.number()?, plain.number()?);
    let TilesChange { mask, colour, .. } = tiles_of(&mut plain)?;
    let stack = StackChange::default();
    if body.is_empty() {
        let nothing = Sheet { origin, stack, ..Sheet::default() };
        return (width == 0 && height == 0).then_some(nothing);
    }
    // Memory is reserved for a mask only where there is a picture of its size.
    let picture = picture_of(body.block()?, (width, height))?;
    let mask = mask_of_tiles((width, height), &mask);
    let stack = if body.is_empty() { stack } else { stack_format::decode(body.block()?)? };
    let mut sheet = Sheet::of(Arc::new(picture), origin, mask, stack);
    for (tile, pixels) in colour {
        sheet.picture.as_mut()?.put(tile, pixels);
    }
    Some(sheet)
}

fn tiles_bytes(tiles: &TilesChange) -> Vec<u8> {
    let mut bytes = Vec::new();
    push_mask_tiles(&mut bytes, &tiles.mask);
    bytes.extend_from_slice(&(tiles.colour.len() as u32).to_le_bytes());
    for (tile, content) in &tiles.colour {
        bytes.extend_from_slice(&tile.to_le_bytes());
        push_block(&mut bytes, content.as_ref().map_or(&[], |pixels| pixels.as_slice()));
    }
    if !tiles.drawn.is_empty() {
        bytes.extend_from_slice(&tiles.part.layer().0.to_le_bytes());
        push_mask_tiles(&mut bytes, &tiles.drawn);
        if matches!(tiles.part, LayerPart::Mask(_)) {
            bytes.push(OF_MASK);
        }
    }
    bytes
}

fn tiles_of(bytes: &mut Bytes<'_>) -> Option<TilesChange> {
    let mut tiles = TilesChange { mask: mask_tiles_of(bytes)?, ..TilesChange::default() };
    for _ in 0..bytes.number()? {
        let tile = bytes.number()?;
        let content = bytes.block()?;
        tiles.colour.push((tile, (!content.is_empty()).then(|| Arc::new(content.to_vec()))));
    }
    // Journals of earlier versions end here.
    if !bytes.is_empty() {
        let layer = LayerId(bytes.number()?);
        tiles.drawn = mask_tiles_of(bytes)?;
        tiles.part = if bytes.0 == [OF_MASK] { LayerPart::Mask(layer) } else { LayerPart::Drawing(layer) };
    }
    Some(tiles)
}
