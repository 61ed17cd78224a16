//! Rows of tokens put together and taken apart, and what a transformer does to them value by value.

use rayon::prelude::*;

use super::ShapeError;
use super::map::Map;

/// Floats of one task.
const TASK_FLOATS: usize = 1 << 16;

/// `count` tokens from `first` on, of a single row.
///
/// # Errors
/// When there are not as many.
pub fn narrow_tokens(x: &Map, first: usize, count: usize) -> Result<Map, ShapeError> {
    if x.batch != 1 || first + count > x.rows() {
        return Err(ShapeError(format!("{:?} has no {count} tokens from {first} on", x.shape())));
    }
    let (mut out, shape) = Map::unwritten(1, 1, count, x.channels);
    out.copy_from_slice(&x.values()[first * x.channels..][..count * x.channels]);
    Ok(shape.filled(out))
}

/// The tokens of `a`, then those of `b`, each of a single row.
///
/// # Errors
/// When their channels differ.
pub fn join_tokens(a: &Map, b: &Map) -> Result<Map, ShapeError> {
    if (a.batch, b.batch) != (1, 1) || a.channels != b.channels {
        return Err(ShapeError(format!("the tokens of {:?} and {:?} cannot be joined", a.shape(), b.shape())));
    }
    let (mut out, shape) = Map::unwritten(1, 1, a.rows() + b.rows(), a.channels);
    let (first, second) = out.split_at_mut(a.values().len());
    first.copy_from_slice(a.values());
    second.copy_from_slice(b.values());
    Ok(shape.filled(out))
}

/// Each head, of `depth` channels, `times` times in a row: what heads of queries share.
///
/// # Errors
/// When the channels are no whole number of heads.
pub fn repeat_heads(x: &Map, depth: usize, times: usize) -> Result<Map, ShapeError> {
    if depth == 0 || times == 0 || !x.channels.is_multiple_of(depth) {
        return Err(ShapeError(format!("{:?} has no heads of {depth}", x.shape())));
    }
    let (mut out, shape) = Map::unwritten(x.batch, x.height, x.width, x.channels * times);
    for (out, head) in out.chunks_exact_mut(depth * times).zip(x.values().chunks_exact(depth)) {
        out.chunks_exact_mut(depth).for_each(|out| out.copy_from_slice(head));
    }
    Ok(shape.filled(out))
}

/// `a · b`, value by value; written over `a` where nobody else holds it.
///
/// # Errors
/// When the shapes differ.
pub fn multiply(a: Map, b: &Map) -> Result<Map, ShapeError> {
    if a.values().len() != b.values().len() || a.channels != b.channels {
        return Err(ShapeError(format!("{:?} and {:?} cannot be multiplied", a.shape(), b.shape())));
    }
    let a = match a.into_own() {
        Ok((mut own, shape)) => {
            own.par_chunks_mut(TASK_FLOATS).zip(b.values().par_chunks(TASK_FLOATS)).for_each(|(a, b)| {
                a.iter_mut().zip(b).for_each(|(a, b)| *a *= b);
            });
            return Ok(shape.filled(own));
        }
        Err(a) => a,
    };
    let (mut out, shape) = Map::unwritten(a.batch, a.height, a.width, a.channels);
    let operands = a.values().par_chunks(TASK_FLOATS).zip(b.values().par_chunks(TASK_FLOATS));
    out.par_chunks_mut(TASK_FLOATS).zip(operands).for_each(|(out, (a, b))| {
        out.iter_mut().zip(a.iter().zip(b)).for_each(|(out, (a, b))| *out = a * b);
    });
    Ok(shape.filled(out))
}

/// `residual + factors · x`, a factor for each channel.
///
/// # Errors
/// When the shapes differ, or there are not as many factors.
pub fn scaled_onto(x: &Map, factors: &[f32], residual: &Map) -> Result<Map, ShapeError> {
    let fits = x.values().len() == residual.values().len() && x.channels == factors.len();
    if !fits || factors.is_empty() {
        let (found, wanted) = (factors.len(), residual.shape());
        return Err(ShapeError(format!("{:?} by {found} factors cannot be added to {wanted:?}", x.shape())));
    }
    let (mut out, shape) = Map::unwritten(x.batch, x.height, x.width, x.channels);
    let at_once = (TASK_FLOATS / factors.len()).max(1) * factors.len();
    let operands = x.values().par_chunks(at_once).zip(residual.values().par_chunks(at_once));
    out.par_chunks_mut(at_once).zip(operands).for_each(|(out, (x, residual))| {
        let rows = x.chunks_exact(factors.len()).zip(residual.chunks_exact(factors.len()));
        for (out, (x, residual)) in out.chunks_exact_mut(factors.len()).zip(rows) {
            for (((out, x), residual), factor) in out.iter_mut().zip(x).zip(residual).zip(factors) {
                *out = residual + factor * x;
            }
        }
    });
    Ok(shape.filled(out))
}
