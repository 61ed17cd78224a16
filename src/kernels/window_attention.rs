//! Attention within square windows of a picture, with a learned bias for each distance ("`TinyViT`: Fast Pretraining
//! Distillation for Small Vision Transformers").

use rayon::prelude::*;
use std::cell::Cell;

use super::ShapeError;
use super::map::Map;
use super::math;
use super::product::SharedPointer;
use super::scratch::with_kept;
use super::simd::{Kernel, Level, Simd};

/// What the windows are.
#[derive(Clone, Copy)]
pub struct Windows<'a> {
    /// Pixels of a window's side.
    pub side: usize,
    pub heads: usize,
    /// Added to the scores: `(heads, side², side²)`.
    pub bias: &'a [f32],
}

/// `softmax(q·kᵀ / √d + bias)·v` in every window. `qkv` `(batch, height, width, heads · 3 · d)` holds each head's query,
/// key and value one after the other, its sides multiples of the window's. Returns `(batch, *size, heads · d)`: what
/// lies below and to the right of `size` is left out.
///
/// # Errors
/// When the shapes do not belong together.
pub fn window_attention(qkv: &Map, windows: Windows, size: (usize, usize), level: Level) -> Result<Map, ShapeError> {
    let Windows { side, heads, bias } = windows;
    let fits = side > 0
        && heads > 0
        && qkv.channels.is_multiple_of(heads * 3)
        && qkv.height.is_multiple_of(side)
        && qkv.width.is_multiple_of(side)
        && size.0 <= qkv.height
        && size.1 <= qkv.width
        && bias.len() == heads * side.pow(4);
    if !fits {
        return Err(ShapeError(format!("windows of {side} with {heads} heads do not fit {:?}", qkv.shape())));
    }
    let depth = qkv.channels / heads / 3;
    let (mut out, shape) = Map::unwritten(qkv.batch, size.0, size.1, heads * depth);
    let output = SharedPointer(out.as_mut_ptr());
    let (down, across) = (qkv.height / side, qkv.width / side);
    (0..qkv.batch * down * across * heads).into_par_iter().for_each(|task| {
        let (window, head) = (task / heads, task % heads);
        let (picture, window) = (window / (down * across), window % (down * across));
        with_kept(&SCRATCH, |scratch| {
            level.run(WindowTask {
                qkv,
                windows,
                picture,
                top: window / across * side,
                left: window % across * side,
                head,
                depth,
                size,
                out: output,
                scratch,
            });
        });
    });
    Ok(shape.filled(out))
}

thread_local! {
    static SCRATCH: Cell<Scratch> = Cell::default();
}

#[derive(Default)]
struct Scratch {
    /// `(depth, tokens)`, each row filled up to whole vectors.
    keys: Vec<f32>,
    scores: Vec<f32>,
    mixed: Vec<f32>,
}

struct WindowTask<'a> {
    qkv: &'a Map,
    windows: Windows<'a>,
    picture: usize,
    top: usize,
    left: usize,
    head: usize,
    depth: usize,
    size: (usize, usize),
    /// Each task writes its own head's columns of its own window's pixels.
    out: SharedPointer,
    scratch: &'a mut Scratch,
}

impl WindowTask<'_> {
    /// One of query (0), key (1) and value (2) of a window's token.
    #[inline(always)]
    fn part(&self, token: usize, part: usize) -> &[f32] {
        let side = self.windows.side;
        let (y, x) = (self.top + token / side, self.left + token % side);
        let pixel = (self.picture * self.qkv.height + y) * self.qkv.width + x;
        &self.qkv.values()[pixel * self.qkv.channels + (self.head * 3 + part) * self.depth..][..self.depth]
    }
}

impl Kernel for WindowTask<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let side = self.windows.side;
        let tokens = side * side;
        let padded = tokens.next_multiple_of(S::LANES);
        let depth = self.depth;
        let mut keys = std::mem::take(&mut self.scratch.keys);
        let mut scores = std::mem::take(&mut self.scratch.scores);
        let mut mixed = std::mem::take(&mut self.scratch.mixed);
        keys.clear();
        keys.resize(depth * padded, 0.0);
        scores.clear();
        scores.resize(padded, 0.0);
        mixed.clear();
        mixed.resize(depth, 0.0);
        for token in 0..tokens {
            for (row, value) in self.part(token, 1).iter().enumerate() {
                keys[row * padded + token] = *value;
            }
        }
        let scale = 1.0 / (depth as f32).sqrt();
        let bias = &self.windows.bias[self.head * tokens * tokens..][..tokens * tokens];
        for token in 0..tokens {
            let (y, x) = (self.top + token / side, self.left + token % side);
            if y >= self.size.0 || x >= self.size.1 {
                continue;
            }
            let query = self.part(token, 0);
            let bias = &bias[token * tokens..][..tokens];
            // SAFETY: `keys` and `scores` hold whole vectors; `load_some` and `store_some` stay within the slices.
            unsafe {
                for first in (0..padded).step_by(S::LANES) {
                    let mut sum = S::splat(0.0);
                    for (row, value) in query.iter().enumerate() {
                        sum = S::mul_add(S::splat(*value), S::load(keys[row * padded + first..].as_ptr()), sum);
                    }
                    let own = S::load_some(bias[first..].as_ptr(), S::LANES.min(tokens - first));
                    S::store(scores[first..].as_mut_ptr(), S::mul_add(sum, S::splat(scale), own));
                }
                scores[tokens..].fill(f32::NEG_INFINITY);
                let mut largest = S::load(scores.as_ptr());
                for first in (0..padded).step_by(S::LANES) {
                    largest = S::max(largest, S::load(scores[first..].as_ptr()));
                }
                let largest = S::splat(S::largest(largest));
                let mut total = S::splat(0.0);
                for first in (0..padded).step_by(S::LANES) {
                    let share = math::exp::<S>(S::sub(S::load(scores[first..].as_ptr()), largest));
                    total = S::add(total, share);
                    S::store(scores[first..].as_mut_ptr(), share);
                }
                let total = 1.0 / S::sum(total);
                for first in (0..depth).step_by(S::LANES) {
                    let count = S::LANES.min(depth - first);
                    let mut sum = S::splat(0.0);
                    for (other, share) in scores[..tokens].iter().enumerate() {
                        let value = S::load_some(self.part(other, 2)[first..].as_ptr(), count);
                        sum = S::mul_add(S::splat(*share), value, sum);
                    }
                    S::store_some(mixed[first..].as_mut_ptr(), S::mul(sum, S::splat(total)), count);
                }
                let pixel = (self.picture * self.size.0 + y) * self.size.1 + x;
                let place = (pixel * self.windows.heads + self.head) * depth;
                std::ptr::copy_nonoverlapping(mixed.as_ptr(), self.out.at(place), depth);
            }
        }
        *self.scratch = Scratch { keys, scores, mixed };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_window_attends_to_itself_with_its_bias() {
        let number = |place: usize| (place * 7919 % 997) as f32 / 498.5 - 1.0;
        for level in Level::available() {
            for (side, heads, depth, size) in
                [(3_usize, 2, 5, (4_usize, 5_usize)), (4, 1, 32, (8, 4)), (7, 3, 16, (7, 9))]
            {
                let tokens = side * side;
                let (height, width) = (size.0.next_multiple_of(side), size.1.next_multiple_of(side));
                let channels = heads * 3 * depth;
                let values: Vec<f32> = (0..height * width * channels).map(number).collect();
                let bias: Vec<f32> = (0..heads * tokens * tokens).map(|place| 2.0 * number(place + 5)).collect();
                let qkv = Map::from_vec(values, 1, height, width, channels).unwrap();
                let windows = Windows { side, heads, bias: &bias };
                let out = window_attention(&qkv, windows, size, level).unwrap();
                let part = |y: usize, x: usize, head: usize, part: usize, place: usize| {
                    f64::from(qkv.values()[(y * width + x) * channels + (head * 3 + part) * depth + place])
                };
                for (place, found) in out.values().iter().enumerate() {
                    let (inner, head, pixel) = (place % depth, place / depth % heads, place / depth / heads);
                    let (y, x) = (pixel / size.1, pixel % size.1);
                    let (top, left) = (y / side * side, x / side * side);
                    let own = (y - top) * side + x - left;
                    let (mut sum, mut total) = (0.0, 0.0);
                    for other in 0..tokens {
                        let (other_y, other_x) = (top + other / side, left + other % side);
                        let products =
                            (0..depth).map(|inner| part(y, x, head, 0, inner) * part(other_y, other_x, head, 1, inner));
                        let score = products.sum::<f64>() / (depth as f64).sqrt()
                            + f64::from(bias[(head * tokens + own) * tokens + other]);
                        sum += score.exp() * part(other_y, other_x, head, 2, inner);
                        total += score.exp();
                    }
                    let error = (f64::from(*found) - sum / total).abs();
                    assert!(error < 1e-5, "{level:?} {side}: {found} instead of {}", sum / total);
                }
            }
        }
    }
}
