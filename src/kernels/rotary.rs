//! Rotary positions ("`RoFormer`: Enhanced Transformer with Rotary Position Embedding", Su et al.): each head's channels
//! are turned two by two, by angles that follow from the token's place.

use rayon::prelude::*;

use super::ShapeError;
use super::map::Map;

/// Tokens of one task.
const TASK_TOKENS: usize = 32;

/// Which two channels of a head are turned together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RotaryPairs {
    /// Those that stand side by side.
    Neighbours,
    /// One of the head's first half and the same one of its second.
    Halves,
}

/// `x` `(1, tokens, heads · depth)` turned by each token's `depth / 2` angles, whose cosines and sines stand token after
/// token.
///
/// # Errors
/// When there are not as many angles as the tokens and heads need.
pub fn rotated(
    x: &Map,
    (cosines, sines): (&[f32], &[f32]),
    half: usize,
    pairs: RotaryPairs,
) -> Result<Map, ShapeError> {
    let tokens = x.rows();
    let depth = 2 * half;
    if half == 0 || !x.channels.is_multiple_of(depth) || cosines.len() != tokens * half || sines.len() != cosines.len()
    {
        return Err(ShapeError(format!("{} angles do not turn {:?}, {half} a head", cosines.len(), x.shape())));
    }
    let (mut out, shape) = Map::unwritten(x.batch, x.height, x.width, x.channels);
    let at_once = TASK_TOKENS * x.channels;
    out.par_chunks_mut(at_once).zip(x.values().par_chunks(at_once)).enumerate().for_each(|(index, (out, x))| {
        let tokens = out.chunks_exact_mut(shape.channels).zip(x.chunks_exact(shape.channels));
        for (token, (out, x)) in tokens.enumerate() {
            let place = (index * TASK_TOKENS + token) * half;
            let (cosines, sines) = (&cosines[place..place + half], &sines[place..place + half]);
            for (out, x) in out.chunks_exact_mut(depth).zip(x.chunks_exact(depth)) {
                match pairs {
                    RotaryPairs::Neighbours => turn_neighbours(out, x, cosines, sines),
                    RotaryPairs::Halves => turn_halves(out, x, cosines, sines),
                }
            }
        }
    });
    Ok(shape.filled(out))
}

fn turn_neighbours(out: &mut [f32], x: &[f32], cosines: &[f32], sines: &[f32]) {
    for ((out, x), (cosine, sine)) in out.chunks_exact_mut(2).zip(x.chunks_exact(2)).zip(cosines.iter().zip(sines)) {
        out[0] = x[0] * cosine - x[1] * sine;
        out[1] = x[1] * cosine + x[0] * sine;
    }
}

fn turn_halves(out: &mut [f32], x: &[f32], cosines: &[f32], sines: &[f32]) {
    let half = cosines.len();
    let (first, second) = out.split_at_mut(half);
    for place in 0..half {
        let (a, b) = (x[place], x[half + place]);
        first[place] = a * cosines[place] - b * sines[place];
        second[place] = b * cosines[place] + a * sines[place];
    }
}
