//! What these networks do to maps besides products: mirrored borders, norms of single pictures, pooling, sizes.

use rayon::prelude::*;

use super::super::ModelError;
use crate::kernels::{Epilogue, Linear, Map};

/// What `InstanceNorm2d` of `PyTorch` has by default.
const INSTANCE_NORM_EPS: f64 = 1e-5;
/// How many numbers are laid side by side at once for a wide convolution.
const BAND_FLOATS: usize = 1 << 23;

/// What a convolution sees beyond the border.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Border {
    /// Nothing lies beyond: the window stays inside.
    Inside,
    /// The picture mirrored at its outermost pixels.
    Mirrored,
}

/// A convolution of `side` × `side` places by a [`super::super::tensors::Place::wide_convolution`], in bands of rows.
pub(super) fn wide(
    x: &Map,
    layer: &Linear,
    [side, stride]: [usize; 2],
    outputs: usize,
    border: Border,
) -> Result<Map, ModelError> {
    let reach = if border == Border::Mirrored { side / 2 } else { 0 };
    let places = |length: usize| (length + 2 * reach).checked_sub(side).map_or(0, |room| room / stride + 1);
    let (height, width) = (places(x.height), places(x.width));
    let numbers = side * side * x.channels;
    let rows_at_once = (BAND_FLOATS / (width * numbers).max(1)).clamp(1, height.max(1));
    let mut values = Vec::with_capacity(height * width * outputs);
    for first in (0..height).step_by(rows_at_once) {
        let rows = rows_at_once.min(height - first);
        let mut laid = vec![0f32; rows * width * numbers];
        laid.par_chunks_mut(numbers).enumerate().for_each(|(index, out)| {
            let (top, left) = ((first + index / width) * stride, index % width * stride);
            for (row, out) in out.chunks_exact_mut(side * x.channels).enumerate() {
                let y = mirrored(top + row, reach, x.height);
                for (column, out) in out.chunks_exact_mut(x.channels).enumerate() {
                    out.copy_from_slice(pixel(x, y, mirrored(left + column, reach, x.width)));
                }
            }
        });
        let band = Map::from_vec(laid, 1, rows, width, numbers)?;
        values.extend_from_slice(layer.forward(&band, &Epilogue::default())?.values());
    }
    Ok(Map::from_vec(values, 1, height, width, outputs)?)
}

fn pixel(x: &Map, row: usize, column: usize) -> &[f32] {
    &x.values()[(row * x.width + column) * x.channels..][..x.channels]
}

/// A place that is counted from `reach` before the border; the border itself is not repeated.
fn mirrored(place: usize, reach: usize, side: usize) -> usize {
    let inner = place as i64 - reach as i64;
    let last = side as i64 - 1;
    let inner = if inner < 0 {
        -inner
    } else if inner > last {
        2 * last - inner
    } else {
        inner
    };
    inner.clamp(0, last.max(0)) as usize
}

/// The map with `by` mirrored pixels on each side.
pub(super) fn with_mirrored_border(x: &Map, by: usize) -> Result<Map, ModelError> {
    let (height, width) = (x.height + 2 * by, x.width + 2 * by);
    let mut values = vec![0f32; height * width * x.channels];
    values.par_chunks_mut(width * x.channels).enumerate().for_each(|(y, row)| {
        for (column, out) in row.chunks_exact_mut(x.channels).enumerate() {
            out.copy_from_slice(pixel(x, mirrored(y, by, x.height), mirrored(column, by, x.width)));
        }
    });
    Ok(Map::from_vec(values, 1, height, width, x.channels)?)
}

/// Each channel brought to mean 0 and deviation 1 over the picture, without learnt numbers.
pub(super) fn instance_norm(x: &Map) -> Result<Map, ModelError> {
    let (channels, count) = (x.channels, (x.height * x.width).max(1) as f64);
    let sums = x.values().par_chunks(x.width.max(1) * channels).map(|row| {
        let mut sums = vec![[0f64; 2]; channels];
        for pixel in row.chunks_exact(channels) {
            for (sum, value) in sums.iter_mut().zip(pixel) {
                let value = f64::from(*value);
                *sum = [sum[0] + value, value.mul_add(value, sum[1])];
            }
        }
        sums
    });
    // In order, so that every run gives the same bits.
    let rows: Vec<Vec<[f64; 2]>> = sums.collect();
    let total = |channel: usize, of: usize| rows.iter().map(|row| row[channel][of]).sum::<f64>() / count;
    let factors: Vec<[f32; 2]> = (0..channels)
        .map(|channel| {
            let (mean, square) = (total(channel, 0), total(channel, 1));
            let factor = 1.0 / ((square - mean * mean).max(0.0) + INSTANCE_NORM_EPS).sqrt();
            [factor as f32, (-mean * factor) as f32]
        })
        .collect();
    let mut values = x.values().to_vec();
    values.par_chunks_mut(channels).for_each(|pixel| {
        for (value, [factor, summand]) in pixel.iter_mut().zip(&factors) {
            *value = value.mul_add(*factor, *summand);
        }
    });
    Ok(Map::from_vec(values, 1, x.height, x.width, channels)?)
}

/// Half the size, each pixel the largest of four.
pub(super) fn pooled(x: &Map) -> Result<Map, ModelError> {
    let (height, width) = (x.height / 2, x.width / 2);
    let mut values = vec![0f32; height * width * x.channels];
    values.par_chunks_mut((width * x.channels).max(1)).enumerate().for_each(|(y, row)| {
        for (column, out) in row.chunks_exact_mut(x.channels).enumerate() {
            out.fill(f32::NEG_INFINITY);
            for (down, across) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                let seen = pixel(x, 2 * y + down, 2 * column + across);
                out.iter_mut().zip(seen).for_each(|(out, value)| *out = out.max(*value));
            }
        }
    });
    Ok(Map::from_vec(values, 1, height, width, x.channels)?)
}

/// Double the size with zeros between the pixels, for a transposed convolution.
pub(super) fn with_zeros_between(x: &Map) -> Result<Map, ModelError> {
    let (height, width) = (2 * x.height, 2 * x.width);
    let mut values = vec![0f32; height * width * x.channels];
    for y in 0..x.height {
        for column in 0..x.width {
            let place = (2 * y * width + 2 * column) * x.channels;
            values[place..place + x.channels].copy_from_slice(pixel(x, y, column));
        }
    }
    Ok(Map::from_vec(values, 1, height, width, x.channels)?)
}

/// `(h, w, side² · channels)`, place by place, becomes `(side · h, side · w, channels)`.
pub(super) fn spread(x: &Map, side: usize) -> Result<Map, ModelError> {
    let channels = x.channels / (side * side);
    let (height, width) = (x.height * side, x.width * side);
    let mut values = vec![0f32; height * width * channels];
    values.par_chunks_mut((width * channels).max(1)).enumerate().for_each(|(y, row)| {
        for (column, out) in row.chunks_exact_mut(channels).enumerate() {
            let place = y % side * side + column % side;
            out.copy_from_slice(&pixel(x, y / side, column / side)[place * channels..][..channels]);
        }
    });
    Ok(Map::from_vec(values, 1, height, width, channels)?)
}

/// How places of one size are found in another.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Corners {
    /// The outermost pixels lie on each other (`align_corners` of `PyTorch`).
    Aligned,
    /// The outermost edges do.
    Free,
}

/// Another size by straight lines between the pixels' middles.
pub(super) fn resized(x: &Map, (height, width): (usize, usize), corners: Corners) -> Result<Map, ModelError> {
    if (height, width) == (x.height, x.width) {
        return Ok(x.clone());
    }
    let places = |from: usize, to: usize| -> Vec<(usize, usize, f32)> {
        let place = |target: usize| {
            let source = match corners {
                Corners::Aligned if to > 1 => target as f64 * (from - 1) as f64 / (to - 1) as f64,
                Corners::Aligned => 0.0,
                Corners::Free => ((target as f64 + 0.5) * from as f64 / to as f64 - 0.5).max(0.0),
            };
            let first = (source as usize).min(from - 1);
            (first, (first + 1).min(from - 1), (source - first as f64) as f32)
        };
        (0..to).map(place).collect()
    };
    let (rows, columns) = (places(x.height, height), places(x.width, width));
    let mut values = vec![0f32; height * width * x.channels];
    values.par_chunks_mut((width * x.channels).max(1)).zip(&rows).for_each(|(out, (above, below, down))| {
        for (out, (left, right, across)) in out.chunks_exact_mut(x.channels).zip(&columns) {
            let corners = [(above, left), (above, right), (below, left), (below, right)];
            let [a, b, c, d] = corners.map(|(row, column)| pixel(x, *row, *column));
            for (channel, out) in out.iter_mut().enumerate() {
                let between = |left: f32, right: f32| (right - left).mul_add(*across, left);
                let (upper, lower) = (between(a[channel], b[channel]), between(c[channel], d[channel]));
                *out = (lower - upper).mul_add(*down, upper);
            }
        }
    });
    Ok(Map::from_vec(values, 1, height, width, x.channels)?)
}

/// Another size by cubic curves, as `PyTorch` has them.
pub(super) fn smoothly_resized(x: &Map, (height, width): (usize, usize)) -> Result<Map, ModelError> {
    if (height, width) == (x.height, x.width) {
        return Ok(x.clone());
    }
    let places = |from: usize, to: usize| -> Vec<[(usize, f64); 4]> {
        let place = |target: usize| {
            let source = (target as f64 + 0.5) * from as f64 / to as f64 - 0.5;
            let share = source - source.floor();
            let weights = cubic(share);
            std::array::from_fn(|tap| {
                let at = source.floor() as i64 + tap as i64 - 1;
                (at.clamp(0, from as i64 - 1) as usize, weights[tap])
            })
        };
        (0..to).map(place).collect()
    };
    let (rows, columns) = (places(x.height, height), places(x.width, width));
    let mut values = Vec::with_capacity(height * width * x.channels);
    for down in &rows {
        for across in &columns {
            let mut sums = vec![0f64; x.channels];
            for (row, tall) in down {
                for (column, wide) in across {
                    let seen = pixel(x, *row, *column);
                    sums.iter_mut().zip(seen).for_each(|(sum, value)| *sum += tall * wide * f64::from(*value));
                }
            }
            values.extend(sums.into_iter().map(|sum| sum as f32));
        }
    }
    Ok(Map::from_vec(values, 1, height, width, x.channels)?)
}

/// What the four pixels around a place count (Keys, with a slope of -0.75 at 1).
fn cubic(share: f64) -> [f64; 4] {
    const SLOPE: f64 = -0.75;
    let near = |at: f64| ((SLOPE + 2.0) * at - (SLOPE + 3.0)) * at * at + 1.0;
    let far = |at: f64| ((SLOPE * at - 5.0 * SLOPE) * at + 8.0 * SLOPE) * at - 4.0 * SLOPE;
    [far(1.0 + share), near(share), near(1.0 - share), far(2.0 - share)]
}
