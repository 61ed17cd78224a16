//! Group norm ("Group Normalization", Wu and He) with SiLU in the same pass, and layer norm.

use rayon::prelude::*;

use super::ShapeError;
use super::map::Map;
use super::math;
use super::product::Shared;
use super::simd::{Kernel, Level, Simd};

/// Floats of one task: large enough to be worth it, small enough to share the work out evenly.
const TASK_FLOATS: usize = 1 << 16;

/// Pixels whose values are summed in single precision before they go into the double sums.
const PIXELS_PER_SUM: usize = 32;

/// Group norm over `(height, width, channels / groups)`.
pub struct GroupNorm {
    weight: Vec<f32>,
    bias: Vec<f32>,
    groups: usize,
    eps: f64,
    level: Level,
}

impl GroupNorm {
    /// # Errors
    /// When weight and bias differ in size or the groups do not divide them.
    pub fn new(weight: Vec<f32>, bias: Vec<f32>, groups: usize, eps: f64, level: Level) -> Result<Self, ShapeError> {
        if weight.len() != bias.len() || groups == 0 || weight.is_empty() || !weight.len().is_multiple_of(groups) {
            return Err(ShapeError(format!("{groups} groups do not divide {} channels", weight.len())));
        }
        Ok(Self { weight, bias, groups, eps, level })
    }

    /// # Errors
    /// When the map has other channels.
    pub fn forward(&self, x: &Map, with_silu: bool) -> Result<Map, ShapeError> {
        x.expect_channels(self.weight.len(), "group norm")?;
        let (mut out, shape) = Map::unwritten(x.batch, x.height, x.width, x.channels);
        let area = x.height * x.width;
        if area == 0 || x.batch == 0 {
            return Ok(shape.filled(out));
        }
        let factors = self.factors(x);
        let pixels = (TASK_FLOATS / x.channels).clamp(1, area);
        let tasks = area.div_ceil(pixels);
        let output = Shared(out.as_mut_ptr());
        (0..x.batch * tasks).into_par_iter().for_each(|task| {
            let (picture, first) = (task / tasks, task % tasks * pixels);
            let start = (picture * area + first) * x.channels;
            let x = &x.values()[start..start + pixels.min(area - first) * x.channels];
            self.level.run(Apply { x, factors: &factors[picture], with_silu, out: output.at(start) });
        });
        Ok(shape.filled(out))
    }

    fn factors(&self, x: &Map) -> Vec<Factors> {
        let area = x.height * x.width;
        let pixels = (TASK_FLOATS / x.channels).clamp(1, area);
        let tasks = area.div_ceil(pixels);
        let sums: Vec<Sums> = (0..x.batch * tasks)
            .into_par_iter()
            .map(|task| {
                let (picture, first) = (task / tasks, task % tasks * pixels);
                let picture = &x.values()[picture * area * x.channels..(picture + 1) * area * x.channels];
                let reference = &picture[..x.channels];
                let x = &picture[first * x.channels..(first + pixels.min(area - first)) * x.channels];
                self.level.run(Sum { x, reference })
            })
            .collect();
        sums.chunks(tasks)
            .enumerate()
            .map(|(picture, sums)| {
                self.factors_of(&x.values()[picture * area * x.channels..][..x.channels], sums, area)
            })
            .collect()
    }

    fn factors_of(&self, reference: &[f32], sums: &[Sums], area: usize) -> Factors {
        let channels = self.weight.len();
        let total =
            |of: &dyn Fn(&Sums) -> &Vec<f64>, channel: usize| sums.iter().map(|sums| of(sums)[channel]).sum::<f64>();
        let mut factors =
            Factors { centre: vec![0.0; channels], scale: vec![0.0; channels], shift: vec![0.0; channels] };
        let per_group = channels / self.groups;
        let count = area as f64;
        for group in 0..self.groups {
            let range = group * per_group..(group + 1) * per_group;
            // Each channel's mean, and its squares around that mean; both were summed around the first pixel's value.
            let (means, squares): (Vec<f64>, Vec<f64>) = range
                .clone()
                .map(|channel| {
                    let offset = total(&|sums| &sums.values, channel) / count;
                    let squares = total(&|sums| &sums.squares, channel) - offset * offset * count;
                    (f64::from(reference[channel]) + offset, squares)
                })
                .unzip();
            let mean = means.iter().sum::<f64>() / per_group as f64;
            let between: f64 = means.iter().map(|channel| (channel - mean).powi(2) * count).sum();
            let variance = ((squares.iter().sum::<f64>() + between) / (count * per_group as f64)).max(0.0);
            // f64::max would swallow what is no number.
            let variance = if mean.is_finite() { variance } else { f64::NAN };
            let inverse = 1.0 / (variance + self.eps).sqrt();
            for channel in range {
                let factor = f64::from(self.weight[channel]) * inverse;
                factors.centre[channel] = mean as f32;
                factors.scale[channel] = factor as f32;
                let left = f64::from(mean as f32) - mean;
                factors.shift[channel] = (f64::from(self.bias[channel]) + left * factor) as f32;
            }
        }
        factors
    }
}

/// For each channel: y = (x − centre) · scale + shift. Without the centre, a large mean would eat the digits.
struct Factors {
    centre: Vec<f32>,
    scale: Vec<f32>,
    shift: Vec<f32>,
}

/// For each channel, around the reference.
struct Sums {
    values: Vec<f64>,
    squares: Vec<f64>,
}

struct Sum<'a> {
    x: &'a [f32],
    /// A value of each channel not far from its mean, so that nothing is lost in the squares.
    reference: &'a [f32],
}

impl Kernel for Sum<'_> {
    type Output = Sums;

    #[inline(always)]
    fn run<S: Simd>(self) -> Sums {
        let channels = self.reference.len();
        let mut sums = Sums { values: vec![0.0; channels], squares: vec![0.0; channels] };
        for block in self.x.chunks(PIXELS_PER_SUM * channels) {
            for channel in (0..channels).step_by(S::LANES) {
                let count = (channels - channel).min(S::LANES);
                let mut lanes = [[0f32; super::simd::MAX_LANES]; 2];
                // SAFETY: every pixel of the block has all channels, and the lanes are as wide as any vector.
                unsafe {
                    let reference = S::load_some(self.reference.as_ptr().add(channel), count);
                    let (mut value_sum, mut square_sum) = (S::splat(0.0), S::splat(0.0));
                    for pixel in block.chunks_exact(channels) {
                        let value = S::sub(S::load_some(pixel.as_ptr().add(channel), count), reference);
                        value_sum = S::add(value_sum, value);
                        square_sum = S::mul_add(value, value, square_sum);
                    }
                    S::store(lanes[0].as_mut_ptr(), value_sum);
                    S::store(lanes[1].as_mut_ptr(), square_sum);
                }
                for (total, lane) in sums.values[channel..].iter_mut().zip(&lanes[0][..count]) {
                    *total += f64::from(*lane);
                }
                for (total, lane) in sums.squares[channel..].iter_mut().zip(&lanes[1][..count]) {
                    *total += f64::from(*lane);
                }
            }
        }
        sums
    }
}

struct Apply<'a> {
    x: &'a [f32],
    factors: &'a Factors,
    with_silu: bool,
    /// Room for as many floats as `x` has.
    out: *mut f32,
}

impl Kernel for Apply<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Factors { centre, scale, shift } = self.factors;
        let channels = scale.len();
        for pixel in (0..self.x.len()).step_by(channels) {
            for channel in (0..channels).step_by(S::LANES) {
                let count = (channels - channel).min(S::LANES);
                // SAFETY: every pixel has all channels, in `x` and in `out`.
                unsafe {
                    let value = S::load_some(self.x.as_ptr().add(pixel + channel), count);
                    let centre = S::load_some(centre.as_ptr().add(channel), count);
                    let scale = S::load_some(scale.as_ptr().add(channel), count);
                    let shift = S::load_some(shift.as_ptr().add(channel), count);
                    let mut value = S::mul_add(S::sub(value, centre), scale, shift);
                    if self.with_silu {
                        value = math::silu::<S>(value);
                    }
                    S::store_some(self.out.add(pixel + channel), value, count);
                }
            }
        }
    }
}

/// Layer norm over the channels.
pub struct LayerNorm {
    weight: Vec<f32>,
    bias: Vec<f32>,
    eps: f32,
    level: Level,
}

impl LayerNorm {
    /// # Errors
    /// When weight and bias differ in size.
    pub fn new(weight: Vec<f32>, bias: Vec<f32>, eps: f64, level: Level) -> Result<Self, ShapeError> {
        if weight.len() != bias.len() || weight.is_empty() {
            return Err(ShapeError(format!("a layer norm has {} weights and {} biases", weight.len(), bias.len())));
        }
        Ok(Self { weight, bias, eps: eps as f32, level })
    }

    /// # Errors
    /// When the map has other channels.
    pub fn forward(&self, x: &Map) -> Result<Map, ShapeError> {
        x.expect_channels(self.weight.len(), "layer norm")?;
        let (mut out, shape) = Map::unwritten(x.batch, x.height, x.width, x.channels);
        let rows = (TASK_FLOATS / x.channels).max(1) * x.channels;
        out.par_chunks_mut(rows).zip(x.values().par_chunks(rows)).for_each(|(out, x)| {
            self.level.run(NormRows { norm: self, x, out });
        });
        Ok(shape.filled(out))
    }
}

struct NormRows<'a> {
    norm: &'a LayerNorm,
    x: &'a [f32],
    out: &'a mut [f32],
}

impl Kernel for NormRows<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let channels = self.norm.weight.len();
        let whole = channels / S::LANES * S::LANES;
        for (x, out) in self.x.chunks_exact(channels).zip(self.out.chunks_exact_mut(channels)) {
            // SAFETY: `x`, `out`, weight and bias all have `channels` values.
            unsafe {
                // Around the first value, so that a large mean does not eat the digits.
                let first = x[0];
                let mut lanes = S::splat(0.0);
                for channel in (0..whole).step_by(S::LANES) {
                    lanes = S::add(lanes, S::sub(S::load(x.as_ptr().add(channel)), S::splat(first)));
                }
                let rest: f32 = x[whole..].iter().map(|value| value - first).sum();
                let mean = first + (S::sum(lanes) + rest) / channels as f32;
                let mut lanes = S::splat(0.0);
                for channel in (0..whole).step_by(S::LANES) {
                    let value = S::sub(S::load(x.as_ptr().add(channel)), S::splat(mean));
                    lanes = S::mul_add(value, value, lanes);
                }
                let rest: f32 = x[whole..].iter().map(|value| (value - mean) * (value - mean)).sum();
                let inverse = 1.0 / ((S::sum(lanes) + rest) / channels as f32 + self.norm.eps).sqrt();
                for channel in (0..channels).step_by(S::LANES) {
                    let count = (channels - channel).min(S::LANES);
                    let value = S::sub(S::load_some(x.as_ptr().add(channel), count), S::splat(mean));
                    let weight = S::load_some(self.norm.weight.as_ptr().add(channel), count);
                    let bias = S::load_some(self.norm.bias.as_ptr().add(channel), count);
                    let value = S::mul_add(S::mul(value, S::splat(inverse)), weight, bias);
                    S::store_some(out.as_mut_ptr().add(channel), value, count);
                }
            }
        }
    }
}
