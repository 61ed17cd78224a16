//! The left side of a product: rows whose segments may stand anywhere.

use super::numbers::pair_up;
use super::simd::Simd;

/// Rows of one tile: with a panel's columns they fill the registers.
pub(super) const TILE_ROWS: usize = 6;

/// Steps after which a product turns to the next rows, so that a panel's part stays in the cache.
pub(super) const STEPS_PER_BLOCK: usize = 1024;

/// Rows of a product's left side. Each is a chain of segments of one length that may stand anywhere.
///
/// # Safety
/// Products read through the pointers without looking: for every `row` below [`Rows::count`] and every `segment` below
/// [`Rows::segments`], what [`Rows::start`] gives must be valid for reads of `segment_length(segment)` floats for as long
/// as `self` is borrowed, from several threads at once. All four methods must answer the same every time.
pub(super) unsafe trait Rows: Sync {
    /// How many rows there are.
    fn count(&self) -> usize;
    /// Of every row.
    fn segments(&self) -> usize;
    /// Of segment `index`, in floats; only the last may be shorter.
    fn segment_length(&self, index: usize) -> usize;
    /// Where `segment` of `row` starts.
    fn start(&self, row: usize, segment: usize) -> *const f32;
}

/// The rows' steps rounded to bfloat16 and brought together two by two, row after row in `into`.
#[inline(always)]
pub(super) fn round_rows<S: Simd>(
    rows: &dyn Rows,
    first: usize,
    count: usize,
    gathered: &mut Vec<f32>,
    into: &mut Vec<f32>,
) {
    into.clear();
    for row in first..first + count {
        gathered.clear();
        for segment in 0..rows.segments() {
            // SAFETY: the row is one of `rows`, whose segments are valid for their length.
            let part = unsafe { std::slice::from_raw_parts(rows.start(row, segment), rows.segment_length(segment)) };
            gathered.extend_from_slice(part);
        }
        let start = into.len();
        into.resize(start + gathered.len().div_ceil(2), 0.0);
        // SAFETY: as many numbers as were gathered, and half as many pairs.
        unsafe { pair_up::<S>(gathered.as_ptr(), gathered.len(), into[start..].as_mut_ptr()) };
    }
}

/// Rows that stand one after the other.
pub(super) struct DenseRows<'a> {
    pub values: &'a [f32],
    pub depth: usize,
    /// Steps of a segment.
    pub at_once: usize,
}

// SAFETY: `count` whole rows of `depth` floats lie inside of `values`, the segments follow each other inside of a row, and
// `start` takes each as a slice that is held against `values` before it becomes a pointer.
unsafe impl Rows for DenseRows<'_> {
    fn count(&self) -> usize {
        self.values.len() / self.depth.max(1)
    }

    fn segments(&self) -> usize {
        self.depth.div_ceil(self.at_once)
    }

    fn segment_length(&self, index: usize) -> usize {
        self.at_once.min(self.depth - index * self.at_once)
    }

    fn start(&self, row: usize, segment: usize) -> *const f32 {
        self.values[row * self.depth + segment * self.at_once..][..self.segment_length(segment)].as_ptr()
    }
}
