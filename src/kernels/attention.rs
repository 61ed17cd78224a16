//! Attention on a CPU: blocks of queries against blocks of keys, with a online softmax ("Self-attention Does Not Need
//! O(n²) Memory", Rabe and Staats), or with the scores of whole heads in memory.

use rayon::prelude::*;
use std::cell::Cell;

use super::ShapeError;
use super::ahead::Ahead;
use super::map::Map;
use super::numbers::pair_up;
use super::packed_heads::{PackedHeads, floats_per_head, steps};
use super::pool::Buffer;
use super::product::SharedPointer;
use super::rows::TILE_ROWS;
use super::scratch::with_kept;
use super::simd::{Kernel, Level, Simd, pair};
use super::softmax::online_softmax;
use super::stop::Asked;
use super::tile::{Starts, tile};

/// Queries of one task.
const QUERIES: usize = 96;

/// Keys of one block: a multiple of every level's panel width.
const KEYS: usize = 512;

/// Between two rows of scores, so that they do not fall onto the same cache lines.
const ROW_GAP: usize = 16;

/// How much of the scores stands in memory at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scores {
    /// A block of queries against a block of keys for each thread: constant memory.
    Tiled,
    /// All queries against all keys for so many heads (of all pictures) at a time.
    Heads(usize),
}

/// How many heads there are, and what they do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heads {
    pub count: usize,
    /// A query sees the keys up to its own place.
    pub causal: bool,
    /// Both products are of numbers rounded to bfloat16, summed up in single precision; causal ones never are.
    pub in_pairs: bool,
}

impl Heads {
    /// Everything is seen, in single precision.
    #[must_use]
    pub fn plain(count: usize) -> Self {
        Self { count, causal: false, in_pairs: false }
    }
}

/// `softmax(q·kᵀ / √d)·v` for `q` `(batch, queries, heads·d)` and `k`, `v` `(batch, keys, heads·d)`.
///
/// # Errors
/// When the shapes do not belong together.
pub fn attention(q: &Map, k: &Map, v: &Map, heads: Heads, scores: Scores, level: Level) -> Result<Map, ShapeError> {
    let Heads { count: heads, causal, in_pairs } = heads;
    // A hidden key in a pair with a seen one would not be hidden if it were NaN.
    let in_pairs = in_pairs && !causal;
    let (queries, keys) = (q.height * q.width, k.height * k.width);
    let fits = k.shape() == v.shape() && k.batch == q.batch && k.channels == q.channels;
    if !fits || heads == 0 || !q.channels.is_multiple_of(heads) || keys == 0 || (causal && queries != keys) {
        return Err(ShapeError(format!(
            "attention with {heads} heads does not take {:?}, {:?} and {:?}",
            q.shape(),
            k.shape(),
            v.shape()
        )));
    }
    let (mut out, shape) = Map::unwritten(q.batch, q.height, q.width, q.channels);
    if queries == 0 || q.batch == 0 {
        return Ok(shape.filled(out));
    }
    let depth = q.channels / heads;
    let packed = PackedHeads::new(k, v, (heads, depth), keys, in_pairs, level);
    let query_blocks = queries.div_ceil(QUERIES);
    let output = SharedPointer(out.as_mut_ptr());
    let all_heads = q.batch * heads;
    let key_width = keys.next_multiple_of(level.panel_width()) + ROW_GAP;
    let (heads_at_once, mut whole) = match scores {
        Scores::Tiled => (all_heads, None),
        Scores::Heads(count) => {
            let count = count.clamp(1, all_heads);
            (count, Some(Buffer::take(count * query_blocks * QUERIES * key_width)))
        }
    };
    let stop = Asked::here();
    for first_head in (0..all_heads).step_by(heads_at_once) {
        let head_count = heads_at_once.min(all_heads - first_head);
        let whole = whole.as_mut().map(|whole| SharedPointer(whole.as_mut_ptr()));
        (0..head_count * query_blocks).into_par_iter().with_max_len(1).for_each(|task| {
            if stop.is_set() {
                return;
            }
            with_kept(&SCRATCH, |scratch| {
                let (slot, block) = (task / query_blocks, task % query_blocks);
                let head = first_head + slot;
                let first = block * QUERIES;
                level.run(AttentionTask {
                    q,
                    packed: &packed,
                    picture: head / heads,
                    head: head % heads,
                    depth,
                    first,
                    count: QUERIES.min(queries - first),
                    keys,
                    causal,
                    in_pairs,
                    out: output,
                    whole: whole.map(|whole| (whole.at(task * QUERIES * key_width), key_width)),
                    scratch,
                });
            });
        });
    }
    Ok(shape.filled(out))
}

/// The buffers that attention takes besides what it gives, in the order in which it takes them: packed keys, packed
/// values, and whole scores where those are kept.
#[must_use]
pub fn attention_scratch_floats(
    (batch, queries, keys): (usize, usize, usize),
    (heads, depth): (Heads, usize),
    scores: Scores,
    level: Level,
) -> [usize; 3] {
    let key_width = keys.next_multiple_of(level.panel_width()) + ROW_GAP;
    let all_heads = batch * heads.count;
    let whole = match scores {
        Scores::Tiled => 0,
        Scores::Heads(count) => count.clamp(1, all_heads) * queries.div_ceil(QUERIES) * QUERIES * key_width,
    };
    let [for_keys, for_values] = floats_per_head(depth, keys, heads.in_pairs && !heads.causal, level);
    [all_heads * for_keys, all_heads * for_values, whole]
}

thread_local! {
    static SCRATCH: Cell<Scratch> = Cell::default();
}

#[derive(Default)]
struct Scratch {
    queries: Vec<f32>,
    scores: Vec<f32>,
    sums: Vec<f32>,
    largest: Vec<f32>,
    totals: Vec<f32>,
}

/// A block of one head's queries.
struct AttentionTask<'a> {
    q: &'a Map,
    packed: &'a PackedHeads,
    picture: usize,
    head: usize,
    depth: usize,
    first: usize,
    count: usize,
    keys: usize,
    causal: bool,
    in_pairs: bool,
    out: SharedPointer,
    /// Where the scores go, and how long their rows are, where they are kept whole.
    whole: Option<(*mut f32, usize)>,
    scratch: &'a mut Scratch,
}

impl Kernel for AttentionTask<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self) {
        let columns = self.depth.next_multiple_of(S::LANES);
        let rows = self.count.next_multiple_of(TILE_ROWS);
        self.take_queries(rows);
        let scratch = std::mem::take(self.scratch);
        let Scratch { queries, mut scores, mut sums, mut largest, mut totals } = scratch;
        sums.clear();
        sums.resize(rows * columns, 0.0);
        largest.clear();
        largest.resize(rows, f32::NEG_INFINITY);
        totals.clear();
        totals.resize(rows, 0.0);
        let (into, stride, block) = if let Some((whole, stride)) = self.whole {
            (whole, stride, self.keys)
        } else {
            scores.resize(QUERIES * (KEYS + ROW_GAP), 0.0);
            (scores.as_mut_ptr(), KEYS + ROW_GAP, KEYS)
        };
        // Later keys are hidden from every query of the block.
        let end = if self.causal { self.first + self.count } else { self.keys };
        for first_key in (0..end).step_by(block) {
            let keys = block.min(end - first_key);
            // SAFETY: `into` is valid for as many rows of `stride` floats as there are queries, whole panels included.
            unsafe {
                self.score::<S>(&queries, rows, first_key, keys, into, stride);
                for row in 0..self.count {
                    let seen =
                        if self.causal { (self.first + row + 1).saturating_sub(first_key).min(keys) } else { keys };
                    let sums = &mut sums[row * columns..(row + 1) * columns];
                    online_softmax::<S>(into.add(row * stride), keys, seen, &mut largest[row], &mut totals[row], sums);
                }
                if self.in_pairs {
                    for row in 0..rows {
                        let row = into.add(row * stride);
                        pair_up::<S>(row, keys, row);
                    }
                    self.weigh::<S, true>(into, stride, rows, (first_key / 2, keys.div_ceil(2)), &mut sums, columns);
                } else {
                    self.weigh::<S, false>(into, stride, rows, (first_key, keys), &mut sums, columns);
                }
            }
        }
        let channels = self.q.channels;
        for (row, total) in totals.iter().enumerate().take(self.count) {
            let pixel = self.picture * self.q.height * self.q.width + self.first + row;
            let place = pixel * channels + self.head * self.depth;
            for column in (0..self.depth).step_by(S::LANES) {
                let count = (self.depth - column).min(S::LANES);
                // SAFETY: this head's columns of this pixel are this task's alone.
                unsafe {
                    let sum = S::load(sums.as_ptr().add(row * columns + column));
                    S::store_some(self.out.at(place + column), S::div(sum, S::splat(*total)), count);
                }
            }
        }
        *self.scratch = Scratch { queries, scores, sums, largest, totals };
    }
}

impl AttentionTask<'_> {
    /// The block's queries one after the other, scaled so that the softmax may take powers of two; the last is repeated
    /// to fill a tile.
    fn take_queries(&mut self, rows: usize) {
        let channels = self.q.channels;
        let scale = std::f32::consts::LOG2_E / (self.depth as f32).sqrt();
        let queries = &mut self.scratch.queries;
        queries.clear();
        for row in 0..rows {
            let pixel = self.picture * self.q.height * self.q.width + self.first + row.min(self.count - 1);
            let from = &self.q.values()[pixel * channels + self.head * self.depth..][..self.depth];
            if self.in_pairs {
                let pairs = from.chunks(2).map(|two| pair(two[0] * scale, two.get(1).map_or(0.0, |last| last * scale)));
                queries.extend(pairs);
            } else {
                queries.extend(from.iter().map(|value| value * scale));
            }
        }
    }

    /// Scores of all queries against the keys from `first_key` on, whole panels of them.
    ///
    /// # Safety
    /// As [`Simd`]; `into` is valid for writes of `rows` rows that are `stride` floats apart, each of as many floats as
    /// `keys` rounded up to whole panels.
    #[inline(always)]
    unsafe fn score<S: Simd>(
        &self,
        queries: &[f32],
        rows: usize,
        first_key: usize,
        keys: usize,
        into: *mut f32,
        stride: usize,
    ) {
        let width = S::LANES * S::PANEL_VECTORS;
        let panels = self.packed.keys_of(self.picture, self.head);
        let steps = steps(self.depth, self.in_pairs);
        for panel in (0..keys).step_by(width) {
            let values = &panels[(first_key + panel) * steps..][..width * steps];
            for row in (0..rows).step_by(TILE_ROWS) {
                let starts: Starts = std::array::from_fn(|offset| queries[(row + offset) * steps..].as_ptr());
                // SAFETY: `into` is the caller's; a level's panel width is one of these two.
                unsafe {
                    let into = into.add(row * stride + panel);
                    match (S::PANEL_VECTORS, self.in_pairs) {
                        (2, false) => store_tile::<S, 2, false, false>(&starts, steps, values.as_ptr(), into, stride),
                        (2, true) => store_tile::<S, 2, true, false>(&starts, steps, values.as_ptr(), into, stride),
                        (_, false) => store_tile::<S, 4, false, false>(&starts, steps, values.as_ptr(), into, stride),
                        (_, true) => store_tile::<S, 4, true, false>(&starts, steps, values.as_ptr(), into, stride),
                    }
                }
            }
        }
    }

    /// Adds the values, weighed by the softmax of the scores, to the sums.
    ///
    /// # Safety
    /// As [`Simd`]; `scores` is valid for reads of `rows` rows of `keys` floats, `stride` floats apart.
    #[inline(always)]
    unsafe fn weigh<S: Simd, const PAIRS: bool>(
        &self,
        scores: *const f32,
        stride: usize,
        rows: usize,
        (first_key, keys): (usize, usize),
        sums: &mut [f32],
        columns: usize,
    ) {
        let width = S::LANES * S::PANEL_VECTORS;
        let panels = self.packed.values_of(self.picture, self.head);
        let all_keys = steps(self.keys, PAIRS);
        for panel in (0..columns).step_by(width) {
            let panel_width = width.min(columns - panel);
            let values = panels[panel * all_keys + first_key * panel_width..][..keys * panel_width].as_ptr();
            for row in (0..rows).step_by(TILE_ROWS) {
                let starts: Starts = std::array::from_fn(|offset| scores.wrapping_add((row + offset) * stride));
                // SAFETY: the caller's scores; the sums are `rows` rows of `columns` floats, whole tiles of whole
                // vectors.
                unsafe {
                    let into = sums.as_mut_ptr().add(row * columns + panel);
                    match panel_width / S::LANES {
                        1 => store_tile::<S, 1, PAIRS, true>(&starts, keys, values, into, columns),
                        2 => store_tile::<S, 2, PAIRS, true>(&starts, keys, values, into, columns),
                        3 => store_tile::<S, 3, PAIRS, true>(&starts, keys, values, into, columns),
                        _ => store_tile::<S, 4, PAIRS, true>(&starts, keys, values, into, columns),
                    }
                }
            }
        }
    }
}

/// The products of one tile, stored at `into` or, with `ADD`, added to what stands there.
///
/// # Safety
/// As [`tile`]; `into` is valid for the tile's rows of N vectors, `stride` floats apart.
#[inline(always)]
unsafe fn store_tile<S: Simd, const N: usize, const PAIRS: bool, const ADD: bool>(
    starts: &Starts,
    length: usize,
    panel: *const f32,
    into: *mut f32,
    stride: usize,
) {
    // SAFETY: as this function's contract.
    unsafe {
        let nothing = Ahead::NOTHING.share((0, 1), 0);
        let sums = tile::<S, N, PAIRS>(std::slice::from_ref(starts), length, (panel, N * S::LANES), nothing);
        for (row, sums) in sums.iter().enumerate() {
            for (vector, sum) in sums.iter().enumerate() {
                let into = into.add(row * stride + vector * S::LANES);
                S::store(into, if ADD { S::add(S::load(into), *sum) } else { *sum });
            }
        }
    }
}
