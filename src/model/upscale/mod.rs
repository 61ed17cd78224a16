//! Enlarging a picture by a network of the ESRGAN family, in tiles that leave no seam: each is given its surroundings, and
//! neighbours fade into each other.

mod network;
mod shuffle;

use std::path::Path;

use self::network::Network;
use super::{CancelCheck, ModelError};
use crate::checkpoint::{UpscalerFile, UpscalerNetwork};
use crate::kernels::Map;
use crate::raster::Picture;

/// Sides of tiles, in pixels of the picture that is enlarged; the largest that fits is taken.
const TILES: [usize; 4] = [256, 192, 128, 64];
/// What a tile is given around it, in pixels.
const SURROUNDINGS: usize = 32;
/// So far to each side of their border two tiles fade into each other, in pixels.
const FADE: usize = 8;

/// A network that enlarges pictures, on the CPU.
pub struct Upscaler {
    kind: UpscalerNetwork,
    network: Network,
}

/// Part of a side: what a tile covers, and what it is given.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    start: usize,
    end: usize,
    given: (usize, usize),
}

impl Upscaler {
    /// Reads a network from a file.
    ///
    /// # Errors
    /// When it is missing, damaged, or another network.
    pub fn open(path: &Path) -> Result<Self, ModelError> {
        let file = UpscalerFile::open(path)?;
        Ok(Self { kind: file.network(), network: Network::read(&file)? })
    }

    /// How many times as large a picture becomes in one pass.
    #[must_use]
    pub fn scale(&self) -> usize {
        self.kind.scale()
    }

    /// Sides that are given must be multiples of this.
    fn fold(&self) -> usize {
        match self.kind {
            UpscalerNetwork::Rrdb { shuffle, .. } => shuffle,
            UpscalerNetwork::Compact { .. } => 1,
        }
    }

    /// The most memory that a pass over a picture of this size takes, in bytes, with tiles of this side.
    fn bytes_with(&self, tile: usize, (width, height): (usize, usize)) -> u64 {
        let scale = self.scale();
        let seen = |side: usize| (side.min(tile) + 2 * SURROUNDINGS).min(side.max(1));
        let pixels = (seen(width) * seen(height)) as u64;
        let floats = match self.kind {
            UpscalerNetwork::Rrdb { features, growth, shuffle, .. } => {
                let low = (2 * features + 2 * (features + 4 * growth)) / (shuffle * shuffle);
                low.max(3 * features * scale * scale)
            }
            UpscalerNetwork::Compact { features, scale, .. } => 3 * features + 6 * scale * scale,
        };
        // Of the enlarged picture: colours and weights of what was faded in, and the picture itself.
        let whole = (width * height * scale * scale) as u64 * (4 * 4 + 4);
        pixels * floats as u64 * 4 + whole
    }

    /// The tiles that fit into so many bytes, and what they take; the smallest where nothing fits.
    #[must_use]
    pub fn plan(&self, width: u32, height: u32, free_bytes: Option<u64>) -> (usize, u64) {
        let size = (width as usize, height as usize);
        let with = |tile| (tile, self.bytes_with(tile, size));
        let fits = |(_, bytes): &(usize, u64)| free_bytes.is_none_or(|free| *bytes <= free);
        TILES.map(with).into_iter().find(fits).unwrap_or_else(|| with(TILES[TILES.len() - 1]))
    }

    /// How many tiles of this side a picture is cut into.
    #[must_use]
    pub fn tile_count(width: u32, height: u32, tile: usize) -> usize {
        (width as usize).div_ceil(tile) * (height as usize).div_ceil(tile)
    }

    /// The picture's colours enlarged, opaque. `on_tile` is called after each tile; its error ends the work.
    ///
    /// # Errors
    /// When it is cancelled.
    pub fn enlarge(
        &self,
        picture: &Picture,
        tile: usize,
        cancel_check: CancelCheck,
        on_tile: &mut dyn FnMut() -> Result<(), ModelError>,
    ) -> Result<Picture, ModelError> {
        let [width, height] = picture.size();
        let scale = self.scale();
        let mut sums = vec![0f32; width * height * scale * scale * 4];
        for rows in stretches(height, tile) {
            for columns in stretches(width, tile) {
                cancel_check()?;
                let given = self.given(picture, rows, columns)?;
                let out = self.network.forward(&given, cancel_check)?;
                fade_in(&mut sums, &out, (rows, columns), (width, height), scale);
                on_tile()?;
            }
        }
        let pixels = sums.chunks_exact(4).flat_map(|sum| {
            let value = |at: usize| (sum[at] / sum[3].max(f32::MIN_POSITIVE) * 255.0).round().clamp(0.0, 255.0) as u8;
            [value(0), value(1), value(2), 255]
        });
        Picture::from_rgba((width * scale) as u32, (height * scale) as u32, pixels.collect())
            .map_err(|error| ModelError::Misfit(error.to_string()))
    }

    /// A tile with its surroundings, in 0…1; beyond the picture its rim goes on where sides must be multiples.
    fn given(&self, picture: &Picture, rows: Stretch, columns: Stretch) -> Result<Map, ModelError> {
        let [width, height] = picture.size();
        let up = |length: usize| length.next_multiple_of(self.fold());
        let (tall, wide) = (up(rows.given.1 - rows.given.0), up(columns.given.1 - columns.given.0));
        let mut values = Vec::with_capacity(tall * wide * 3);
        for y in rows.given.0..rows.given.0 + tall {
            for x in columns.given.0..columns.given.0 + wide {
                let at = (y.min(height - 1) * width + x.min(width - 1)) * 4;
                values.extend(picture.rgba()[at..at + 3].iter().map(|value| f32::from(*value) / 255.0));
            }
        }
        Ok(Map::from_vec(values, 1, tall, wide, 3)?)
    }
}

/// A side in tiles of about the same length, none longer than `tile`. Each begins at an even place, so that folded pixels
/// are the same ones in every tile.
fn stretches(side: usize, tile: usize) -> Vec<Stretch> {
    let step = side.div_ceil(side.div_ceil(tile).max(1)).next_multiple_of(4).max(4);
    (0..side)
        .step_by(step)
        .map(|start| {
            let end = (start + step).min(side);
            Stretch { start, end, given: (start.saturating_sub(SURROUNDINGS), (end + SURROUNDINGS).min(side)) }
        })
        .collect()
}

/// How much of a place counts for its tile: all within, less and less towards a neighbour.
fn share(place: f32, stretch: Stretch, side: usize) -> f32 {
    let fade = FADE as f32;
    let from_start = if stretch.start == 0 { 1.0 } else { (place - (stretch.start as f32 - fade)) / (2.0 * fade) };
    let to_end = if stretch.end == side { 1.0 } else { (stretch.end as f32 + fade - place) / (2.0 * fade) };
    from_start.min(to_end).clamp(0.0, 1.0)
}

fn fade_in(
    sums: &mut [f32],
    out: &Map,
    (rows, columns): (Stretch, Stretch),
    (width, height): (usize, usize),
    scale: usize,
) {
    let reach = |stretch: Stretch, side: usize| {
        let (start, end) = (stretch.start.saturating_sub(FADE), (stretch.end + FADE).min(side));
        start * scale..end * scale
    };
    let middle = |place: usize| (place as f32 + 0.5) / scale as f32;
    let across: Vec<(usize, f32)> = reach(columns, width)
        .map(|x| (x, share(middle(x), columns, width)))
        .filter(|(_, share)| *share > 0.0)
        .collect();
    for y in reach(rows, height) {
        let down = share(middle(y), rows, height);
        let row = (y - rows.given.0 * scale) * out.width;
        for (x, across) in &across {
            let weight = down * across;
            let from = (row + x - columns.given.0 * scale) * 3;
            let to = (y * width * scale + x) * 4;
            for channel in 0..3 {
                sums[to + channel] += out.values()[from + channel] * weight;
            }
            sums[to + 3] += weight;
        }
    }
}
