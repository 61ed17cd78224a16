//! 3×3 convolution by Winograd's minimal filtering: F(2×2, 3×3) does 16 products where the direct way does 36, and
//! F(4×4, 3×3) 36 where it does 144 ("Fast Algorithms for Convolutional Neural Networks", Lavin and Gray).

// Columns of small output tiles become rows: their places are counted.
#![allow(clippy::needless_range_loop)]

mod input;
mod output_tile;
mod transform;
mod weights;

use std::cell::Cell;
use std::marker::PhantomData;

use rayon::prelude::*;

use self::input::{OutputGrid, TransformInput};
pub use self::output_tile::OutputTile;
use self::transform::{F2x2, F4x4, Transform};
use self::weights::TransformWeights;
use super::ahead::Ahead;
use super::aligned::Aligned;
use super::epilogue::Epilogue;
use super::map::Map;
use super::numbers::{WeightSlice, as_it_is, widen_bf16, widen_f16};
use super::pixels::{Pixels, Steps};
use super::pool::Buffer;
use super::product::SharedPointer;
use super::rows::TILE_ROWS;
use super::scratch::with_kept;
use super::simd::{Kernel, Level, Simd};
use super::stop::Asked;
use super::tile::{STEPS_BETWEEN_FETCHES, Starts, tile};
use super::{ShapeError, TAPS};

/// The transformed input of a chunk of output tiles is about so large: it must outlive the passes of all panels in the cache.
const CHUNK_BYTES: usize = 8 << 20;

/// Products of one task at each column: its rows of one point stay in the cache while the panels of a group pass, and
/// its sums until they are pixels.
const ROWS_PER_TASK: usize = 1536;

/// Columns of the panels that are worked through together.
const COLUMNS_PER_TASK: usize = 64;

/// Between two points' planes, so that they do not fall onto the same cache lines.
const PLANE_GAP: usize = 16;

/// Transformed weights, panel by panel: `(points, inputs, a panel's columns)` each.
pub(crate) struct Winograd {
    values: Aligned<f32>,
    bias: Vec<f32>,
    inputs: usize,
    outputs: usize,
    output_tile: OutputTile,
    level: Level,
}

impl Winograd {
    /// `weight` `(outputs, inputs, 3, 3)`.
    ///
    /// # Errors
    /// When the weight has another size.
    pub(crate) fn new(
        output_tile: OutputTile,
        weight: WeightSlice,
        bias: &[f32],
        inputs: usize,
        level: Level,
    ) -> Result<Self, ShapeError> {
        let outputs = bias.len();
        if weight.len() != outputs * inputs * TAPS {
            return Err(ShapeError(format!(
                "{} weights are no 3×3 convolution of {inputs} to {outputs} channels",
                weight.len()
            )));
        }
        let width = level.panel_width();
        let panels = outputs.div_ceil(width);
        let mut packed_bias = vec![0.0; panels * width];
        packed_bias[..outputs].copy_from_slice(bias);
        let mut this = Self { values: Aligned::default(), bias: packed_bias, inputs, outputs, output_tile, level };
        this.values = match weight {
            WeightSlice::F32(from) => this.pack(from, as_it_is),
            WeightSlice::F16(from) => this.pack(from, widen_f16),
            WeightSlice::Bf16(from) => this.pack(from, widen_bf16),
            WeightSlice::Blocks(_) => return Err(ShapeError("quantised weights cannot be transformed".to_owned())),
        };
        Ok(this)
    }

    /// `convert` gives a part of a row in single precision, in the buffer that it is given or as it is.
    fn pack<F: Copy + Sync>(
        &self,
        from: &[F],
        convert: impl for<'a> Fn(&'a [F], &'a mut [f32]) -> &'a [f32] + Copy + Sync,
    ) -> Aligned<f32> {
        let width = self.level.panel_width();
        let last = self.outputs.div_ceil(width) - 1;
        let mut values =
            Aligned::<f32>::zeros((last * width + self.panel_stride(last)) * self.output_tile.points() * self.inputs);
        let panels = values.par_chunks_mut(width * self.output_tile.points() * self.inputs).enumerate();
        panels.for_each(|(panel, out)| {
            let inputs = self.inputs;
            let rows = &from[panel * width * inputs * TAPS..from.len().min((panel + 1) * width * inputs * TAPS)];
            match self.output_tile {
                OutputTile::TwoByTwo => {
                    self.level.run(TransformWeights::<_, _, F2x2, 2, 4> {
                        rows,
                        inputs,
                        convert,
                        out,
                        by: PhantomData,
                    });
                }
                OutputTile::FourByFour => {
                    self.level.run(TransformWeights::<_, _, F4x4, 4, 6> {
                        rows,
                        inputs,
                        convert,
                        out,
                        by: PhantomData,
                    });
                }
            }
        });
        values
    }

    /// What the transformed weights of such a layer will take.
    #[must_use]
    pub(crate) fn bytes_of(output_tile: OutputTile, (inputs, outputs): (usize, usize), level: Level) -> usize {
        let values = outputs.next_multiple_of(level.lanes()) * output_tile.points() * inputs;
        (values + outputs.next_multiple_of(level.panel_width())) * size_of::<f32>()
    }

    /// The buffer that it takes for a picture of `batch` × `height` × `width`.
    #[must_use]
    pub(crate) fn scratch_floats(
        output_tile: OutputTile,
        inputs: usize,
        (batch, height, width): (usize, usize, usize),
    ) -> usize {
        let output_tiles = batch * height.div_ceil(output_tile.side()) * width.div_ceil(output_tile.side());
        output_tile.points() * chunk(inputs, output_tile.points(), output_tiles).1
    }

    #[must_use]
    pub(crate) fn bytes(&self) -> usize {
        (self.values.len() + self.bias.len()) * size_of::<f32>()
    }

    /// Columns of a panel, those that are only there to fill up vectors included.
    fn panel_stride(&self, panel: usize) -> usize {
        let width = self.level.panel_width();
        let columns = width.min(self.outputs - panel * width);
        columns.next_multiple_of(self.level.lanes())
    }

    /// The weights of one point, input after input.
    fn panel(&self, panel: usize, point: usize) -> &[f32] {
        let of_point = self.inputs * self.panel_stride(panel);
        let start = panel * self.level.panel_width() * self.output_tile.points() * self.inputs;
        &self.values[start + point * of_point..][..of_point]
    }

    /// `out` `(batch, height, width, outputs)`.
    pub(super) fn forward(
        &self,
        x: &Map,
        size: (usize, usize),
        epilogue: &Epilogue,
        out: &mut [f32],
    ) -> Result<(), ShapeError> {
        match self.output_tile {
            OutputTile::TwoByTwo => self.forward_by::<F2x2, 2, 4>(x, size, epilogue, out),
            OutputTile::FourByFour => self.forward_by::<F4x4, 4, 6>(x, size, epilogue, out),
        }
    }

    fn forward_by<W: Transform<OUT, SIDE>, const OUT: usize, const SIDE: usize>(
        &self,
        x: &Map,
        (height, width): (usize, usize),
        epilogue: &Epilogue,
        out: &mut [f32],
    ) -> Result<(), ShapeError> {
        let pixels = x.batch * height * width;
        if out.len() != pixels * self.outputs {
            return Err(ShapeError(format!("{pixels} pixels do not become {} values", out.len())));
        }
        epilogue.check(pixels, self.outputs)?;
        let points = SIDE * SIDE;
        let grid = OutputGrid { height, width, tiles_down: height.div_ceil(OUT), tiles_across: width.div_ceil(OUT) };
        let pixels = Pixels::new(x, height, width, Steps::SAME, OUT * grid.tiles_down + 2, OUT * grid.tiles_across + 2);
        let output_tiles = x.batch * grid.tiles_down * grid.tiles_across;
        let (at_once, plane) = chunk(self.inputs, points, output_tiles);
        let mut transformed = Buffer::take(points * plane);
        let panel_width = self.level.panel_width();
        let panels = self.outputs.div_ceil(panel_width);
        let together = (COLUMNS_PER_TASK / panel_width).max(1);
        let groups = panels.div_ceil(together);
        let per_task = ROWS_PER_TASK / points / TILE_ROWS * TILE_ROWS;
        let output = SharedPointer(out.as_mut_ptr());
        let stop = Asked::here();
        for first in (0..output_tiles).step_by(at_once) {
            let count = at_once.min(output_tiles - first);
            let into = SharedPointer(transformed.as_mut_ptr());
            (0..count.div_ceil(TILE_ROWS)).into_par_iter().for_each(|block| {
                let start = block * TILE_ROWS;
                let output_tiles = start..count.min(start + TILE_ROWS);
                let by = PhantomData::<W>;
                self.level.run(TransformInput { pixels: &pixels, grid, first, output_tiles, plane, into, by });
            });
            let blocks = count.div_ceil(per_task);
            (0..groups * blocks).into_par_iter().with_max_len(1).for_each(|task| {
                if stop.is_set() {
                    return;
                }
                let start = task % blocks * per_task;
                let first_panel = task / blocks * together;
                with_kept(&SUMS, |sums| {
                    self.level.run(PanelTask {
                        weights: self,
                        panels: first_panel..panels.min(first_panel + together),
                        transformed: &transformed,
                        plane,
                        first,
                        output_tiles: start..count.min(start + per_task),
                        grid,
                        epilogue,
                        out: output,
                        sums,
                        by: PhantomData::<W>,
                    });
                });
            });
        }
        Ok(())
    }
}

/// How many output tiles are transformed at once, and the floats of one point's plane of them.
fn chunk(inputs: usize, points: usize, output_tiles: usize) -> (usize, usize) {
    let wanted = (CHUNK_BYTES / (points * inputs * size_of::<f32>())).max(TILE_ROWS * 8) / TILE_ROWS * TILE_ROWS;
    let at_once = wanted.min(output_tiles.next_multiple_of(TILE_ROWS));
    (at_once, at_once * inputs + PLANE_GAP)
}

thread_local! {
    static SUMS: Cell<Aligned<f32>> = Cell::default();
}

/// Some panels' products at all points for some output tiles, and the way back to pixels.
struct PanelTask<'a, W, const OUT: usize, const SIDE: usize> {
    weights: &'a Winograd,
    panels: std::ops::Range<usize>,
    transformed: &'a [f32],
    plane: usize,
    first: usize,
    output_tiles: std::ops::Range<usize>,
    grid: OutputGrid,
    epilogue: &'a Epilogue<'a>,
    out: SharedPointer,
    sums: &'a mut Aligned<f32>,
    by: PhantomData<W>,
}

impl<W: Transform<OUT, SIDE>, const OUT: usize, const SIDE: usize> Kernel for PanelTask<'_, W, OUT, SIDE> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let count = self.output_tiles.len();
        let panel_sums = SIDE * SIDE * self.padded() * S::LANES * S::PANEL_VECTORS;
        let mut kept = std::mem::take(self.sums);
        let sums = kept.sized(self.panels.len() * panel_sums);
        let all = || self.panels.clone().map(|panel| (panel, self.weights.panel_stride(panel) / S::LANES));
        for point in 0..SIDE * SIDE {
            for ((panel, vectors), sums) in all().zip(sums.chunks_exact_mut(panel_sums)) {
                match vectors {
                    1 => self.multiply::<S, 1>(panel, point, sums),
                    2 => self.multiply::<S, 2>(panel, point, sums),
                    3 => self.multiply::<S, 3>(panel, point, sums),
                    _ => self.multiply::<S, 4>(panel, point, sums),
                }
            }
        }
        for ((panel, vectors), sums) in all().zip(sums.chunks_exact(panel_sums)) {
            for output_tile in 0..count {
                match vectors {
                    1 => self.untransform::<S, 1>(panel, output_tile, sums),
                    2 => self.untransform::<S, 2>(panel, output_tile, sums),
                    3 => self.untransform::<S, 3>(panel, output_tile, sums),
                    _ => self.untransform::<S, 4>(panel, output_tile, sums),
                }
            }
        }
        *self.sums = kept;
    }
}

impl<W: Transform<OUT, SIDE>, const OUT: usize, const SIDE: usize> PanelTask<'_, W, OUT, SIDE> {
    /// Squares, those included that fill up the last tile.
    fn padded(&self) -> usize {
        self.output_tiles.len().next_multiple_of(TILE_ROWS)
    }

    /// The sums of one panel at one point, for all output tiles.
    #[inline(always)]
    fn multiply<S: Simd, const N: usize>(&self, panel: usize, point: usize, sums: &mut [f32]) {
        let stride = N * S::LANES;
        let inputs = self.weights.inputs;
        let ahead = if panel + 1 < self.panels.end {
            self.weights.panel(panel + 1, point)
        } else if point + 1 < SIDE * SIDE {
            self.weights.panel(self.panels.start, point + 1)
        } else {
            &[]
        };
        let panel = self.weights.panel(panel, point);
        let rows = &self.transformed[point * self.plane..(point + 1) * self.plane];
        let (count, padded) = (self.output_tiles.len(), self.padded());
        let sums = &mut sums[point * padded * stride..(point + 1) * padded * stride];
        for first in (0..count).step_by(TILE_ROWS) {
            // Squares past the end repeat the last: computed and not used.
            let starts: Starts = std::array::from_fn(|row| {
                let output_tile = self.output_tiles.start + (first + row).min(count - 1);
                rows[output_tile * inputs..(output_tile + 1) * inputs].as_ptr()
            });
            // SAFETY: each row has `inputs` values, the panel as many rows of N vectors, and the sums are as long as
            // whole tiles.
            unsafe {
                let share = (first / TILE_ROWS, padded / TILE_ROWS);
                let share = Ahead::of(ahead).share(share, inputs / STEPS_BETWEEN_FETCHES);
                let tile = tile::<S, N, false>(&[starts], inputs, (panel.as_ptr(), stride), share);
                for (row, vectors) in tile.iter().enumerate() {
                    for (vector, sum) in vectors.iter().enumerate() {
                        let place = (first + row) * stride + vector * S::LANES;
                        S::store(sums.as_mut_ptr().add(place), *sum);
                    }
                }
            }
        }
    }

    /// Aᵀ·m·A of one output tile, stored as the pixels that lie inside the picture.
    #[inline(always)]
    fn untransform<S: Simd, const N: usize>(&self, panel: usize, index: usize, sums: &[f32]) {
        let stride = N * S::LANES;
        let outputs = self.weights.outputs;
        let padded = self.padded();
        let (picture, row, column) = self.grid.place(self.first + self.output_tiles.start + index);
        let first_column = panel * S::LANES * S::PANEL_VECTORS;
        let bias = self.weights.bias[first_column..].as_ptr();
        for vector in 0..N {
            let channel = first_column + vector * S::LANES;
            let count = (outputs - channel).min(S::LANES);
            // SAFETY: the sums hold whole vectors for every point; the pixels lie inside the output, and this panel's
            // columns of them are this task's alone.
            unsafe {
                let mut half = [[S::splat(0.0); SIDE]; OUT];
                for x in 0..SIDE {
                    let line = std::array::from_fn(|y| {
                        let place = ((y * SIDE + x) * padded + index) * stride + vector * S::LANES;
                        S::load(sums.as_ptr().add(place))
                    });
                    for (y, value) in W::output::<S>(line).into_iter().enumerate() {
                        half[y][x] = value;
                    }
                }
                for (dy, line) in half.into_iter().enumerate() {
                    for (dx, value) in W::output::<S>(line).into_iter().enumerate() {
                        let (y, x) = (OUT * row + dy, OUT * column + dx);
                        if y >= self.grid.height || x >= self.grid.width {
                            continue;
                        }
                        let pixel = (picture * self.grid.height + y) * self.grid.width + x;
                        let bias = bias.add(vector * S::LANES);
                        let value = self.epilogue.applied::<S>(value, bias, pixel, outputs, channel, count);
                        S::store_some(self.out.at(pixel * outputs + channel), value, count);
                    }
                }
            }
        }
    }
}
