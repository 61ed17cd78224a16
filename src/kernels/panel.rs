//! A layer's weights as the products read them: panels of a few columns, each stored step after step.

use half::slice::HalfFloatSliceExt;
use half::vec::HalfBitsVecExt;
use half::{bf16, f16};
use rayon::prelude::*;

use super::ShapeError;
use super::simd::Level;

/// How weights stand in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    F32,
    F16,
    Bf16,
}

impl Precision {
    #[must_use]
    pub fn bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 | Self::Bf16 => 2,
        }
    }
}

/// Numbers as they come from a file.
#[derive(Clone, Copy)]
pub enum Source<'a> {
    F32(&'a [f32]),
    F16(&'a [f16]),
    Bf16(&'a [bf16]),
}

impl Source<'_> {
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::F32(values) => values.len(),
            Self::F16(values) => values.len(),
            Self::Bf16(values) => values.len(),
        }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// How a layer's weight is laid out in its file, and what its product is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// The first half of the columns are values, the second their gates: each panel holds some of both.
    pub gated: bool,
    /// A 3×3 convolution: in the file the taps of a channel stand together, here the channels of a tap.
    pub taps: bool,
}

/// Taps of a 3×3 kernel.
const TAPS: usize = 9;

/// So many values of a row at once, that what is written stays in the cache while the lanes are read one by one.
const PACKED_AT_ONCE: usize = 16 * TAPS;

/// What panels hold.
trait Number: Copy + Default + Send + Sync {
    /// Pages that the system hands out as zeros, so that each thread first touches what it will fill.
    fn zeros(count: usize) -> Vec<Self>;
}

impl Number for f32 {
    fn zeros(count: usize) -> Vec<Self> {
        vec![0.0; count]
    }
}

impl Number for f16 {
    fn zeros(count: usize) -> Vec<Self> {
        vec![0u16; count].reinterpret_into()
    }
}

impl Number for bf16 {
    fn zeros(count: usize) -> Vec<Self> {
        vec![0u16; count].reinterpret_into()
    }
}

fn as_it_is<'a, T>(from: &'a [T], _: &'a mut [T]) -> &'a [T] {
    from
}

/// One value after the other.
fn each<F: Copy, T>(of: impl Fn(F) -> T) -> impl for<'a> Fn(&'a [F], &'a mut [T]) -> &'a [T] {
    move |from, to| {
        for (to, from) in to.iter_mut().zip(from) {
            *to = of(*from);
        }
        to
    }
}

fn widen_f16<'a>(from: &'a [f16], to: &'a mut [f32]) -> &'a [f32] {
    from.convert_to_f32_slice(to);
    to
}

fn narrow_f16<'a>(from: &'a [f32], to: &'a mut [f16]) -> &'a [f16] {
    to.convert_from_f32_slice(from);
    to
}

fn widen_bf16<'a>(from: &'a [bf16], to: &'a mut [f32]) -> &'a [f32] {
    for (to, from) in to.iter_mut().zip(from) {
        *to = f32::from_bits(u32::from(from.to_bits()) << 16);
    }
    to
}

enum Values {
    F32(Vec<f32>),
    F16(Vec<f16>),
    Bf16(Vec<bf16>),
}

/// A matrix `(depth, columns)` in panels. The last one is as narrow as whole vectors allow and filled up with zeros.
pub struct PackedMatrix {
    values: Values,
    /// In the panels' order, zeros where there is no column.
    bias: Vec<f32>,
    depth: usize,
    /// Of the product's output: half of the matrix's own where they are gated.
    columns: usize,
    gated: bool,
    level: Level,
}

/// A panel's place.
#[derive(Clone, Copy)]
pub(super) struct Panel {
    /// The first of the output's columns.
    pub first_column: usize,
    /// How many of the output's columns.
    pub columns: usize,
    /// In vectors, gates included.
    pub vectors: usize,
    /// Where its values start.
    pub start: usize,
    /// Where its biases start.
    pub bias_start: usize,
}

impl PackedMatrix {
    /// `weight` `(columns, depth)` as a linear layer's file has it, or `(columns, channels, 3, 3)` as a convolution's.
    ///
    /// # Errors
    /// When weight or bias have other sizes.
    pub fn new(
        weight: Source,
        bias: Option<&[f32]>,
        depth: usize,
        layout: Layout,
        precision: Precision,
        level: Level,
    ) -> Result<Self, ShapeError> {
        let rows = weight.len().checked_div(depth).unwrap_or(0);
        if rows == 0 || rows * depth != weight.len() || bias.is_some_and(|bias| bias.len() != rows) {
            let biases = bias.map_or(0, <[f32]>::len);
            return Err(ShapeError(format!(
                "{} weights and {biases} biases are no layer of {depth} inputs",
                weight.len()
            )));
        }
        if layout.gated && !rows.is_multiple_of(2) {
            return Err(ShapeError(format!("a gated layer needs an even number of outputs, found {rows}")));
        }
        let columns = if layout.gated { rows / 2 } else { rows };
        let mut matrix =
            Self { values: Values::F32(Vec::new()), bias: Vec::new(), depth, columns, gated: layout.gated, level };
        matrix.pack_bias(bias);
        matrix.values = match (precision, weight) {
            (Precision::F32, Source::F32(from)) => Values::F32(matrix.pack(from, layout, as_it_is)),
            (Precision::F32, Source::F16(from)) => Values::F32(matrix.pack(from, layout, widen_f16)),
            (Precision::F32, Source::Bf16(from)) => Values::F32(matrix.pack(from, layout, widen_bf16)),
            (Precision::F16, Source::F32(from)) => Values::F16(matrix.pack(from, layout, narrow_f16)),
            (Precision::F16, Source::F16(from)) => Values::F16(matrix.pack(from, layout, as_it_is)),
            (Precision::F16, Source::Bf16(from)) => {
                Values::F16(matrix.pack(from, layout, each(|value: bf16| f16::from_f32(value.to_f32()))))
            }
            (Precision::Bf16, Source::F32(from)) => Values::Bf16(matrix.pack(from, layout, each(bf16::from_f32))),
            (Precision::Bf16, Source::F16(from)) => {
                Values::Bf16(matrix.pack(from, layout, each(|value: f16| bf16::from_f32(value.to_f32()))))
            }
            (Precision::Bf16, Source::Bf16(from)) => Values::Bf16(matrix.pack(from, layout, as_it_is)),
        };
        Ok(matrix)
    }

    /// The weight's row that stands in a panel's lane, if any does.
    fn row_of(&self, panel: &Panel, lane: usize) -> Option<usize> {
        let half = panel.vectors * self.level.lanes() / 2;
        let (offset, base) = if self.gated && lane >= half { (lane - half, self.columns) } else { (lane, 0) };
        (offset < panel.columns).then_some(base + panel.first_column + offset)
    }

    fn pack_bias(&mut self, bias: Option<&[f32]>) {
        let lanes = self.level.lanes();
        let mut packed = vec![0.0; self.panel_count() * self.level.panel_width()];
        for index in 0..if bias.is_some() { self.panel_count() } else { 0 } {
            let panel = self.panel(index);
            for lane in 0..panel.vectors * lanes {
                if let (Some(row), Some(bias)) = (self.row_of(&panel, lane), bias) {
                    packed[panel.bias_start + lane] = bias[row];
                }
            }
        }
        self.bias = packed;
    }

    /// `convert` gives a part of a row in the panels' format, in the room that it is given or as it is.
    fn pack<F: Copy + Sync, T: Number>(
        &self,
        from: &[F],
        layout: Layout,
        convert: impl for<'a> Fn(&'a [F], &'a mut [T]) -> &'a [T] + Sync,
    ) -> Vec<T> {
        let last = self.panel(self.panel_count() - 1);
        let lanes = self.level.lanes();
        let mut values = T::zeros(last.start + last.vectors * lanes * self.depth);
        let full_panel = self.level.panel_width() * self.depth;
        // A channel's taps stand together in the file and apart from each other in the panel.
        let taps = if layout.taps { TAPS } else { 1 };
        let channels = self.depth / taps;
        values.par_chunks_mut(full_panel).enumerate().for_each(|(index, out)| {
            let panel = self.panel(index);
            let stride = panel.vectors * lanes;
            let mut room = [T::default(); PACKED_AT_ONCE];
            let at_once = PACKED_AT_ONCE / taps;
            for first in (0..channels).step_by(at_once) {
                let count = at_once.min(channels - first);
                for lane in 0..stride {
                    let Some(row) = self.row_of(&panel, lane) else { continue };
                    let start = row * self.depth + first * taps;
                    let part = convert(&from[start..start + count * taps], &mut room[..count * taps]);
                    for tap in 0..taps {
                        let out = &mut out[(tap * channels + first) * stride..][..count * stride];
                        let column = out.chunks_exact_mut(stride);
                        if layout.taps {
                            for (out, channel) in column.zip(part.chunks_exact(TAPS)) {
                                out[lane] = channel[tap];
                            }
                        } else {
                            for (out, value) in column.zip(part.iter()) {
                                out[lane] = *value;
                            }
                        }
                    }
                }
            }
        });
        values
    }

    #[must_use]
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// Of the product's output.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns
    }

    #[must_use]
    pub fn level(&self) -> Level {
        self.level
    }

    #[must_use]
    pub fn bytes(&self) -> usize {
        let values = match &self.values {
            Values::F32(values) => values.len() * 4,
            Values::F16(values) => values.len() * 2,
            Values::Bf16(values) => values.len() * 2,
        };
        values + self.bias.len() * 4
    }

    pub(super) fn is_gated(&self) -> bool {
        self.gated
    }

    /// Output columns of a full panel.
    fn columns_per_panel(&self) -> usize {
        if self.gated { self.level.panel_width() / 2 } else { self.level.panel_width() }
    }

    pub(super) fn panel_count(&self) -> usize {
        self.columns.div_ceil(self.columns_per_panel())
    }

    pub(super) fn panel(&self, index: usize) -> Panel {
        let per_panel = self.columns_per_panel();
        let first_column = index * per_panel;
        let columns = per_panel.min(self.columns - first_column);
        let one_kind = columns.div_ceil(self.level.lanes());
        let vectors = if self.gated { 2 * one_kind } else { one_kind };
        let width = self.level.panel_width();
        Panel { first_column, columns, vectors, start: index * width * self.depth, bias_start: index * width }
    }

    pub(super) fn bias(&self) -> &[f32] {
        &self.bias
    }

    /// Steps `first..first + count` of a panel as single precision: where they stand, or widened into `scratch`.
    pub(super) fn steps<'a>(
        &'a self,
        panel: &Panel,
        first: usize,
        count: usize,
        scratch: &'a mut Vec<f32>,
    ) -> &'a [f32] {
        let stride = panel.vectors * self.level.lanes();
        let range = panel.start + first * stride..panel.start + (first + count) * stride;
        match &self.values {
            Values::F32(values) => &values[range],
            Values::F16(values) => {
                scratch.resize(range.len(), 0.0);
                values[range].convert_to_f32_slice(scratch);
                scratch
            }
            Values::Bf16(values) => {
                scratch.clear();
                scratch.extend(values[range].iter().map(|value| f32::from_bits(u32::from(value.to_bits()) << 16)));
                scratch
            }
        }
    }
}
