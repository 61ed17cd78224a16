//! 3×3 convolution by Winograd's F(2×2, 3×3): 16 products where the direct way takes 36 ("Fast Algorithms for
//! Convolutional Neural Networks", Lavin and Gray).

use rayon::prelude::*;

use super::ShapeError;
use super::map::Map;
use super::numbers::Source;
use super::pixels::{Pixels, Steps};
use super::pool::Buffer;
use super::product::{Finish, Shared, Starts, TILE_ROWS, tile};
use super::simd::{Kernel, Level, Simd};

/// Points of the transform: a 4×4 square of the input.
const POINTS: usize = 16;

/// The transformed input of a chunk of squares is about so large: it must outlive the passes of all panels in the cache.
const CHUNK_BYTES: usize = 8 << 20;

/// Squares of one task: its rows of one point stay in the cache while the panels of a group pass.
const SQUARES_PER_TASK: usize = 16 * TILE_ROWS;

/// Columns of the panels that are worked through together.
const COLUMNS_PER_TASK: usize = 64;

/// Between two points' planes, so that they do not fall onto the same cache lines.
const PLANE_GAP: usize = 16;

/// Transformed weights, panel by panel: `(points, inputs, a panel's columns)` each.
pub struct Winograd {
    values: Vec<f32>,
    bias: Vec<f32>,
    inputs: usize,
    outputs: usize,
    level: Level,
}

impl Winograd {
    /// `weight` `(outputs, inputs, 3, 3)`.
    ///
    /// # Errors
    /// When the weight has another size.
    pub fn new(weight: Source, bias: &[f32], inputs: usize, level: Level) -> Result<Self, ShapeError> {
        let outputs = bias.len();
        if weight.len() != outputs * inputs * 9 {
            return Err(ShapeError(format!(
                "{} weights are no 3×3 convolution of {inputs} to {outputs} channels",
                weight.len()
            )));
        }
        let width = level.panel_width();
        let panels = outputs.div_ceil(width);
        let mut packed_bias = vec![0.0; panels * width];
        packed_bias[..outputs].copy_from_slice(bias);
        let mut this = Self { values: Vec::new(), bias: packed_bias, inputs, outputs, level };
        this.values = match weight {
            Source::F32(from) => this.pack(from, |value| value),
            Source::F16(from) => this.pack(from, half::f16::to_f32),
            Source::Bf16(from) => this.pack(from, half::bf16::to_f32),
        };
        Ok(this)
    }

    fn pack<F: Copy + Sync>(&self, from: &[F], of: impl Fn(F) -> f32 + Sync) -> Vec<f32> {
        let width = self.level.panel_width();
        let last = self.outputs.div_ceil(width) - 1;
        let mut values = vec![0f32; (last * width + self.panel_stride(last)) * POINTS * self.inputs];
        values.par_chunks_mut(width * POINTS * self.inputs).enumerate().for_each(|(panel, out)| {
            let stride = self.panel_stride(panel);
            let columns = width.min(self.outputs - panel * width);
            for input in 0..self.inputs {
                for lane in 0..columns {
                    let start = ((panel * width + lane) * self.inputs + input) * 9;
                    let taps = std::array::from_fn(|tap| of(from[start + tap]));
                    for (point, value) in transformed_weight(&taps).into_iter().enumerate() {
                        out[(point * self.inputs + input) * stride + lane] = value;
                    }
                }
            }
        });
        values
    }

    /// What the transformed weights of such a layer will take.
    #[must_use]
    pub fn bytes_of(inputs: usize, outputs: usize, level: Level) -> usize {
        let values = outputs.next_multiple_of(level.lanes()) * POINTS * inputs;
        (values + outputs.next_multiple_of(level.panel_width())) * size_of::<f32>()
    }

    /// The buffer that so many squares of 2×2 take.
    #[must_use]
    pub fn scratch_floats(inputs: usize, squares: usize) -> usize {
        POINTS * chunk(inputs, squares).1
    }

    #[must_use]
    pub fn bytes(&self) -> usize {
        (self.values.len() + self.bias.len()) * size_of::<f32>()
    }

    /// Columns of a panel, those that are only there to fill up vectors included.
    fn panel_stride(&self, panel: usize) -> usize {
        let width = self.level.panel_width();
        let columns = width.min(self.outputs - panel * width);
        columns.next_multiple_of(self.level.lanes())
    }

    /// `out` `(batch, height, width, outputs)`.
    pub(super) fn forward(&self, x: &Map, (height, width): (usize, usize), finish: &Finish, out: &mut [f32]) {
        assert_eq!(out.len(), x.batch * height * width * self.outputs, "the output's size");
        finish.check(out.len());
        let grid = Grid { height, width, high: height.div_ceil(2), wide: width.div_ceil(2) };
        let pixels = Pixels::new(x, height, width, Steps::SAME, 2 * grid.high + 2, 2 * grid.wide + 2);
        let squares = x.batch * grid.high * grid.wide;
        let (at_once, plane) = chunk(self.inputs, squares);
        let mut transformed = Buffer::take(POINTS * plane);
        let panel_width = self.level.panel_width();
        let panels = self.outputs.div_ceil(panel_width);
        let together = (COLUMNS_PER_TASK / panel_width).max(1);
        let groups = panels.div_ceil(together);
        let output = Shared(out.as_mut_ptr());
        for first in (0..squares).step_by(at_once) {
            let count = at_once.min(squares - first);
            let into = Shared(transformed.as_mut_ptr());
            (0..count.div_ceil(TILE_ROWS)).into_par_iter().for_each(|block| {
                let start = block * TILE_ROWS;
                let squares = start..count.min(start + TILE_ROWS);
                self.level.run(TransformInput { pixels: &pixels, grid, first, squares, plane, into });
            });
            let blocks = count.div_ceil(SQUARES_PER_TASK);
            (0..groups * blocks).into_par_iter().with_max_len(1).for_each_init(Vec::new, |sums, task| {
                let start = task % blocks * SQUARES_PER_TASK;
                let first_panel = task / blocks * together;
                self.level.run(PanelTask {
                    weights: self,
                    panels: first_panel..panels.min(first_panel + together),
                    transformed: &transformed,
                    plane,
                    first,
                    squares: start..count.min(start + SQUARES_PER_TASK),
                    grid,
                    finish,
                    out: output,
                    sums,
                });
            });
        }
    }
}

/// How many squares are transformed at once, and the floats of one point's plane of them.
fn chunk(inputs: usize, squares: usize) -> (usize, usize) {
    let wanted = (CHUNK_BYTES / (POINTS * inputs * size_of::<f32>())).max(TILE_ROWS * 8) / TILE_ROWS * TILE_ROWS;
    let at_once = wanted.min(squares.next_multiple_of(TILE_ROWS));
    (at_once, at_once * inputs + PLANE_GAP)
}

/// The output in squares of 2×2.
#[derive(Clone, Copy)]
struct Grid {
    height: usize,
    width: usize,
    high: usize,
    wide: usize,
}

impl Grid {
    /// Picture, row and column of a square.
    fn place(&self, square: usize) -> (usize, usize, usize) {
        let (picture, inside) = (square / (self.high * self.wide), square % (self.high * self.wide));
        (picture, inside / self.wide, inside % self.wide)
    }
}

/// G·g·Gᵀ
fn transformed_weight(taps: &[f32; 9]) -> [f32; POINTS] {
    let mut rows = [[0f32; 3]; 4];
    for column in 0..3 {
        let [a, b, c] = [taps[column], taps[3 + column], taps[6 + column]];
        rows[0][column] = a;
        rows[1][column] = 0.5 * (a + b + c);
        rows[2][column] = 0.5 * (a - b + c);
        rows[3][column] = c;
    }
    let mut points = [0f32; POINTS];
    for (row, [a, b, c]) in rows.into_iter().enumerate() {
        points[row * 4] = a;
        points[row * 4 + 1] = 0.5 * (a + b + c);
        points[row * 4 + 2] = 0.5 * (a - b + c);
        points[row * 4 + 3] = c;
    }
    points
}

/// Bᵀ·d·B for some squares.
struct TransformInput<'a> {
    pixels: &'a Pixels<'a>,
    grid: Grid,
    /// The chunk's first square.
    first: usize,
    /// Within the chunk.
    squares: std::ops::Range<usize>,
    plane: usize,
    into: Shared,
}

impl Kernel for TransformInput<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let channels = self.pixels.channels();
        for square in self.squares {
            let (picture, row, column) = self.grid.place(self.first + square);
            let at: [*const f32; POINTS] =
                std::array::from_fn(|point| self.pixels.at(picture, 2 * row + point / 4, 2 * column + point % 4));
            for channel in (0..channels).step_by(S::LANES) {
                let count = (channels - channel).min(S::LANES);
                // SAFETY: every pixel has all channels, and the square's place in each plane is this task's alone.
                unsafe {
                    let mut d = [S::splat(0.0); POINTS];
                    for (value, at) in d.iter_mut().zip(&at) {
                        *value = S::load_some(at.add(channel), count);
                    }
                    let mut half = d;
                    for x in 0..4 {
                        half[x] = S::sub(d[x], d[8 + x]);
                        half[4 + x] = S::add(d[4 + x], d[8 + x]);
                        half[8 + x] = S::sub(d[8 + x], d[4 + x]);
                        half[12 + x] = S::sub(d[4 + x], d[12 + x]);
                    }
                    for y in 0..4 {
                        let [a, b, c, d] = [half[4 * y], half[4 * y + 1], half[4 * y + 2], half[4 * y + 3]];
                        let values = [S::sub(a, c), S::add(b, c), S::sub(c, b), S::sub(b, d)];
                        for (x, value) in values.into_iter().enumerate() {
                            let place = (4 * y + x) * self.plane + square * channels + channel;
                            S::store_some(self.into.at(place), value, count);
                        }
                    }
                }
            }
        }
    }
}

/// Some panels' products at all points for some squares, and the way back to pixels.
struct PanelTask<'a> {
    weights: &'a Winograd,
    panels: std::ops::Range<usize>,
    transformed: &'a [f32],
    plane: usize,
    first: usize,
    squares: std::ops::Range<usize>,
    grid: Grid,
    finish: &'a Finish<'a>,
    out: Shared,
    sums: &'a mut Vec<f32>,
}

impl Kernel for PanelTask<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let count = self.squares.len();
        let mut sums = std::mem::take(self.sums);
        let panel_sums = POINTS * self.padded() * S::LANES * S::PANEL_VECTORS;
        sums.resize(self.panels.len() * panel_sums, 0.0);
        let all = || self.panels.clone().map(|panel| (panel, self.weights.panel_stride(panel) / S::LANES));
        for point in 0..POINTS {
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
            for square in 0..count {
                match vectors {
                    1 => self.untransform::<S, 1>(panel, square, sums),
                    2 => self.untransform::<S, 2>(panel, square, sums),
                    3 => self.untransform::<S, 3>(panel, square, sums),
                    _ => self.untransform::<S, 4>(panel, square, sums),
                }
            }
        }
        *self.sums = sums;
    }
}

impl PanelTask<'_> {
    /// Squares, those included that fill up the last tile.
    fn padded(&self) -> usize {
        self.squares.len().next_multiple_of(TILE_ROWS)
    }

    /// The sums of one panel at one point, for all squares.
    #[inline(always)]
    fn multiply<S: Simd, const N: usize>(&self, panel: usize, point: usize, sums: &mut [f32]) {
        let stride = N * S::LANES;
        let inputs = self.weights.inputs;
        let panel_start = panel * S::LANES * S::PANEL_VECTORS * POINTS * inputs;
        let panel = &self.weights.values[panel_start + point * inputs * stride..][..inputs * stride];
        let rows = &self.transformed[point * self.plane..(point + 1) * self.plane];
        let (count, padded) = (self.squares.len(), self.padded());
        let sums = &mut sums[point * padded * stride..(point + 1) * padded * stride];
        for first in (0..count).step_by(TILE_ROWS) {
            // Squares past the end repeat the last: computed and not used.
            let starts: Starts = std::array::from_fn(|row| {
                let square = self.squares.start + (first + row).min(count - 1);
                rows[square * inputs..(square + 1) * inputs].as_ptr()
            });
            // SAFETY: each row has `inputs` values, the panel as many rows of N vectors, and the sums have room for
            // whole tiles.
            unsafe {
                let tile = tile::<S, N, false>(&[starts], inputs, panel.as_ptr(), stride);
                for (row, vectors) in tile.iter().enumerate() {
                    for (vector, sum) in vectors.iter().enumerate() {
                        let place = (first + row) * stride + vector * S::LANES;
                        S::store(sums.as_mut_ptr().add(place), *sum);
                    }
                }
            }
        }
    }

    /// Aᵀ·m·A of one square, stored as up to four pixels.
    #[inline(always)]
    fn untransform<S: Simd, const N: usize>(&self, panel: usize, index: usize, sums: &[f32]) {
        let stride = N * S::LANES;
        let outputs = self.weights.outputs;
        let padded = self.padded();
        let (picture, row, column) = self.grid.place(self.first + self.squares.start + index);
        let first_column = panel * S::LANES * S::PANEL_VECTORS;
        let bias = self.weights.bias[first_column..].as_ptr();
        for vector in 0..N {
            let channel = first_column + vector * S::LANES;
            let count = (outputs - channel).min(S::LANES);
            // SAFETY: the sums hold whole vectors for every point; the pixels lie inside the output, and this panel's
            // columns of them are this task's alone.
            unsafe {
                let mut m = [S::splat(0.0); POINTS];
                for (point, value) in m.iter_mut().enumerate() {
                    let place = (point * padded + index) * stride + vector * S::LANES;
                    *value = S::load(sums.as_ptr().add(place));
                }
                let mut half = [[m[0]; 4]; 2];
                for x in 0..4 {
                    half[0][x] = S::add(S::add(m[x], m[4 + x]), m[8 + x]);
                    half[1][x] = S::sub(S::sub(m[4 + x], m[8 + x]), m[12 + x]);
                }
                for (dy, [a, b, c, d]) in half.into_iter().enumerate() {
                    let pair = [S::add(S::add(a, b), c), S::sub(S::sub(b, c), d)];
                    for (dx, value) in pair.into_iter().enumerate() {
                        let (y, x) = (2 * row + dy, 2 * column + dx);
                        if y >= self.grid.height || x >= self.grid.width {
                            continue;
                        }
                        let pixel = (picture * self.grid.height + y) * self.grid.width + x;
                        let bias = bias.add(vector * S::LANES);
                        let value = self.finish.applied::<S>(value, bias, pixel, outputs, channel, count);
                        S::store_some(self.out.at(pixel * outputs + channel), value, count);
                    }
                }
            }
        }
    }
}
