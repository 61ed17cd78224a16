//! What is done value by value, and the joining of channels.

use rayon::prelude::*;

use super::ShapeError;
use super::epilogue::{Activation, activated};
use super::map::Map;
use super::simd::{Kernel, Level, Simd};

/// Floats of one task.
const TASK_FLOATS: usize = 1 << 16;

/// The activation of every value.
#[must_use]
pub fn activate(x: &Map, activation: Activation, level: Level) -> Map {
    let (mut out, shape) = Map::unwritten(x.batch, x.height, x.width, x.channels);
    out.par_chunks_mut(TASK_FLOATS).zip(x.values().par_chunks(TASK_FLOATS)).for_each(|(out, x)| {
        level.run(Activate { x, activation, out });
    });
    shape.filled(out)
}

struct Activate<'a> {
    x: &'a [f32],
    activation: Activation,
    out: &'a mut [f32],
}

impl Kernel for Activate<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        for (x, out) in self.x.chunks(S::LANES).zip(self.out.chunks_mut(S::LANES)) {
            // SAFETY: both chunks hold as many floats as are read and written.
            unsafe {
                let value = activated::<S>(S::load_some(x.as_ptr(), x.len()), self.activation);
                S::store_some(out.as_mut_ptr(), value, out.len());
            }
        }
    }
}

/// `a + b`.
///
/// # Errors
/// When the shapes differ.
pub fn add(a: &Map, b: &Map) -> Result<Map, ShapeError> {
    if a.values().len() != b.values().len() || a.channels != b.channels {
        return Err(ShapeError(format!("{:?} and {:?} cannot be added", a.shape(), b.shape())));
    }
    let (mut out, shape) = Map::unwritten(a.batch, a.height, a.width, a.channels);
    let operands = a.values().par_chunks(TASK_FLOATS).zip(b.values().par_chunks(TASK_FLOATS));
    out.par_chunks_mut(TASK_FLOATS).zip(operands).for_each(|(out, (a, b))| {
        out.iter_mut().zip(a.iter().zip(b)).for_each(|(out, (a, b))| *out = a + b);
    });
    Ok(shape.filled(out))
}

/// `a` times `factor`, and `b`.
///
/// # Errors
/// When the shapes differ.
pub fn add_scaled(a: &Map, factor: f32, b: &Map) -> Result<Map, ShapeError> {
    if a.values().len() != b.values().len() || a.channels != b.channels {
        return Err(ShapeError(format!("{:?} and {:?} cannot be added", a.shape(), b.shape())));
    }
    let (mut out, shape) = Map::unwritten(a.batch, a.height, a.width, a.channels);
    let operands = a.values().par_chunks(TASK_FLOATS).zip(b.values().par_chunks(TASK_FLOATS));
    out.par_chunks_mut(TASK_FLOATS).zip(operands).for_each(|(out, (a, b))| {
        out.iter_mut().zip(a.iter().zip(b)).for_each(|(out, (a, b))| *out = a * factor + b);
    });
    Ok(shape.filled(out))
}

/// What lies below 0 times a slope: one for each channel (`PReLU`), or one for all (leaky `ReLU`).
#[must_use]
pub fn leaky(x: &Map, slopes: &[f32]) -> Map {
    let (mut out, shape) = Map::unwritten(x.batch, x.height, x.width, x.channels);
    let channels = x.channels.max(1);
    let pixels = (TASK_FLOATS / channels).max(1) * channels;
    let slopes: Vec<f32> = slopes.iter().copied().cycle().take(channels).collect();
    out.par_chunks_mut(pixels).zip(x.values().par_chunks(pixels)).for_each(|(out, x)| {
        for (out, x) in out.chunks_mut(channels).zip(x.chunks(channels)) {
            for ((out, x), slope) in out.iter_mut().zip(x).zip(&slopes) {
                *out = x.max(0.0) + slope * x.min(0.0);
            }
        }
    });
    shape.filled(out)
}

/// The channels of `a`, then those of `b`.
///
/// # Errors
/// When the pictures differ in size or number.
pub fn concatenate(a: &Map, b: &Map) -> Result<Map, ShapeError> {
    if (a.batch, a.height, a.width) != (b.batch, b.height, b.width) {
        return Err(ShapeError(format!("{:?} and {:?} cannot be joined", a.shape(), b.shape())));
    }
    let channels = a.channels + b.channels;
    let (mut out, shape) = Map::unwritten(a.batch, a.height, a.width, channels);
    let pixels = (TASK_FLOATS / channels.max(1)).max(1);
    let operands =
        a.values().par_chunks(pixels * a.channels.max(1)).zip(b.values().par_chunks(pixels * b.channels.max(1)));
    out.par_chunks_mut(pixels * channels.max(1)).zip(operands).for_each(|(out, (from_a, from_b))| {
        let rows = from_a.chunks_exact(a.channels).zip(from_b.chunks_exact(b.channels));
        for (out, (from_a, from_b)) in out.chunks_exact_mut(channels).zip(rows) {
            out[..a.channels].copy_from_slice(from_a);
            out[a.channels..].copy_from_slice(from_b);
        }
    });
    Ok(shape.filled(out))
}
