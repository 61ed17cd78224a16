//! The mask with a note for each tile of what is masked in it, so that its bounds are always known.

use std::sync::Arc;

use super::tiles::{TileGrid, TileIndex};
use crate::mask::{MaskPlane, PixelRect};

#[derive(Clone, Debug, PartialEq)]
pub struct MaskLayer {
    /// Shared with whoever asked for it, and copied when it is written to meanwhile.
    plane: Arc<MaskPlane>,
    grid: TileGrid,
    /// The bounds of what is not 0, for each tile.
    bounds: Vec<PixelRect>,
}

/// A tile's values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MaskTile {
    /// The same everywhere.
    Even(u8),
    /// Row by row.
    Values(Box<[u8]>),
}

impl MaskTile {
    #[must_use]
    pub fn byte_count(&self) -> usize {
        match self {
            Self::Even(_) => 0,
            Self::Values(values) => values.len(),
        }
    }
}

impl Default for MaskLayer {
    fn default() -> Self {
        Self::new(MaskPlane::empty(0, 0))
    }
}

impl MaskLayer {
    #[must_use]
    pub fn new(plane: MaskPlane) -> Self {
        let grid = TileGrid::new(plane.width(), plane.height());
        let mut layer =
            Self { bounds: vec![PixelRect::default(); grid.count() as usize], grid, plane: Arc::new(plane) };
        layer.look_again(layer.plane.rect());
        layer
    }

    #[must_use]
    pub fn plane(&self) -> &MaskPlane {
        &self.plane
    }

    /// The same, to keep: what is painted later is not in it.
    #[must_use]
    pub fn shared(&self) -> Arc<MaskPlane> {
        Arc::clone(&self.plane)
    }

    #[must_use]
    pub fn into_plane(self) -> MaskPlane {
        Arc::unwrap_or_clone(self.plane)
    }

    #[must_use]
    pub fn grid(&self) -> TileGrid {
        self.grid
    }

    /// Around everything that is not 0.
    #[must_use]
    pub fn bounds(&self) -> Option<PixelRect> {
        let all = self.bounds.iter().fold(PixelRect::default(), |all, tile| all.union(*tile));
        (!all.is_empty()).then_some(all)
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bounds.iter().all(|tile| tile.is_empty())
    }

    /// How much of the memory it takes, in bytes. Nobody has written to an empty one, so that no memory was given for it.
    pub(super) fn byte_count(&self) -> usize {
        if self.is_empty() { 0 } else { self.plane.values().len() }
    }

    /// Whether a tile has anything masked.
    #[must_use]
    pub fn has(&self, tile: TileIndex) -> bool {
        self.bounds.get(tile as usize).is_some_and(|bounds| !bounds.is_empty())
    }

    #[must_use]
    pub fn tile(&self, tile: TileIndex) -> MaskTile {
        let rect = self.grid.rect(tile);
        if !self.has(tile) {
            return MaskTile::Even(0);
        }
        let mut values = Vec::with_capacity(rect.width() as usize * rect.height() as usize);
        for y in rect.top..rect.bottom {
            values.extend_from_slice(&self.plane.row(y)[rect.left as usize..rect.right as usize]);
        }
        match values.first() {
            Some(first) if values.iter().all(|value| value == first) => MaskTile::Even(*first),
            _ => MaskTile::Values(values.into()),
        }
    }

    /// Writes a tile. One of another size, from a damaged file, changes nothing.
    pub fn put(&mut self, tile: TileIndex, content: &MaskTile) {
        let rect = self.grid.rect(tile);
        let (width, count) = (rect.width() as usize, rect.width() as usize * rect.height() as usize);
        if tile >= self.grid.count() || matches!(content, MaskTile::Values(values) if values.len() != count) {
            return;
        }
        let plane = Arc::make_mut(&mut self.plane);
        for (index, y) in (rect.top..rect.bottom).enumerate() {
            let row = &mut plane.row_mut(y)[rect.left as usize..rect.right as usize];
            match content {
                MaskTile::Even(value) => row.fill(*value),
                MaskTile::Values(values) => row.copy_from_slice(&values[index * width..][..width]),
            }
        }
        self.look_again(rect);
    }

    /// Lets `change` write into the part of a row that lies in `rect`; call `look_again` afterwards.
    pub(super) fn row_mut(&mut self, y: u32, rect: PixelRect) -> &mut [u8] {
        &mut Arc::make_mut(&mut self.plane).row_mut(y)[rect.left as usize..rect.right as usize]
    }

    /// Notes what is masked in the tiles that `rect` touches.
    pub(super) fn look_again(&mut self, rect: PixelRect) {
        let grid = self.grid;
        for tile in grid.touching(rect) {
            self.bounds[tile as usize] = bounds_in(&self.plane, grid.rect(tile));
        }
    }
}

fn bounds_in(plane: &MaskPlane, rect: PixelRect) -> PixelRect {
    let mut bounds = PixelRect::default();
    for y in rect.top..rect.bottom {
        let row = &plane.row(y)[rect.left as usize..rect.right as usize];
        // The usual row is empty, or masked from end to end.
        if row.iter().fold(0, |any, value| any | value) == 0 {
            continue;
        }
        let first = row.iter().position(|value| *value != 0).unwrap_or(0) as u32;
        let last = row.iter().rposition(|value| *value != 0).unwrap_or(0) as u32;
        bounds = bounds.union(PixelRect::new(rect.left + first, y, rect.left + last + 1, y + 1));
    }
    bounds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_those_of_the_plane() {
        let mut plane = MaskPlane::empty(300, 200);
        plane.row_mut(130)[5] = 1;
        plane.row_mut(7)[299] = 255;
        let mut layer = MaskLayer::new(plane);
        assert_eq!(layer.bounds(), layer.plane().bounds());
        layer.put(0, &MaskTile::Even(9));
        assert_eq!(layer.bounds(), Some(PixelRect::new(0, 0, 300, 131)));
        for tile in 0..layer.grid().count() {
            layer.put(tile, &MaskTile::Even(0));
        }
        assert!(layer.is_empty() && layer.plane().is_empty());
        layer.put(0, &MaskTile::Values(Box::new([1, 2, 3])));
        layer.put(99, &MaskTile::Even(1));
        assert!(layer.is_empty(), "what does not fit is passed over");
    }
}
