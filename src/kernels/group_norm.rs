//! Group norm ("Group Normalization", Wu and He) with SiLU in the same pass.

use rayon::prelude::*;

use super::ShapeError;
use super::map::{Map, Shape};
use super::math;
use super::product::SharedPointer;
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
        self.forward_by(x.clone(), &self.statistics(x)?, with_silu)
    }

    /// By these statistics: one for each picture, or one for all. Written over `x` where nobody else holds it.
    ///
    /// # Errors
    /// When the map has other channels.
    pub fn forward_by(&self, x: Map, statistics: &[GroupStatistics], with_silu: bool) -> Result<Map, ShapeError> {
        x.expect_channels(self.weight.len(), "group norm")?;
        if x.values().is_empty() {
            return Ok(x);
        }
        if statistics.iter().any(|statistics| statistics.means.len() != self.groups)
            || ![1, x.batch].contains(&statistics.len())
        {
            return Err(ShapeError(format!("a group norm of {} groups was given others' statistics", self.groups)));
        }
        let factors: Vec<Factors> = statistics.iter().map(|statistics| self.factors(statistics)).collect();
        Ok(match x.into_own() {
            Ok((mut own, shape)) => {
                let values = own.as_mut_ptr();
                self.apply(values, shape, (&factors, with_silu), values);
                shape.filled(own)
            }
            Err(x) => {
                let (mut out, shape) = Map::unwritten(x.batch, x.height, x.width, x.channels);
                self.apply(x.values().as_ptr(), shape, (&factors, with_silu), out.as_mut_ptr());
                shape.filled(out)
            }
        })
    }

    /// `x` and `out` are as large as `shape`, which is not empty, and may be the same.
    fn apply(&self, x: *const f32, shape: Shape, (factors, with_silu): (&[Factors], bool), out: *mut f32) {
        let (area, channels) = (shape.height * shape.width, shape.channels);
        let pixels = (TASK_FLOATS / channels).clamp(1, area);
        let tasks = area.div_ceil(pixels);
        // What is read is only written where it is the output, too.
        let (input, output) = (SharedPointer(x.cast_mut()), SharedPointer(out));
        (0..shape.batch * tasks).into_par_iter().for_each(|task| {
            let (picture, first) = (task / tasks, task % tasks * pixels);
            let start = (picture * area + first) * channels;
            let count = pixels.min(area - first) * channels;
            let (x, out) = (input.at(start).cast_const(), output.at(start));
            self.level.run(Apply { x, count, factors: &factors[picture % factors.len()], with_silu, out });
        });
    }

    /// Of each picture.
    ///
    /// # Errors
    /// When the map has other channels.
    pub fn statistics(&self, x: &Map) -> Result<Vec<GroupStatistics>, ShapeError> {
        x.expect_channels(self.weight.len(), "group norm")?;
        let area = x.height * x.width;
        if area == 0 {
            return Ok(Vec::new());
        }
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
        let of_picture = |(picture, sums): (usize, &[Sums])| {
            self.statistics_of(&x.values()[picture * area * x.channels..][..x.channels], sums, area)
        };
        Ok(sums.chunks(tasks).enumerate().map(of_picture).collect())
    }

    fn statistics_of(&self, reference: &[f32], sums: &[Sums], area: usize) -> GroupStatistics {
        let total =
            |of: &dyn Fn(&Sums) -> &Vec<f64>, channel: usize| sums.iter().map(|sums| of(sums)[channel]).sum::<f64>();
        let per_group = self.weight.len() / self.groups;
        let count = area as f64;
        let of_group = |group: usize| {
            // Each channel's mean, and its squares around that mean; both were summed around the first pixel's value.
            let (means, squares): (Vec<f64>, Vec<f64>) = (group * per_group..(group + 1) * per_group)
                .map(|channel| {
                    let offset = total(&|sums| &sums.values, channel) / count;
                    let squares = total(&|sums| &sums.squares, channel) - offset * offset * count;
                    (f64::from(reference[channel]) + offset, squares)
                })
                .unzip();
            let mean = means.iter().sum::<f64>() / per_group as f64;
            let between: f64 = means.iter().map(|channel| (channel - mean).powi(2) * count).sum();
            (mean, squares.iter().sum::<f64>() + between)
        };
        let (means, squares) = (0..self.groups).map(of_group).unzip();
        GroupStatistics { count: count * per_group as f64, means, squares }
    }

    fn factors(&self, statistics: &GroupStatistics) -> Factors {
        let channels = self.weight.len();
        let mut factors =
            Factors { centre: vec![0.0; channels], scale: vec![0.0; channels], shift: vec![0.0; channels] };
        let per_group = channels / self.groups;
        for channel in 0..channels {
            let (mean, inverse) = statistics.mean_and_inverse(channel / per_group, self.eps);
            let factor = f64::from(self.weight[channel]) * inverse;
            factors.centre[channel] = mean as f32;
            factors.scale[channel] = factor as f32;
            let left = f64::from(mean as f32) - mean;
            factors.shift[channel] = (f64::from(self.bias[channel]) + left * factor) as f32;
        }
        factors
    }
}

/// What a group norm knows of a picture, or of a part of it.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupStatistics {
    /// Values of a group.
    pub count: f64,
    /// Of each group.
    pub means: Vec<f64>,
    /// The squares around the mean, summed.
    pub squares: Vec<f64>,
}

impl GroupStatistics {
    /// Of both parts together.
    #[must_use]
    pub fn joined(&self, other: &Self) -> Self {
        let count = self.count + other.count;
        let of_group = |group: usize| {
            let apart = other.means[group] - self.means[group];
            let mean = self.means[group] + apart * other.count / count;
            let between = apart * apart * self.count * other.count / count;
            (mean, self.squares[group] + other.squares[group] + between)
        };
        let (means, squares) = (0..self.means.len()).map(of_group).unzip();
        Self { count, means, squares }
    }

    /// A group's mean, and one over its deviation.
    #[must_use]
    pub fn mean_and_inverse(&self, group: usize, eps: f64) -> (f64, f64) {
        let mean = self.means[group];
        let variance = (self.squares[group] / self.count).max(0.0);
        // f64::max would swallow a NaN.
        let variance = if mean.is_finite() { variance } else { f64::NAN };
        (mean, 1.0 / (variance + eps).sqrt())
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
    /// Valid for reads of `count` floats, which no other task writes.
    x: *const f32,
    /// Of whole pixels.
    count: usize,
    factors: &'a Factors,
    with_silu: bool,
    /// Valid for writes of as many; may be `x`.
    out: *mut f32,
}

impl Kernel for Apply<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Factors { centre, scale, shift } = self.factors;
        let channels = scale.len();
        for pixel in (0..self.count).step_by(channels) {
            for channel in (0..channels).step_by(S::LANES) {
                let count = (channels - channel).min(S::LANES);
                // SAFETY: every pixel has all channels, in `x` and in `out`; what is written was read before.
                unsafe {
                    let value = S::load_some(self.x.add(pixel + channel), count);
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
