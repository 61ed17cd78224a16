//! Keys and values as attention's products read them: head by head, in panels.

use rayon::prelude::*;

use super::map::Map;
use super::pool::Buffer;
use super::simd::Level;

/// Keys and values of every head as panels.
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
    pub fn new(k: &Map, v: &Map, heads: usize, depth: usize, keys: usize, level: Level) -> Self {
        let width = level.panel_width();
        let keys_per_head = keys.next_multiple_of(width) * depth;
        let values_per_head = depth.next_multiple_of(level.lanes()) * keys;
        let all_heads = k.batch * heads;
        let mut this = Self {
            keys: Buffer::take(all_heads * keys_per_head),
            values: Buffer::take(all_heads * values_per_head),
            keys_per_head,
            values_per_head,
            heads,
        };
        let channels = k.channels;
        let rows =
            |map: &'_ Map, head: usize| (head / heads * keys * channels + head % heads * depth, map.values().len());
        this.keys.par_chunks_mut(keys_per_head).enumerate().for_each(|(head, out)| {
            let (start, _) = rows(k, head);
            let from = &k.values()[start..];
            for (panel, out) in out.chunks_mut(width * depth).enumerate() {
                for (step, out) in out.chunks_mut(width).enumerate() {
                    for (lane, out) in out.iter_mut().enumerate() {
                        let key = panel * width + lane;
                        *out = if key < keys { from[key * channels + step] } else { 0.0 };
                    }
                }
            }
        });
        this.values.par_chunks_mut(values_per_head).enumerate().for_each(|(head, out)| {
            let (start, _) = rows(v, head);
            let from = &v.values()[start..];
            for (panel, out) in out.chunks_mut(width * keys).enumerate() {
                let stride = out.len() / keys;
                let columns = stride.min(depth - panel * width);
                for (key, out) in out.chunks_mut(stride).enumerate() {
                    let from = &from[key * channels + panel * width..][..columns];
                    out[..columns].copy_from_slice(from);
                    out[columns..].fill(0.0);
                }
            }
        });
        this
    }

    pub fn keys_of(&self, picture: usize, head: usize) -> &[f32] {
        &self.keys[(picture * self.heads + head) * self.keys_per_head..][..self.keys_per_head]
    }

    pub fn values_of(&self, picture: usize, head: usize) -> &[f32] {
        &self.values[(picture * self.heads + head) * self.values_per_head..][..self.values_per_head]
    }
}
