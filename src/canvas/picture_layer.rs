//! The canvas's picture: as it came, and the tiles that were painted over since.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use super::tiles::{TileGrid, TileIndex};
use crate::mask::PixelRect;
use crate::raster::Picture;

/// A tile's RGBA pixels, row by row.
pub type ColourTile = Arc<Vec<u8>>;

#[derive(Clone, Debug)]
pub struct PictureLayer {
    base: Arc<Picture>,
    grid: TileGrid,
    painted: BTreeMap<TileIndex, ColourTile>,
    /// Base and painted tiles in one, once somebody asked; shared with copies until something changes.
    whole: Arc<OnceLock<Arc<Picture>>>,
}

impl PictureLayer {
    #[must_use]
    pub fn new(base: Arc<Picture>) -> Self {
        let grid = TileGrid::new(base.width(), base.height());
        Self { base, grid, painted: BTreeMap::new(), whole: Arc::default() }
    }

    #[must_use]
    pub fn width(&self) -> u32 {
        self.base.width()
    }

    #[must_use]
    pub fn height(&self) -> u32 {
        self.base.height()
    }

    #[must_use]
    pub fn grid(&self) -> TileGrid {
        self.grid
    }

    /// As it came, without what was painted.
    #[must_use]
    pub fn base(&self) -> &Arc<Picture> {
        &self.base
    }

    /// What was painted over, by tile.
    #[must_use]
    pub fn painted(&self) -> &BTreeMap<TileIndex, ColourTile> {
        &self.painted
    }

    /// With everything that was painted. The first time after a change it costs a copy of all pixels.
    #[must_use]
    pub fn whole(&self) -> Arc<Picture> {
        if self.painted.is_empty() {
            return Arc::clone(&self.base);
        }
        Arc::clone(self.whole.get_or_init(|| self.flattened()))
    }

    fn flattened(&self) -> Arc<Picture> {
        let mut rgba = self.base.rgba().to_vec();
        let row_bytes = self.width() as usize * 4;
        for (tile, pixels) in &self.painted {
            let rect = self.grid.rect(*tile);
            let (start, bytes) = (rect.left as usize * 4, rect.width() as usize * 4);
            for (y, row) in (rect.top..rect.bottom).zip(pixels.chunks_exact(bytes)) {
                rgba[y as usize * row_bytes + start..][..bytes].copy_from_slice(row);
            }
        }
        Picture::from_rgba(self.width(), self.height(), rgba).map_or_else(|_| Arc::clone(&self.base), Arc::new)
    }

    /// `None` outside.
    #[must_use]
    pub fn pixel(&self, x: u32, y: u32) -> Option<[u8; 4]> {
        let tile = self.grid.touching(PixelRect::new(x, y, x.saturating_add(1), y.saturating_add(1))).next()?;
        let rect = self.grid.rect(tile);
        let pixel = match self.painted.get(&tile) {
            Some(pixels) => pixels.get(((y - rect.top) * rect.width() + x - rect.left) as usize * 4..)?.first_chunk(),
            None => self.base.rgba().get((y as usize * self.width() as usize + x as usize) * 4..)?.first_chunk(),
        };
        pixel.copied()
    }

    /// A tile as it is to be put back: `None` where nothing was painted.
    #[must_use]
    pub fn tile(&self, tile: TileIndex) -> Option<ColourTile> {
        self.painted.get(&tile).cloned()
    }

    /// Writes a tile, or shows the base there again. One of another size, from a damaged file, changes nothing.
    pub fn put(&mut self, tile: TileIndex, content: Option<ColourTile>) {
        let rect = self.grid.rect(tile);
        match content {
            Some(pixels)
                if tile < self.grid.count() && pixels.len() == rect.width() as usize * rect.height() as usize * 4 =>
            {
                self.painted.insert(tile, pixels);
            }
            Some(_) => return,
            None => {
                self.painted.remove(&tile);
            }
        }
        self.whole = Arc::default();
    }

    /// A tile's pixels to paint on, taken from the base the first time.
    pub(super) fn tile_mut(&mut self, tile: TileIndex) -> &mut Vec<u8> {
        self.whole = Arc::default();
        let (base, rect) = (&self.base, self.grid.rect(tile));
        Arc::make_mut(self.painted.entry(tile).or_insert_with(|| Arc::new(cut(base, rect))))
    }

    /// The pixels of a tile as they look now.
    pub(super) fn pixels(&self, tile: TileIndex) -> Vec<u8> {
        let painted = self.painted.get(&tile).map(|pixels| pixels.as_ref().clone());
        painted.unwrap_or_else(|| cut(&self.base, self.grid.rect(tile)))
    }

    #[must_use]
    pub fn byte_count(&self) -> usize {
        self.base.rgba().len() + self.painted.values().map(|pixels| pixels.len()).sum::<usize>()
    }
}

fn cut(picture: &Picture, rect: PixelRect) -> Vec<u8> {
    let mut pixels = Vec::with_capacity(rect.width() as usize * rect.height() as usize * 4);
    for y in rect.top..rect.bottom {
        let start = (y as usize * picture.width() as usize + rect.left as usize) * 4;
        pixels.extend_from_slice(&picture.rgba()[start..][..rect.width() as usize * 4]);
    }
    pixels
}
