//! Keys and values as attention's products read them: head by head, in panels.

use rayon::prelude::*;

use super::map::Map;
use super::pool::Buffer;
use super::simd::{Level, pair};

/// How many steps a product over `count` numbers has.
pub(super) fn steps(count: usize, in_pairs: bool) -> usize {
    if in_pairs { count.div_ceil(2) } else { count }
}

/// What a head's keys and its values take.
pub(super) fn floats_per_head(depth: usize, keys: usize, in_pairs: bool, level: Level) -> [usize; 2] {
    let for_keys = keys.next_multiple_of(level.panel_width()) * steps(depth, in_pairs);
    [for_keys, depth.next_multiple_of(level.lanes()) * steps(keys, in_pairs)]
}

/// Keys and values of every head as panels, whose steps are numbers or pairs of bfloat16.
pub(super) struct PackedHeads {
    /// For each head: panels of keys, `(depth, panel width)` each.
    keys: Buffer,
    /// For each head: panels of the head's columns, `(keys, panel width)` each.
    values: Buffer,
    keys_per_head: usize,
    values_per_head: usize,
    heads: usize,
}

impl PackedHeads {
    pub(crate) fn new(
        k: &Map,
        v: &Map,
        (heads, depth): (usize, usize),
        keys: usize,
        in_pairs: bool,
        level: Level,
    ) -> Self {
        let width = level.panel_width();
        let [keys_per_head, values_per_head] = floats_per_head(depth, keys, in_pairs, level);
        let all_heads = k.batch * heads;
        let mut this = Self {
            keys: Buffer::take(all_heads * keys_per_head),
            values: Buffer::take(all_heads * values_per_head),
            keys_per_head,
            values_per_head,
            heads,
        };
        let channels = k.channels;
        let start = |head: usize| head / heads * keys * channels + head % heads * depth;
        let (key_steps, value_steps) = (steps(depth, in_pairs), steps(keys, in_pairs));
        this.keys.par_chunks_mut(keys_per_head).enumerate().for_each(|(head, out)| {
            let from = &k.values()[start(head)..];
            for (panel, out) in out.chunks_mut(width * key_steps).enumerate() {
                for (step, out) in out.chunks_mut(width).enumerate() {
                    for (lane, out) in out.iter_mut().enumerate() {
                        let key = panel * width + lane;
                        let at =
                            |step: usize| if key < keys && step < depth { from[key * channels + step] } else { 0.0 };
                        *out = if in_pairs { pair(at(2 * step), at(2 * step + 1)) } else { at(step) };
                    }
                }
            }
        });
        this.values.par_chunks_mut(values_per_head).enumerate().for_each(|(head, out)| {
            let from = &v.values()[start(head)..];
            for (panel, out) in out.chunks_mut(width * value_steps).enumerate() {
                let stride = out.len() / value_steps;
                let columns = stride.min(depth - panel * width);
                for (step, out) in out.chunks_mut(stride).enumerate() {
                    let key = |key: usize| &from[key * channels + panel * width..][..columns];
                    if !in_pairs {
                        out[..columns].copy_from_slice(key(step));
                    } else if 2 * step + 1 < keys {
                        for (out, (a, b)) in out.iter_mut().zip(key(2 * step).iter().zip(key(2 * step + 1))) {
                            *out = pair(*a, *b);
                        }
                    } else {
                        for (out, last) in out.iter_mut().zip(key(2 * step)) {
                            *out = pair(*last, 0.0);
                        }
                    }
                    out[columns..].fill(0.0);
                }
            }
        });
        this
    }

    pub(crate) fn keys_of(&self, picture: usize, head: usize) -> &[f32] {
        &self.keys[(picture * self.heads + head) * self.keys_per_head..][..self.keys_per_head]
    }

    pub(crate) fn values_of(&self, picture: usize, head: usize) -> &[f32] {
        &self.values[(picture * self.heads + head) * self.values_per_head..][..self.values_per_head]
    }
}
