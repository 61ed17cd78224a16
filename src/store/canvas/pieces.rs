//! What the canvas's records are put together from: packed bytes, blocks with their length, tiles, pictures as PNG files.

use std::io::{self, Read, Write};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;

use crate::canvas::{MaskLayer, MaskTile, TileIndex};
use crate::mask::MaskPlane;
use crate::raster::Picture;

/// Tiles of a hundred megapixels, and some more.
const MAX_UNPACKED_BYTES: u64 = 1 << 30;
/// Five times the largest picture that can be opened.
const MAX_PICTURE_BYTES: usize = 2 << 30;

pub(super) fn packed(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes)?;
    encoder.finish()
}

pub(super) fn unpacked(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut plain = Vec::new();
    DeflateDecoder::new(bytes).take(MAX_UNPACKED_BYTES).read_to_end(&mut plain).ok()?;
    Some(plain)
}

/// Memory is reserved only for a picture of the size that it must have.
pub(crate) fn picture_of(png: &[u8], size: (u32, u32)) -> Option<Picture> {
    let mut decoder = png::Decoder::new(io::Cursor::new(png));
    decoder.set_transformations(png::Transformations::normalize_to_color8() | png::Transformations::ALPHA);
    let mut reader = decoder.read_info().ok()?;
    let bytes = reader.output_buffer_size().filter(|bytes| *bytes <= MAX_PICTURE_BYTES)?;
    if reader.info().size() != size {
        return None;
    }
    let mut rgba = vec![0; bytes];
    let info = reader.next_frame(&mut rgba).ok()?;
    Picture::from_rgba(info.width, info.height, rgba).ok()
}

pub(super) fn push_mask_tiles(bytes: &mut Vec<u8>, tiles: &[(TileIndex, MaskTile)]) {
    bytes.extend_from_slice(&(tiles.len() as u32).to_le_bytes());
    for (tile, content) in tiles {
        bytes.extend_from_slice(&tile.to_le_bytes());
        match content {
            MaskTile::Even(value) => push_block(bytes, &[*value]),
            MaskTile::Values(values) => {
                bytes.extend_from_slice(&(values.len() as u32 + 1).to_le_bytes());
                bytes.push(0);
                bytes.extend_from_slice(values);
            }
        }
    }
}

/// A whole mask in little room: its tiles that are not empty.
pub(super) fn tiles_of_mask(mask: &MaskLayer) -> Vec<(TileIndex, MaskTile)> {
    let tiles = (0..mask.grid().count()).filter(|tile| mask.has(*tile));
    tiles.map(|tile| (tile, mask.tile(tile))).collect()
}

pub(super) fn mask_of_tiles((width, height): (u32, u32), tiles: &[(TileIndex, MaskTile)]) -> MaskLayer {
    let mut mask = MaskLayer::new(MaskPlane::empty(width, height));
    for (tile, content) in tiles {
        mask.put(*tile, content);
    }
    mask
}

pub(super) fn mask_tiles_of(bytes: &mut Bytes<'_>) -> Option<Vec<(TileIndex, MaskTile)>> {
    let mut tiles = Vec::new();
    for _ in 0..bytes.number()? {
        let tile = bytes.number()?;
        let content = match bytes.block()? {
            [value] => MaskTile::Even(*value),
            [_, values @ ..] => MaskTile::Values(values.into()),
            [] => return None,
        };
        tiles.push((tile, content));
    }
    Some(tiles)
}

pub(super) fn push_block(bytes: &mut Vec<u8>, block: &[u8]) {
    bytes.extend_from_slice(&(block.len() as u32).to_le_bytes());
    bytes.extend_from_slice(block);
}

/// What is left to be read.
pub(super) struct Bytes<'a>(pub &'a [u8]);

impl<'a> Bytes<'a> {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn number(&mut self) -> Option<u32> {
        let (number, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u32::from_le_bytes(*number))
    }

    pub(super) fn block(&mut self) -> Option<&'a [u8]> {
        let length = self.number()? as usize;
        let (block, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(block)
    }
}
