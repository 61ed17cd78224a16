//! What all products are made of: a few rows times a panel, whose sums fill the registers.

use super::ahead::Share;
use super::rows::TILE_ROWS;
use super::simd::Simd;

/// Between two of a tile's fetches of what comes next.
pub(super) const STEPS_BETWEEN_FETCHES: usize = 4;

/// Where a segment of each of a tile's rows starts.
pub(super) type Starts = [*const f32; TILE_ROWS];

/// The sums of one tile: each row's segments times a panel, whose rows of N vectors stand `stride` floats apart. Floats
/// are numbers or `PAIRS` of them. `share` is fetched meanwhile.
///
/// # Safety
/// As [`Simd`]; every start is valid for `length` floats, and the panel for `starts.len() · length` rows.
#[inline(always)]
pub(super) unsafe fn tile<S: Simd, const N: usize, const PAIRS: bool>(
    starts: &[Starts],
    length: usize,
    (panel, stride): (*const f32, usize),
    mut share: Share,
) -> [[S::V; N]; TILE_ROWS] {
    // SAFETY: the caller's.
    unsafe {
        let mut sums = [[S::splat(0.0); N]; TILE_ROWS];
        let mut panel = panel;
        for rows in starts {
            let whole = length / STEPS_BETWEEN_FETCHES * STEPS_BETWEEN_FETCHES;
            for first in (0..whole).step_by(STEPS_BETWEEN_FETCHES) {
                share.fetch::<S>();
                for step in first..first + STEPS_BETWEEN_FETCHES {
                    add_step::<S, N, PAIRS>(rows, step, panel, &mut sums);
                    panel = panel.add(stride);
                }
            }
            for step in whole..length {
                add_step::<S, N, PAIRS>(rows, step, panel, &mut sums);
                panel = panel.add(stride);
            }
        }
        sums
    }
}

/// Adds each row's number of one step times the panel's row of that step.
///
/// # Safety
/// As [`Simd`]; every start is valid for `step + 1` floats, and `panel` for N vectors.
#[inline(always)]
unsafe fn add_step<S: Simd, const N: usize, const PAIRS: bool>(
    rows: &Starts,
    step: usize,
    panel: *const f32,
    sums: &mut [[S::V; N]; TILE_ROWS],
) {
    // SAFETY: the caller's.
    unsafe {
        let mut right = [S::splat(0.0); N];
        for (vector, right) in right.iter_mut().enumerate() {
            *right = S::load(panel.add(vector * S::LANES));
        }
        for (row, sums) in rows.iter().zip(sums) {
            let left = S::splat(*row.add(step));
            for (right, sum) in right.iter().zip(sums) {
                *sum = if PAIRS { S::add_pairs(left, *right, *sum) } else { S::mul_add(left, *right, *sum) };
            }
        }
    }
}
