//! Pictures too large for one pass of the VAE: overlapping tiles, blended where they overlap.

use candle_core::{DType, Device, Tensor};

use super::ModelError;

/// In latent pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tiling {
    pub tile: usize,
    pub overlap: usize,
}

impl Default for Tiling {
    /// 512 pixels with 128 of overlap: what SD's VAE was trained on, so that each tile looks like a picture to it.
    fn default() -> Self {
        Self { tile: 64, overlap: 16 }
    }
}

/// A tile in the input's pixels, and how many of the output's come of one: `up / down`.
#[derive(Clone, Copy)]
pub(super) struct Sizes {
    pub tile: usize,
    pub overlap: usize,
    pub up: usize,
    pub down: usize,
}

impl Sizes {
    fn out(&self, side: usize) -> usize {
        side * self.up / self.down
    }
}

/// Where the tiles of a side start; the last one ends with the side.
fn starts(side: usize, tile: usize, overlap: usize) -> Vec<usize> {
    if side <= tile {
        return vec![0];
    }
    let step = tile - overlap;
    let count = (side - overlap).div_ceil(step);
    (0..count).map(|index| (index * step).min(side - tile)).collect()
}

/// How much each of a tile's pixels counts along one side: less towards an edge that another tile lies over.
fn weights(length: usize, overlap: usize, has_before: bool, has_after: bool) -> Vec<f32> {
    (0..length)
        .map(|place| {
            let ramp = |distance: usize| ((distance as f32 + 0.5) / overlap as f32).min(1.0);
            let before = if has_before { ramp(place) } else { 1.0 };
            let after = if has_after { ramp(length - 1 - place) } else { 1.0 };
            before * after
        })
        .collect()
}

/// `of` for each tile of `x` `(batch, channels, height, width)`, put together again. One tile is the whole.
pub(super) fn in_tiles(
    x: &Tensor,
    sizes: Sizes,
    of: &dyn Fn(&Tensor) -> Result<Tensor, ModelError>,
) -> Result<Tensor, ModelError> {
    let (batch, _, height, width) = x.dims4()?;
    let (rows, columns) = (starts(height, sizes.tile, sizes.overlap), starts(width, sizes.tile, sizes.overlap));
    if rows.len() * columns.len() == 1 {
        return of(x);
    }
    let (tile_height, tile_width) = (sizes.tile.min(height), sizes.tile.min(width));
    let (out_height, out_width) = (sizes.out(height), sizes.out(width));
    let (high, wide) = (sizes.out(tile_height), sizes.out(tile_width));
    let overlap = sizes.out(sizes.overlap).max(1);
    let mut sums = Vec::new();
    let mut totals = vec![0f32; out_height * out_width];
    let mut planes = 0;
    for top in &rows {
        let by_row = weights(high, overlap, *top > 0, top + tile_height < height);
        for left in &columns {
            let by_column = weights(wide, overlap, *left > 0, left + tile_width < width);
            let tile = x.narrow(2, *top, tile_height)?.narrow(3, *left, tile_width)?.contiguous()?;
            let drawn = of(&tile)?;
            planes = batch * drawn.dim(1)?;
            let values = drawn.to_dtype(DType::F32)?.to_device(&Device::Cpu)?.flatten_all()?.to_vec1::<f32>()?;
            sums.resize(planes * out_height * out_width, 0f32);
            for y in 0..high {
                let place = (sizes.out(*top) + y) * out_width + sizes.out(*left);
                for (x, by_column) in by_column.iter().enumerate() {
                    totals[place + x] += by_row[y] * by_column;
                }
                for plane in 0..planes {
                    let from = &values[(plane * high + y) * wide..][..wide];
                    let into = &mut sums[plane * out_height * out_width + place..][..wide];
                    for ((into, from), by_column) in into.iter_mut().zip(from).zip(&by_column) {
                        *into += from * by_row[y] * by_column;
                    }
                }
            }
        }
    }
    for plane in sums.chunks_mut(totals.len()) {
        plane.iter_mut().zip(&totals).for_each(|(sum, total)| *sum /= total);
    }
    Ok(Tensor::from_vec(sums, (batch, planes / batch.max(1), out_height, out_width), &Device::Cpu)?
        .to_device(x.device())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_cover_everything_and_blend_to_the_same() {
        let sizes = Sizes { tile: 8, overlap: 3, up: 2, down: 1 };
        for (height, width) in [(5, 7), (8, 8), (9, 8), (13, 30), (21, 17)] {
            let x = Tensor::randn(0f32, 1.0, (2, 3, height, width), &Device::Cpu).unwrap();
            let doubled = |x: &Tensor| {
                assert!(x.dim(2).unwrap() <= 8 && x.dim(3).unwrap() <= 8);
                Ok(x.upsample_nearest2d(2 * x.dim(2)?, 2 * x.dim(3)?)?)
            };
            let found = in_tiles(&x, sizes, &doubled).unwrap();
            let wanted = x.upsample_nearest2d(2 * height, 2 * width).unwrap();
            assert_eq!(found.dims(), wanted.dims());
            let worst = (found - wanted).unwrap().abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap();
            assert!(worst < 1e-5, "{height}×{width}: {worst}");
        }
    }

    #[test]
    fn a_seam_is_a_slope_and_no_step() {
        // Each tile is drawn in a shade of its own: neighbours must meet gradually.
        let sizes = Sizes { tile: 16, overlap: 8, up: 1, down: 1 };
        let x = Tensor::zeros((1, 1, 16, 40), DType::F32, &Device::Cpu).unwrap();
        let shade = std::cell::Cell::new(0.0);
        let draw = |x: &Tensor| {
            shade.set(shade.get() + 1.0);
            Ok((x + shade.get())?)
        };
        let row = in_tiles(&x, sizes, &draw).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
        assert!(row[..40].windows(2).all(|pair| (pair[1] - pair[0]).abs() < 0.2), "{:?}", &row[..40]);
    }
}
