//! Pixels to channels and back, and sizes by the nearest pixel, on the kernels' maps.

use crate::kernels::{Map, ShapeError};

/// `by × by` pixels become channels of one: `(h, w, c)` to `(h / by, w / by, c · by²)`, a channel's own ones together.
///
/// # Errors
/// When a side is no multiple.
pub(super) fn folded(x: &Map, by: usize) -> Result<Map, ShapeError> {
    let (height, width, channels) = (x.height / by, x.width / by, x.channels);
    let mut out = vec![0.0; x.values().len()];
    for (index, value) in x.values().iter().enumerate() {
        let (pixel, channel) = (index / channels, index % channels);
        let (y, x) = (pixel / (width * by), pixel % (width * by));
        let inner = channel * by * by + y % by * by + x % by;
        out[((y / by) * width + x / by) * channels * by * by + inner] = *value;
    }
    Map::from_vec(out, x.batch, height, width, channels * by * by)
}

/// The way back.
///
/// # Errors
/// When the channels are no multiple.
pub(super) fn unfolded(x: &Map, by: usize) -> Result<Map, ShapeError> {
    let channels = x.channels / (by * by);
    let (height, width) = (x.height * by, x.width * by);
    let mut out = vec![0.0; x.values().len()];
    for (index, value) in x.values().iter().enumerate() {
        let (pixel, inner) = (index / x.channels, index % x.channels);
        let (y, left) = (pixel / x.width * by, pixel % x.width * by);
        let (channel, place) = (inner / (by * by), inner % (by * by));
        out[((y + place / by) * width + left + place % by) * channels + channel] = *value;
    }
    Map::from_vec(out, x.batch, height, width, channels)
}

/// Every pixel `by × by` times.
///
/// # Errors
/// None that a person could cause.
pub(super) fn repeated(x: &Map, by: usize) -> Result<Map, ShapeError> {
    let (height, width, channels) = (x.height * by, x.width * by, x.channels);
    let mut out = Vec::with_capacity(height * width * channels);
    for y in 0..height {
        let row = &x.values()[y / by * x.width * channels..][..x.width * channels];
        for pixel in row.chunks_exact(channels) {
            for _ in 0..by {
                out.extend_from_slice(pixel);
            }
        }
    }
    Map::from_vec(out, x.batch, height, width, channels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_and_unfolding_is_nothing() {
        let values: Vec<f32> = (0..4 * 6 * 3).map(|value| value as f32).collect();
        let map = Map::from_vec(values.clone(), 1, 4, 6, 3).unwrap();
        let small = folded(&map, 2).unwrap();
        assert_eq!((small.height, small.width, small.channels), (2, 3, 12));
        // The second channel of the first four pixels, row by row.
        assert_eq!(&small.values()[4..8], [1.0, 4.0, 19.0, 22.0]);
        assert_eq!(unfolded(&small, 2).unwrap().values(), values);
        assert_eq!(repeated(&map, 2).unwrap().values()[..9], [0.0, 1.0, 2.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    }
}
