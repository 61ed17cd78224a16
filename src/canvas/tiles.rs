//! The squares into which the canvas's pixels are cut: only what changed is kept, shown and written.

use crate::mask::PixelRect;

/// Side of a tile. Those at the right and lower edge are smaller.
pub const TILE_PX: u32 = 128;

/// Row by row, from the upper left.
pub type TileIndex = u32;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TileGrid {
    width: u32,
    height: u32,
}

impl TileGrid {
    #[must_use]
    pub fn new(width: u32, height: u32) -> Self {
        Self { width, height }
    }

    #[must_use]
    pub fn columns(self) -> u32 {
        self.width.div_ceil(TILE_PX)
    }

    #[must_use]
    pub fn count(self) -> u32 {
        self.columns() * self.height.div_ceil(TILE_PX)
    }

    /// The tile's pixels; none for a tile that is not there, as a damaged journal may name.
    #[must_use]
    pub fn rect(self, tile: TileIndex) -> PixelRect {
        if tile >= self.count() {
            return PixelRect::default();
        }
        let columns = self.columns().max(1);
        let (left, top) = (tile % columns * TILE_PX, tile / columns * TILE_PX);
        PixelRect::new(left, top, (left + TILE_PX).min(self.width), (top + TILE_PX).min(self.height))
    }

    /// All tiles that have a pixel in `rect`.
    pub fn touching(self, rect: PixelRect) -> impl Iterator<Item = TileIndex> {
        let rect = rect.intersection(PixelRect::new(0, 0, self.width, self.height));
        let (rows, columns) = if rect.is_empty() {
            (0..0, 0..0)
        } else {
            (rect.top / TILE_PX..rect.bottom.div_ceil(TILE_PX), rect.left / TILE_PX..rect.right.div_ceil(TILE_PX))
        };
        let across = self.columns();
        rows.flat_map(move |row| columns.clone().map(move |column| row * across + column))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_cover_the_plane_once() {
        let grid = TileGrid::new(300, 130);
        assert!(grid.rect(grid.count()).is_empty() && grid.rect(u32::MAX).is_empty());
        let area: u32 = (0..grid.count()).map(|tile| grid.rect(tile).width() * grid.rect(tile).height()).sum();
        assert_eq!((grid.count(), area), (6, 300 * 130));
        let touched: Vec<_> = grid.touching(PixelRect::new(127, 127, 129, 999)).collect();
        assert_eq!(touched, [0, 1, 3, 4]);
        assert_eq!(grid.touching(PixelRect::new(300, 0, 400, 10)).count(), 0);
        assert_eq!(TileGrid::new(0, 0).count(), 0);
    }
}
