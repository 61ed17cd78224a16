//! Products as whole numbers: what a processor that multiplies pairs of 16 bits does twice as fast as single precision.
//! The numbers of quantised weights are what they are; those of the rows are rounded to 16 bits of the largest of each group,
//! a hundredth of what bfloat16 rounds away. Other weights are rounded to 14 bits, and the rows with them: a tenth of that.
//! Every sum within a group is exact.

use super::ahead::Share;
use super::integer_panel::{Groups, IntegerPanel, PanelNumbers};
use super::panel::{PackedMatrix, Panel};
use super::rows::{Rows, TILE_ROWS};
use super::simd::Simd;

/// What brings a number's nearest whole one into the lowest bits of its sum with this.
const TO_INTEGER: f32 = 12_582_912.0;

/// Some rows, rounded.
#[derive(Default)]
pub(super) struct IntegerRows {
    /// 16 bits each, row after row.
    numbers: Vec<i16>,
    /// For each group of each row.
    scales: Vec<f32>,
    /// For each group of each row: where a column's sum begins (the bits of a whole number), or what its offset is times.
    sums: Vec<f32>,
    gathered: Vec<f32>,
    depth: usize,
    group: usize,
}

impl IntegerRows {
    /// Rows `first..first + count`.
    #[inline(always)]
    pub(super) fn round<S: Simd>(&mut self, rows: &dyn Rows, first: usize, count: usize, groups: Groups) {
        self.numbers.clear();
        self.scales.clear();
        self.sums.clear();
        self.group = groups.steps;
        for row in first..first + count {
            self.gathered.clear();
            for segment in 0..rows.segments() {
                let (start, length) = (rows.start(row, segment), rows.segment_length(segment));
                // SAFETY: the row is one of `rows`, whose segments are valid for their length.
                let part = unsafe { std::slice::from_raw_parts(start, length) };
                self.gathered.extend_from_slice(part);
            }
            self.depth = self.gathered.len();
            for group in self.gathered.chunks_exact(groups.steps) {
                // SAFETY: whole vectors: groups are of 16 or 32.
                let largest = unsafe { largest::<S>(group) };
                let (scale, inverse) =
                    if largest == 0.0 { (0.0, 0.0) } else { (largest / groups.largest, groups.largest / largest) };
                let start = self.numbers.len();
                self.numbers.extend(group.iter().map(|value| (value * inverse + TO_INTEGER).to_bits() as i16));
                let sum: i32 = self.numbers[start..].iter().map(|number| i32::from(*number)).sum();
                self.scales.push(scale);
                self.sums.push(match groups.middle {
                    Some(middle) => f32::from_bits((-i32::from(middle) * sum).cast_unsigned()),
                    None => sum as f32 * scale,
                });
            }
        }
    }

    fn row(&self, row: usize, first_step: usize) -> RowAt {
        let group = (row * self.depth + first_step) / self.group;
        RowAt {
            numbers: self.numbers[row * self.depth + first_step..].as_ptr(),
            scales: self.scales[group..].as_ptr(),
            sums: self.sums[group..].as_ptr(),
        }
    }

    /// The sums of the tile that begins with `first_row`, over the steps from `first_step` on that `panel` holds.
    #[inline(always)]
    pub(super) fn tile<S: Simd, const N: usize>(
        &self,
        (first_row, last_row): (usize, usize),
        first_step: usize,
        panel: PanelNumbers,
        groups: Groups,
        share: Share,
    ) -> [[S::V; N]; TILE_ROWS] {
        let stride = N * S::LANES;
        let count = panel.scales.len() / stride;
        let steps = count * groups.steps;
        assert!(
            panel.numbers.len() == steps / 2 * stride
                && panel.offsets.len() == groups.middle.map_or(panel.scales.len(), |_| panel.offsets.len())
                && first_step + steps <= self.depth
                && self.numbers.len() / self.depth > last_row,
            "the panel's steps are some of the rows'"
        );
        // Rows past the end repeat the last: they are computed and not stored.
        let rows = std::array::from_fn(|row| self.row((first_row + row).min(last_row), first_step));
        // SAFETY: held above: each row has the steps, each step and each group of the panel all lanes.
        unsafe {
            if groups.middle.is_some() {
                tile::<S, N, false>(rows, (count, groups.steps / 2), panel, share)
            } else {
                tile::<S, N, true>(rows, (count, groups.steps / 2), panel, share)
            }
        }
    }
}

/// Where the steps of a row begin, with their groups.
#[derive(Clone, Copy)]
struct RowAt {
    numbers: *const i16,
    scales: *const f32,
    sums: *const f32,
}

/// Of a group's sizes; not a number where one of them is none or without end.
///
/// # Safety
/// As [`Simd`]; the values are whole vectors.
#[inline(always)]
unsafe fn largest<S: Simd>(values: &[f32]) -> f32 {
    // SAFETY: the caller's.
    unsafe {
        let (zero, mut largest, mut check) = (S::splat(0.0), S::splat(0.0), S::splat(0.0));
        for values in values.chunks_exact(S::LANES) {
            let value = S::load(values.as_ptr());
            largest = S::max(S::abs(value), largest);
            check = S::mul_add(value, zero, check);
        }
        S::largest(largest) + S::sum(check)
    }
}

/// # Safety
/// As [`Simd`]; each row is valid for `groups · 2 · pairs` numbers and for `groups` scales and sums, and the panel for so
/// many steps and groups of N vectors.
#[inline(always)]
unsafe fn tile<S: Simd, const N: usize, const OFFSETS: bool>(
    rows: [RowAt; TILE_ROWS],
    (groups, pairs): (usize, usize),
    panel: PanelNumbers,
    mut share: Share,
) -> [[S::V; N]; TILE_ROWS] {
    let stride = N * S::LANES;
    // SAFETY: the caller's.
    unsafe {
        let mut totals = [[S::splat(0.0); N]; TILE_ROWS];
        let mut weights = panel.numbers.as_ptr();
        for group in 0..groups {
            share.fetch::<S>();
            let mut sums = [[S::splat(0.0); N]; TILE_ROWS];
            if !OFFSETS {
                for (row, sums) in rows.iter().zip(&mut sums) {
                    *sums = [S::splat(*row.sums.add(group)); N];
                }
            }
            for pair in group * pairs..(group + 1) * pairs {
                let mut right = [S::splat(0.0); N];
                for (vector, right) in right.iter_mut().enumerate() {
                    *right = S::load(weights.add(vector * S::LANES));
                }
                for (row, sums) in rows.iter().zip(&mut sums) {
                    let left = S::splat(row.numbers.add(2 * pair).cast::<f32>().read_unaligned());
                    for (right, sum) in right.iter().zip(sums) {
                        *sum = S::add_integer_pairs(left, *right, *sum);
                    }
                }
                weights = weights.add(stride);
            }
            let scales = panel.scales.as_ptr().add(group * stride);
            // None are read where there are none.
            let offsets = panel.offsets.as_ptr().wrapping_add(group * stride);
            for ((row, sums), totals) in rows.iter().zip(sums).zip(&mut totals) {
                let of_row = S::splat(*row.scales.add(group));
                for (vector, (sum, total)) in sums.into_iter().zip(totals).enumerate() {
                    let scale = S::mul(of_row, S::load(scales.add(vector * S::LANES)));
                    *total = S::mul_add(S::floats_of(sum), scale, *total);
                    if OFFSETS {
                        let sum_of_row = S::splat(*row.sums.add(group));
                        *total = S::mul_add(sum_of_row, S::load(offsets.add(vector * S::LANES)), *total);
                    }
                }
            }
        }
        totals
    }
}

impl IntegerPanel {
    /// Steps `first..first + count` of a panel, which are whole groups: where they stand, or read out of blocks.
    #[inline(always)]
    pub(super) fn read<'a, S: Simd>(
        &'a mut self,
        matrix: &'a PackedMatrix,
        panel: &Panel,
        first: usize,
        count: usize,
    ) -> PanelNumbers<'a> {
        if let Some(numbers) = matrix.integers(panel, first, count) {
            return numbers;
        }
        self.filled = 0;
        self.scales.clear();
        self.offsets.clear();
        if let Some(blocks) = matrix.blocks(panel, first, count) {
            blocks.integers::<S>(self);
        }
        PanelNumbers { numbers: &self.numbers[..self.filled], scales: &self.scales, offsets: &self.offsets }
    }
}
