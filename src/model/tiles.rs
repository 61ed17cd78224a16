//! The VAE's large maps worked through in tiles. Each tile is given as much of its surroundings as its convolutions
//! see, so that only what it covers is kept of it and nothing needs blending.

use candle_core::{Device, Tensor};

use super::ModelError;
use super::feature::nothing;

/// In pixels of the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tiling {
    pub tile: usize,
}

impl Default for Tiling {
    /// Small beside a picture, large beside its surroundings.
    fn default() -> Self {
        Self { tile: 256 }
    }
}

/// How a map is cut, in pixels of the input. `up / down` of the output's pixels come of one.
#[derive(Clone, Copy)]
pub(super) struct Cut {
    pub tile: usize,
    /// What a tile's convolutions see around it; a multiple of `down`.
    pub surroundings: usize,
    pub up: usize,
    pub down: usize,
}

/// A stretch of one side: what a tile covers, and what it is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stretch {
    start: usize,
    end: usize,
    given_start: usize,
    given_end: usize,
}

impl Stretch {
    /// Which share of what is given is covered, from 0 to 1.
    fn covered(&self) -> (f64, f64) {
        let length = (self.given_end - self.given_start) as f64;
        let share = |place: usize| (place - self.given_start) as f64 / length;
        (share(self.start), share(self.end))
    }
}

/// A side in tiles of about the same length, none longer than `tile`.
fn stretches(side: usize, cut: &Cut) -> Vec<Stretch> {
    let count = side.div_ceil(cut.tile).max(1);
    let step = side.div_ceil(count).next_multiple_of(cut.down);
    (0..side)
        .step_by(step)
        .map(|start| {
            let end = (start + step).min(side);
            let given_end = (end + cut.surroundings).min(side);
            Stretch { start, end, given_start: start.saturating_sub(cut.surroundings), given_end }
        })
        .collect()
}

/// What of a tile is its own: shares of its height and width, from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Own {
    pub rows: (f64, f64),
    pub columns: (f64, f64),
}

impl Own {
    pub(crate) const WHOLE: Self = Self { rows: (0.0, 1.0), columns: (0.0, 1.0) };
}

/// A dry run's map: one number that stands for all of them, with nothing to choose among and nothing to copy.
fn is_one_number(x: &Tensor) -> bool {
    x.stride().iter().all(|stride| *stride == 0)
}

/// Pixels of `x` at even distances, so many that they make one tile: with its values, though not its neighbourhoods.
pub(super) fn thinned_out(x: &Tensor, tile: usize) -> Result<Tensor, ModelError> {
    let (_, _, height, width) = x.dims4()?;
    let places = |side: usize| {
        let count = side.min(tile);
        let places: Vec<u32> = (0..count).map(|place| ((2 * place + 1) * side / (2 * count)) as u32).collect();
        Tensor::from_vec(places, count, &Device::Cpu)
    };
    if is_one_number(x) {
        return Ok(x.narrow(2, 0, height.min(tile))?.narrow(3, 0, width.min(tile))?);
    }
    Ok(x.contiguous()?.index_select(&places(height)?, 2)?.index_select(&places(width)?, 3)?)
}

/// `of` for each tile of `x` `(batch, channels, height, width)` and what of it is its own, put together again; all in
/// single precision on the host.
pub(super) fn in_tiles(
    x: &Tensor,
    cut: Cut,
    of: &dyn Fn(&Tensor, Own) -> Result<Tensor, ModelError>,
) -> Result<Tensor, ModelError> {
    let (batch, _, height, width) = x.dims4()?;
    let out = |side: usize| side * cut.up / cut.down;
    let (out_height, out_width) = (out(height), out(width));
    let is_dry = is_one_number(x);
    let mut values = Vec::new();
    let mut planes = 0;
    for rows in stretches(height, &cut) {
        for columns in stretches(width, &cut) {
            let tile = x.narrow(2, rows.given_start, rows.given_end - rows.given_start)?;
            let tile = tile.narrow(3, columns.given_start, columns.given_end - columns.given_start)?;
            let tile = if is_dry { tile } else { tile.contiguous()? };
            let drawn = of(&tile, Own { rows: rows.covered(), columns: columns.covered() })?;
            planes = batch * drawn.dim(1)?;
            if is_dry {
                continue;
            }
            values.resize(planes * out_height * out_width, 0f32);
            let (tall, wide) = (out(rows.end) - out(rows.start), out(columns.end) - out(columns.start));
            let own = drawn.narrow(2, out(rows.start - rows.given_start), tall)?;
            let own = own.narrow(3, out(columns.start - columns.given_start), wide)?;
            let own = own.flatten_all()?.to_vec1::<f32>()?;
            for (row, own) in own.chunks_exact(wide).enumerate() {
                let (plane, y) = (row / tall, out(rows.start) + row % tall);
                let place = (plane * out_height + y) * out_width + out(columns.start);
                values[place..place + wide].copy_from_slice(own);
            }
        }
    }
    let shape = (batch, planes / batch.max(1), out_height, out_width);
    if is_dry {
        return Ok(nothing(&<[usize; 4]>::from(shape))?);
    }
    Ok(Tensor::from_vec(values, shape, &Device::Cpu)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_are_put_together_as_the_whole_would_be() {
        let cut = Cut { tile: 8, surroundings: 3, up: 2, down: 1 };
        for (height, width) in [(5, 7), (8, 8), (9, 8), (13, 30), (21, 17)] {
            let x = Tensor::randn(0f32, 1.0, (2, 3, height, width), &Device::Cpu).unwrap();
            let doubled = |x: &Tensor, own: Own| {
                assert!(x.dim(2).unwrap() <= 14 && x.dim(3).unwrap() <= 14);
                assert!(own.rows.0 < own.rows.1 && own.columns.1 <= 1.0, "{own:?}");
                Ok(x.upsample_nearest2d(2 * x.dim(2)?, 2 * x.dim(3)?)?)
            };
            let found = in_tiles(&x, cut, &doubled).unwrap();
            let wanted = x.upsample_nearest2d(2 * height, 2 * width).unwrap();
            assert_eq!(found.dims(), wanted.dims());
            assert_eq!(
                found.flatten_all().unwrap().to_vec1::<f32>().unwrap(),
                wanted.flatten_all().unwrap().to_vec1::<f32>().unwrap()
            );
        }
    }

    #[test]
    fn of_a_map_that_is_one_number_nothing_is_copied() {
        let cut = Cut { tile: 8, surroundings: 3, up: 2, down: 1 };
        let doubled = |x: &Tensor, _: Own| {
            assert!(is_one_number(x));
            Ok(nothing(&[1, 5, 2 * x.dim(2)?, 2 * x.dim(3)?])?)
        };
        let found = in_tiles(&nothing(&[1, 3, 8000, 100]).unwrap(), cut, &doubled).unwrap();
        assert_eq!(found.dims(), [1, 5, 16000, 200]);
        assert!(is_one_number(&found));
    }

    #[test]
    fn tiles_begin_where_the_output_has_a_whole_pixel() {
        let cut = Cut { tile: 20, surroundings: 8, up: 1, down: 4 };
        for side in [4, 20, 24, 60, 100] {
            let stretches = stretches(side, &cut);
            assert!(stretches.iter().all(|stretch| stretch.start % 4 == 0 && stretch.given_start % 4 == 0));
            assert!(stretches.windows(2).all(|pair| pair[0].end == pair[1].start));
            assert_eq!(stretches.last().unwrap().end, side);
        }
    }
}
