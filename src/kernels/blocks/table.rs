//! A table whose rows stay in blocks and are widened as they are looked up.

use super::super::ShapeError;
use super::super::simd::{Kernel, Level, Simd};
use super::{BlockKind, Blocks, PanelBlocks};

/// A matrix that is not multiplied with: a few of its rows are wanted at a time.
pub struct BlockTable {
    kind: BlockKind,
    bytes: Vec<u8>,
    scales: Vec<f32>,
    width: usize,
    level: Level,
}

impl BlockTable {
    /// Rows of `width` numbers.
    ///
    /// # Errors
    /// When they are not whole blocks, or as many scales as rows.
    pub fn new(blocks: Blocks, width: usize, level: Level) -> Result<Self, ShapeError> {
        let Blocks { kind, bytes, scales } = blocks;
        let rows = bytes.len().checked_div(kind.bytes_of(width)).unwrap_or(0);
        let is_scaled = kind == BlockKind::F8E4M3;
        if rows * kind.bytes_of(width) != bytes.len()
            || !kind.fits(width)
            || (is_scaled && scales.len() != 1 && scales.len() != rows)
        {
            return Err(ShapeError(format!("{} bytes are no table of rows of {width} quantised numbers", bytes.len())));
        }
        Ok(Self { kind, bytes: bytes.to_vec(), scales: scales.to_vec(), width, level })
    }

    #[must_use]
    pub fn rows(&self) -> usize {
        self.bytes.len().checked_div(self.kind.bytes_of(self.width)).unwrap_or(0)
    }

    /// Memory that it takes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes.len() + self.scales.len() * size_of::<f32>()
    }

    /// `(places.len(), width)` in single precision; each place is below [`BlockTable::rows`].
    ///
    /// # Errors
    /// When one is not.
    pub fn look_up(&self, places: &[u32]) -> Result<Vec<f32>, ShapeError> {
        if let Some(place) = places.iter().find(|place| **place as usize >= self.rows()) {
            return Err(ShapeError(format!("a table of {} rows has no row {place}", self.rows())));
        }
        Ok(self.level.run(LookUp { table: self, places }))
    }
}

/// As many rows at once as a vector has lanes.
struct LookUp<'a> {
    table: &'a BlockTable,
    places: &'a [u32],
}

impl Kernel for LookUp<'_> {
    type Output = Vec<f32>;

    #[inline(always)]
    fn run<S: Simd>(self) -> Vec<f32> {
        let BlockTable { kind, bytes, scales, width, .. } = self.table;
        let row_bytes = kind.bytes_of(*width);
        let mut found = vec![0.0; self.places.len() * width];
        let mut side_by_side = vec![0u8; row_bytes * S::LANES];
        let mut wide = vec![0f32; width * S::LANES];
        let mut own_scales = vec![0f32; S::LANES];
        for (places, found) in self.places.chunks(S::LANES).zip(found.chunks_mut(S::LANES * width)) {
            for (lane, place) in places.iter().map(|place| *place as usize).enumerate() {
                let row = &bytes[place * row_bytes..(place + 1) * row_bytes];
                side_by_side.chunks_exact_mut(S::LANES).zip(row).for_each(|(to, byte)| to[lane] = *byte);
                own_scales[lane] = scales.get(place).or(scales.first()).copied().unwrap_or(1.0);
            }
            let blocks = PanelBlocks {
                kind: *kind,
                bytes: &side_by_side,
                scales: &own_scales,
                stride: S::LANES,
                channels: None,
            };
            blocks.widen::<S, false>(&mut wide);
            for (lane, found) in found.chunks_exact_mut(*width).enumerate() {
                found.iter_mut().zip(wide.chunks_exact(S::LANES)).for_each(|(to, step)| *to = step[lane]);
            }
        }
        found
    }
}
