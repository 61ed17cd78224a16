//! 3×3 convolution of every channel for itself, as the small vision networks have it between two 1×1 ones.

use rayon::prelude::*;

use super::ShapeError;
use super::epilogue::{Activation, activated};
use super::map::Map;
use super::pixels::Steps;
use super::simd::{Kernel, Level, Simd};

const TAPS: usize = 9;

/// A 3×3 convolution with bias in which no channel sees another.
pub struct Depthwise3x3 {
    /// `(taps, channels)`
    weight: Vec<f32>,
    bias: Vec<f32>,
    steps: Steps,
    level: Level,
}

impl Depthwise3x3 {
    /// `weight` `(channels, 1, 3, 3)`, `bias` `(channels)`.
    ///
    /// # Errors
    /// When weight and bias differ in size.
    pub fn new(weight: &[f32], bias: Vec<f32>, steps: Steps, level: Level) -> Result<Self, ShapeError> {
        if weight.len() != bias.len() * TAPS {
            return Err(ShapeError(format!("{} weights were given for {} channels", weight.len(), bias.len())));
        }
        let channels = bias.len();
        let weight = (0..TAPS * channels).map(|place| weight[place % channels * TAPS + place / channels]).collect();
        Ok(Self { weight, bias, steps, level })
    }

    /// # Errors
    /// When the map has other channels, or the kernel does not fit into the picture.
    pub fn forward(&self, x: &Map, activation: Activation) -> Result<Map, ShapeError> {
        let channels = self.bias.len();
        x.expect_channels(channels, "a convolution")?;
        let (Some(height), Some(width)) = (self.steps.places(x.height), self.steps.places(x.width)) else {
            return Err(ShapeError(format!("a 3×3 convolution was given a picture of {}×{}", x.width, x.height)));
        };
        let (mut out, shape) = Map::unwritten(x.batch, height, width, channels);
        if !out.is_empty() {
            out.par_chunks_mut(width * channels).enumerate().for_each(|(row, out)| {
                self.level.run(Row { layer: self, x, picture: row / height, y: row % height, activation, out });
            });
        }
        Ok(shape.filled(out))
    }

    /// The kernel's rows (or columns) that lie inside when it stands at `place`, and the first one's place in the picture.
    fn inside(&self, place: usize, side: usize) -> (std::ops::Range<usize>, usize) {
        let first = place * self.steps.stride;
        let skipped = self.steps.before.saturating_sub(first);
        let end = (side + self.steps.before).saturating_sub(first).min(3);
        (skipped..end.max(skipped), (first + skipped).saturating_sub(self.steps.before))
    }
}

struct Row<'a> {
    layer: &'a Depthwise3x3,
    x: &'a Map,
    picture: usize,
    y: usize,
    activation: Activation,
    out: &'a mut [f32],
}

impl Kernel for Row<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { layer, x, picture, y, activation, out } = self;
        let channels = x.channels;
        let (rows, top) = layer.inside(y, x.height);
        for (column, out) in out.chunks_exact_mut(channels).enumerate() {
            let (columns, left) = layer.inside(column, x.width);
            for first in (0..channels).step_by(S::LANES) {
                let count = S::LANES.min(channels - first);
                // SAFETY: every slice below is checked to hold `count` floats from `first` on.
                unsafe {
                    let mut sum = S::load_some(layer.bias[first..first + count].as_ptr(), count);
                    for (offset_y, tap_y) in rows.clone().enumerate() {
                        for (offset_x, tap_x) in columns.clone().enumerate() {
                            let pixel = (picture * x.height + top + offset_y) * x.width + left + offset_x;
                            let from = pixel * channels + first;
                            let weight = (tap_y * 3 + tap_x) * channels + first;
                            sum = S::mul_add(
                                S::load_some(x.values()[from..from + count].as_ptr(), count),
                                S::load_some(layer.weight[weight..weight + count].as_ptr(), count),
                                sum,
                            );
                        }
                    }
                    S::store_some(out[first..first + count].as_mut_ptr(), activated::<S>(sum, activation), count);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_channel_is_convolved_for_itself() {
        let number = |place: usize| (place * 7919 % 997) as f32 / 498.5 - 1.0;
        for level in Level::available() {
            for (stride, channels, height, width) in [(1, 5, 4, 7), (2, 33, 9, 6), (1, 64, 1, 1), (2, 16, 8, 8)] {
                let steps = Steps { stride, before: 1, after: 1 };
                let values: Vec<f32> = (0..2 * height * width * channels).map(number).collect();
                let weight: Vec<f32> = (0..channels * TAPS).map(|place| number(place + 31)).collect();
                let bias: Vec<f32> = (0..channels).map(|place| number(place + 77)).collect();
                let x = Map::from_vec(values, 2, height, width, channels).unwrap();
                let layer = Depthwise3x3::new(&weight, bias.clone(), steps, level).unwrap();
                let out = layer.forward(&x, Activation::None).unwrap();
                assert_eq!((out.height, out.width), (height.div_ceil(stride), width.div_ceil(stride)));
                for (place, found) in out.values().iter().enumerate() {
                    let (channel, pixel) = (place % channels, place / channels);
                    let (column, row) = (pixel % out.width, pixel / out.width % out.height);
                    let picture = pixel / out.width / out.height;
                    let mut wanted = f64::from(bias[channel]);
                    for tap in 0..TAPS {
                        let (y, x_at) = (row * stride + tap / 3, column * stride + tap % 3);
                        if (1..=height).contains(&y) && (1..=width).contains(&x_at) {
                            let from = ((picture * height + y - 1) * width + x_at - 1) * channels + channel;
                            wanted += f64::from(x.values()[from]) * f64::from(weight[channel * TAPS + tap]);
                        }
                    }
                    assert!((f64::from(*found) - wanted).abs() < 1e-5, "{level:?}: {found} instead of {wanted}");
                }
            }
        }
    }
}
