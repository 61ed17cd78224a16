//! Matrix products with packed weights: rows from anywhere, and everything that follows a product done as it is stored.

use rayon::prelude::*;
use std::cell::Cell;
use std::ops::Range;

use super::ShapeError;
use super::ahead::{Ahead, Share};
use super::aligned::Aligned;
use super::epilogue::Epilogue;
use super::integer_panel::{Groups, IntegerPanel};
use super::integers::IntegerRows;
use super::math;
use super::panel::{PackedMatrix, Panel};
use super::rows::{DenseRows, Rows, TILE_ROWS, round_rows};
use super::scratch::with_kept;
use super::simd::{Kernel, Simd};
use super::stop::Asked;
use super::tile::{STEPS_BETWEEN_FETCHES, Starts, tile};

/// Tiles of one task's rows: few enough that the rows stay in the cache while the panels pass.
const TILES_PER_BLOCK: usize = 16;

/// The same where panels are widened for each task, that widening is little beside the products, and where whole numbers are
/// multiplied, whose rows are half as long.
const LONGER_TILES_PER_BLOCK: usize = 32;

/// A pointer that tasks may share: each writes rows and columns of its own.
#[derive(Clone, Copy)]
pub(super) struct SharedPointer(pub *mut f32);

// SAFETY: whoever shares it sees to it that no two tasks write the same place.
unsafe impl Send for SharedPointer {}
// SAFETY: as above.
unsafe impl Sync for SharedPointer {}

impl SharedPointer {
    pub(super) fn at(self, index: usize) -> *mut f32 {
        // A method, so that closures capture the whole and not the bare pointer.
        self.0.wrapping_add(index)
    }
}

/// `out[rows, columns] = epilogue(rows · matrix)`.
///
/// # Errors
/// When rows, epilogue or output are not the matrix's.
pub(super) fn product(
    rows: &dyn Rows,
    matrix: &PackedMatrix,
    epilogue: &Epilogue,
    out: &mut [f32],
) -> Result<(), ShapeError> {
    let (count, columns) = (rows.count(), matrix.columns());
    let depth = (0..rows.segments()).map(|segment| rows.segment_length(segment)).sum::<usize>();
    if out.len() != count * columns || depth != matrix.depth() {
        let found = out.len();
        return Err(ShapeError(format!("{count} rows of {depth} do not become {found} values of {columns} columns")));
    }
    epilogue.check(count, columns)?;
    if count == 0 {
        return Ok(());
    }
    let is_longer = matrix.is_in_blocks() || matrix.integer_groups().is_some();
    let tiles_per_task = if is_longer { LONGER_TILES_PER_BLOCK } else { TILES_PER_BLOCK };
    let rows_per_task = TILE_ROWS * tiles_per_task;
    let row_blocks = count.div_ceil(rows_per_task);
    let panels = matrix.panel_count();
    // Where there are few rows, the columns are shared out among the threads instead.
    let wanted_tasks = 4 * rayon::current_num_threads();
    let groups = wanted_tasks.div_ceil(row_blocks).clamp(1, panels);
    let panels_per_group = panels.div_ceil(groups);
    let groups = panels.div_ceil(panels_per_group);
    let shared = SharedPointer(out.as_mut_ptr());
    let stop = Asked::here();
    (0..row_blocks * groups).into_par_iter().with_max_len(1).for_each(|task| {
        if stop.is_set() {
            return;
        }
        let (block, group) = (task / groups, task % groups);
        let first_row = block * rows_per_task;
        with_kept(&SCRATCH, |scratch| {
            let task = ProductTask {
                rows,
                first_row,
                row_count: rows_per_task.min(count - first_row),
                panels: group * panels_per_group..panels.min((group + 1) * panels_per_group),
                matrix,
                epilogue,
                out: shared,
                scratch,
            };
            match matrix.integer_groups() {
                Some(groups) => matrix.level().run_integers(IntegerTask(task, groups)),
                None => matrix.level().run(task),
            }
        });
    });
    Ok(())
}

thread_local! {
    static SCRATCH: Cell<Scratch> = Cell::default();
}

#[derive(Default)]
struct Scratch {
    starts: Vec<Starts>,
    widened: Aligned<f32>,
    gathered: Vec<f32>,
    pairs: Vec<f32>,
    integer_rows: IntegerRows,
    integers: IntegerPanel,
}

/// Some rows times some panels.
struct ProductTask<'a> {
    rows: &'a dyn Rows,
    first_row: usize,
    row_count: usize,
    panels: Range<usize>,
    matrix: &'a PackedMatrix,
    epilogue: &'a Epilogue<'a>,
    out: SharedPointer,
    scratch: &'a mut Scratch,
}

impl Kernel for ProductTask<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Scratch { starts, widened, gathered, pairs, .. } = self.scratch;
        let (at_once, depth) = (self.matrix.steps_at_once(), self.matrix.steps_of_panel());
        let in_pairs;
        let (rows, first_row): (&dyn Rows, usize) = if self.matrix.is_in_pairs() {
            round_rows::<S>(self.rows, self.first_row, self.row_count, gathered, pairs);
            in_pairs = DenseRows { values: pairs, depth, at_once };
            (&in_pairs, 0)
        } else {
            (self.rows, self.first_row)
        };
        let segments = rows.segments();
        let tiles = self.row_count.div_ceil(TILE_ROWS);
        starts.clear();
        for tile in 0..tiles {
            for segment in 0..segments {
                starts.push(std::array::from_fn(|row| {
                    // Rows past the end repeat the last: they are computed and not stored.
                    let row = (tile * TILE_ROWS + row).min(self.row_count - 1);
                    rows.start(first_row + row, segment)
                }));
            }
        }
        let (mut segment, mut step) = (0, 0);
        while segment < segments {
            let length = rows.segment_length(segment);
            let together = (at_once / length.max(1)).clamp(1, segments - segment);
            // A shorter last segment comes alone.
            let together = if rows.segment_length(segment + together - 1) == length { together } else { 1 };
            let steps = together * length;
            for index in self.panels.clone() {
                let panel = self.matrix.panel(index);
                let ahead = next(self.matrix, &self.panels, index, step, steps);
                let values = self.matrix.steps::<S>(&panel, step, steps, widened);
                for tile in 0..tiles {
                    let block = OutputBlock {
                        matrix: self.matrix,
                        epilogue: self.epilogue,
                        panel: &panel,
                        first_row: self.first_row + tile * TILE_ROWS,
                        rows: TILE_ROWS.min(self.row_count - tile * TILE_ROWS),
                        out: self.out,
                        adds: segment > 0,
                        ends: segment + together == segments,
                    };
                    let starts = &starts[tile * segments + segment..][..together];
                    let share = ahead.share((tile, tiles), together * (length / STEPS_BETWEEN_FETCHES));
                    // SAFETY: `starts` are valid for `length` floats each, `values` holds a row of the panel for each
                    // of the steps, and the block's rows and columns lie inside `out`, which no other task writes.
                    unsafe {
                        match panel.vectors {
                            1 => block.compute::<S, 1>(starts, length, values, share),
                            2 => block.compute::<S, 2>(starts, length, values, share),
                            3 => block.compute::<S, 3>(starts, length, values, share),
                            _ => block.compute::<S, 4>(starts, length, values, share),
                        }
                    }
                }
            }
            segment += together;
            step += steps;
        }
    }
}

/// The memory of what comes after so many steps of one of `panels`.
fn next(matrix: &PackedMatrix, panels: &Range<usize>, index: usize, step: usize, steps: usize) -> Ahead {
    let (index, step) = if index + 1 < panels.end { (index + 1, step) } else { (panels.start, step + steps) };
    let left = matrix.steps_of_panel() - step;
    if left == 0 { Ahead::NOTHING } else { matrix.stored(&matrix.panel(index), step, steps.min(left)) }
}

/// The same with weights that are multiplied as whole numbers.
struct IntegerTask<'a>(ProductTask<'a>, Groups);

impl Kernel for IntegerTask<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self(task, groups) = self;
        let Scratch { integer_rows: rows, integers, .. } = task.scratch;
        rows.round::<S>(task.rows, task.first_row, task.row_count, groups);
        let depth = task.matrix.depth();
        let most = task.matrix.steps_at_once();
        for first_step in (0..depth).step_by(most) {
            let steps = most.min(depth - first_step);
            for index in task.panels.clone() {
                let panel = task.matrix.panel(index);
                let ahead = next(task.matrix, &task.panels, index, first_step, steps);
                let numbers = integers.read::<S>(task.matrix, &panel, first_step, steps);
                for first in (0..task.row_count).step_by(TILE_ROWS) {
                    let share = (first / TILE_ROWS, task.row_count.div_ceil(TILE_ROWS));
                    let share = || ahead.share(share, steps / groups.steps);
                    let block = OutputBlock {
                        matrix: task.matrix,
                        epilogue: task.epilogue,
                        panel: &panel,
                        first_row: task.first_row + first,
                        rows: TILE_ROWS.min(task.row_count - first),
                        out: task.out,
                        adds: first_step > 0,
                        ends: first_step + steps == depth,
                    };
                    let of = (first, task.row_count - 1);
                    // SAFETY: the block's rows and columns lie inside `out`, which no other task writes.
                    unsafe {
                        match panel.vectors {
                            1 => block.finish::<S, 1>(&rows.tile::<S, 1>(of, first_step, numbers, groups, share())),
                            2 => block.finish::<S, 2>(&rows.tile::<S, 2>(of, first_step, numbers, groups, share())),
                            3 => block.finish::<S, 3>(&rows.tile::<S, 3>(of, first_step, numbers, groups, share())),
                            _ => block.finish::<S, 4>(&rows.tile::<S, 4>(of, first_step, numbers, groups, share())),
                        }
                    }
                }
            }
        }
    }
}

/// Where a tile's sums go, and what becomes of them.
struct OutputBlock<'a> {
    matrix: &'a PackedMatrix,
    epilogue: &'a Epilogue<'a>,
    panel: &'a Panel,
    first_row: usize,
    rows: usize,
    out: SharedPointer,
    /// To what earlier segments gave.
    adds: bool,
    /// No segment follows.
    ends: bool,
}

impl OutputBlock<'_> {
    /// # Safety
    /// As [`Simd`]; every start is valid for `length` floats, `values` holds a row of the panel for each step, and the
    /// block's rows and columns lie inside of `out`, where no other task writes them.
    #[inline(always)]
    unsafe fn compute<S: Simd, const N: usize>(&self, starts: &[Starts], length: usize, values: &[f32], share: Share) {
        debug_assert_eq!(values.len(), starts.len() * length * N * S::LANES);
        // SAFETY: as this function's contract; `tile` and the stores need nothing else.
        unsafe {
            let sums = if self.matrix.is_in_pairs() {
                tile::<S, N, true>(starts, length, (values.as_ptr(), N * S::LANES), share)
            } else {
                tile::<S, N, false>(starts, length, (values.as_ptr(), N * S::LANES), share)
            };
            self.finish::<S, N>(&sums);
        }
    }

    /// # Safety
    /// As [`Simd`], and as [`OutputBlock::compute`] of the block.
    #[inline(always)]
    unsafe fn finish<S: Simd, const N: usize>(&self, sums: &[[S::V; N]; TILE_ROWS]) {
        // SAFETY: the caller's.
        unsafe {
            if self.matrix.is_gated() {
                self.store_gated::<S, N>(sums);
            } else {
                self.store::<S, N>(sums);
            }
        }
    }

    /// # Safety
    /// As [`OutputBlock::compute`].
    #[inline(always)]
    unsafe fn store<S: Simd, const N: usize>(&self, sums: &[[S::V; N]; TILE_ROWS]) {
        let columns = self.matrix.columns();
        let bias = self.matrix.bias()[self.panel.bias_start..].as_ptr();
        for (row, sums) in sums.iter().enumerate().take(self.rows) {
            let row = self.first_row + row;
            for (vector, sum) in sums.iter().enumerate() {
                let offset = vector * S::LANES;
                let column = self.panel.first_column + offset;
                let count = (self.panel.columns - offset).min(S::LANES);
                let place = row * columns + column;
                // SAFETY: `count` columns from `place` on lie inside the output and inside whatever is as large; the
                // bias is filled up to whole vectors.
                unsafe {
                    let out = self.out.at(place);
                    let mut value = if self.adds { S::add(*sum, S::load_some(out, count)) } else { *sum };
                    if self.ends {
                        value = self.epilogue.applied::<S>(value, bias.add(offset), row, columns, column, count);
                    }
                    S::store_some(out, value, count);
                }
            }
        }
    }

    /// The first half of the vectors times the GELU of the second.
    ///
    /// # Safety
    /// As [`OutputBlock::compute`].
    #[inline(always)]
    unsafe fn store_gated<S: Simd, const N: usize>(&self, sums: &[[S::V; N]; TILE_ROWS]) {
        let columns = self.matrix.columns();
        let bias = self.matrix.bias()[self.panel.bias_start..].as_ptr();
        for (row, sums) in sums.iter().enumerate().take(self.rows) {
            for vector in 0..N / 2 {
                let offset = vector * S::LANES;
                let count = (self.panel.columns - offset).min(S::LANES);
                // SAFETY: as in `store`; the gates' biases follow the values'.
                unsafe {
                    let value = S::add(sums[vector], S::load(bias.add(offset)));
                    let gate = S::add(sums[N / 2 + vector], S::load(bias.add((N / 2 + vector) * S::LANES)));
                    let place = (self.first_row + row) * columns + self.panel.first_column + offset;
                    S::store_some(self.out.at(place), S::mul(value, math::gelu::<S>(gate)), count);
                }
            }
        }
    }
}
