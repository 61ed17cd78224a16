//! A layer's weights as the products read them: panels of a few columns, each stored step after step.

mod pack;

use half::slice::HalfFloatSliceExt;
use half::{bf16, f16};

use super::ahead::Ahead;
use super::aligned::Aligned;
use super::blocks::{BlockKind, PanelBlocks};
use super::integer_panel::{Groups, PanelNumbers};
use super::integer_weights::IntegerWeights;
use super::layer_form::{Multiplied, PanelLayout, precision_of};
use super::numbers::{Precision, WeightSlice, as_it_is, each, narrow_f16, widen_bf16, widen_f16};
use super::rows::STEPS_PER_BLOCK;
use super::simd::{Level, Simd};
use super::{ShapeError, TAPS};

/// What is said where a layer's rows are not made of whole blocks.
const NO_WHOLE_BLOCKS: &str = "quantised weights run on from one output to the next";

enum Values {
    F32(Aligned<f32>),
    F16(Aligned<f16>),
    Bf16(Aligned<bf16>),
    /// The bits of two steps' bfloat16 as one float, the first in its lower half: a step of the panel is two of the
    /// matrix, and an odd last one is followed by zeros.
    Pairs(Aligned<f32>),
    Integers(IntegerWeights),
    /// As they stand in the file, each byte of a block with those of the other lanes beside it, and what float8 is times.
    Blocks(BlockKind, Aligned<u8>, Vec<f32>),
}

/// A matrix `(depth, columns)` in panels. The last one is as narrow as whole vectors allow and filled up with zeros.
pub(crate) struct PackedMatrix {
    values: Values,
    /// In the panels' order, zeros where there is no column.
    bias: Vec<f32>,
    depth: usize,
    /// Of the product's output: half of the matrix's own where they are gated.
    columns: usize,
    gated: bool,
    in_pairs: bool,
    /// Of a 3×3 convolution in blocks: channels whose taps are widened together.
    channels_together: Option<usize>,
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
    pub(crate) fn new(
        weight: WeightSlice,
        bias: Option<&[f32]>,
        depth: usize,
        layout: PanelLayout,
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
        let precision = precision_of(precision, layout, depth);
        let mut matrix = Self::unfilled(rows, depth, layout, precision, level);
        matrix.bias = matrix.by_lane(|row| bias.map_or(0.0, |bias| bias[row]));
        matrix.values = match (precision, weight) {
            (Precision::F32, WeightSlice::F32(from)) => Values::F32(matrix.pack(from, layout, as_it_is)),
            (Precision::F32, WeightSlice::F16(from)) => Values::F32(matrix.pack(from, layout, widen_f16)),
            (Precision::F32, WeightSlice::Bf16(from)) => Values::F32(matrix.pack(from, layout, widen_bf16)),
            (Precision::F16, WeightSlice::F32(from)) => Values::F16(matrix.pack(from, layout, narrow_f16)),
            (Precision::F16, WeightSlice::F16(from)) => Values::F16(matrix.pack(from, layout, as_it_is)),
            (Precision::F16, WeightSlice::Bf16(from)) => {
                Values::F16(matrix.pack(from, layout, each(|value: bf16| f16::from_f32(value.to_f32()))))
            }
            (Precision::Bf16, WeightSlice::F32(from)) => Values::Bf16(matrix.pack(from, layout, each(bf16::from_f32))),
            (Precision::Bf16, WeightSlice::F16(from)) => {
                Values::Bf16(matrix.pack(from, layout, each(|value: f16| bf16::from_f32(value.to_f32()))))
            }
            (Precision::Bf16, WeightSlice::Bf16(from)) => Values::Bf16(matrix.pack(from, layout, as_it_is)),
            (Precision::Bf16Products, WeightSlice::F32(from)) => {
                Values::Pairs(matrix.paired(&matrix.pack(from, layout, as_it_is)))
            }
            (Precision::Bf16Products, WeightSlice::F16(from)) => {
                Values::Pairs(matrix.paired(&matrix.pack(from, layout, widen_f16)))
            }
            (Precision::Bf16Products, WeightSlice::Bf16(from)) => {
                Values::Pairs(matrix.paired(&matrix.pack(from, layout, widen_bf16)))
            }
            (Precision::Integers, WeightSlice::F32(from)) => matrix.rounded(&matrix.pack(from, layout, as_it_is)),
            (Precision::Integers, WeightSlice::F16(from)) => matrix.rounded(&matrix.pack(from, layout, widen_f16)),
            (Precision::Integers, WeightSlice::Bf16(from)) => matrix.rounded(&matrix.pack(from, layout, widen_bf16)),
            (_, WeightSlice::Blocks(blocks)) => {
                let (kind, scales) = (blocks.kind, blocks.scales);
                if layout.taps {
                    matrix.channels_together = kind.channels_together(depth / TAPS);
                }
                if !kind.fits(depth) || (layout.taps && matrix.channels_together.is_none()) {
                    return Err(ShapeError(NO_WHOLE_BLOCKS.to_owned()));
                }
                // Whole numbers are multiplied as such, whatever the others of the network are.
                matrix.in_pairs &= Multiplied::of(depth, layout, precision, Some(kind), level) == Multiplied::Bf16;
                let is_scaled = kind == BlockKind::F8E4M3;
                if is_scaled && scales.len() != 1 && scales.len() != rows {
                    return Err(ShapeError(format!("{} scales are not those of {rows} rows", scales.len())));
                }
                let scale = |row: usize| scales.get(row).or(scales.first()).copied().unwrap_or(1.0);
                let scales = if is_scaled { matrix.by_lane(scale) } else { Vec::new() };
                let as_in_file = PanelLayout { taps: false, ..layout };
                let bytes = matrix.pack_rows(blocks.bytes, kind.bytes_of(depth), as_in_file, as_it_is);
                Values::Blocks(kind, bytes, scales)
            }
        };
        Ok(matrix)
    }

    fn unfilled(rows: usize, depth: usize, layout: PanelLayout, precision: Precision, level: Level) -> Self {
        let columns = if layout.gated { rows / 2 } else { rows };
        let in_pairs = precision == Precision::Bf16Products;
        Self {
            values: Values::F32(Aligned::default()),
            bias: Vec::new(),
            depth,
            columns,
            gated: layout.gated,
            in_pairs,
            channels_together: None,
            level,
        }
    }

    /// What a layer of `rows` outputs and `depth` inputs will take, its weights unseen.
    #[must_use]
    pub(crate) fn bytes_of(
        rows: usize,
        depth: usize,
        layout: PanelLayout,
        precision: Precision,
        level: Level,
    ) -> usize {
        let matrix = Self::unfilled(rows, depth, layout, precision, level);
        let count = matrix.value_count(matrix.steps_of_panel());
        let values = match precision_of(precision, layout, depth) {
            Precision::Bf16Products => count * size_of::<f32>(),
            Precision::Integers => IntegerWeights::bytes_of(count),
            precision => count * precision.bytes(),
        };
        values + matrix.bias_count() * size_of::<f32>()
    }

    /// What a layer of `rows` outputs takes whose weights stay in blocks of this kind.
    #[must_use]
    pub(crate) fn bytes_of_blocks(
        rows: usize,
        depth: usize,
        layout: PanelLayout,
        kind: BlockKind,
        level: Level,
    ) -> usize {
        let matrix = Self::unfilled(rows, depth, layout, Precision::F32, level);
        let per_lane = if kind == BlockKind::F8E4M3 { 2 } else { 1 };
        matrix.value_count(kind.bytes_of(depth)) + per_lane * matrix.bias_count() * size_of::<f32>()
    }

    /// Of panels of so many steps.
    fn value_count(&self, steps: usize) -> usize {
        let last = self.panel_count() - 1;
        (last * self.level.panel_width() + self.panel(last).vectors * self.level.lanes()) * steps
    }

    /// Pairs count as one.
    pub(super) fn steps_of_panel(&self) -> usize {
        if self.in_pairs { self.depth.div_ceil(2) } else { self.depth }
    }

    /// How many are multiplied with some rows before the next rows have their turn; as many as [`PackedMatrix::steps`] is
    /// asked for, so that they are whole blocks.
    pub(super) fn steps_at_once(&self) -> usize {
        match self.channels_together {
            // A gated product must have all its steps at once.
            _ if self.gated => self.steps_of_panel(),
            Some(channels) => {
                let together = if self.in_pairs { channels * TAPS / 2 } else { channels * TAPS };
                (STEPS_PER_BLOCK / together).max(1) * together
            }
            None => STEPS_PER_BLOCK,
        }
    }

    /// Of a 3×3 convolution whose steps go by so many channels, nine taps of each; `None` where they are all together.
    pub(super) fn channels_together(&self) -> Option<usize> {
        self.channels_together
    }

    fn bias_count(&self) -> usize {
        self.panel_count() * self.level.panel_width()
    }

    #[must_use]
    pub(crate) fn depth(&self) -> usize {
        self.depth
    }

    /// Of the product's output.
    #[must_use]
    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    #[must_use]
    pub(crate) fn level(&self) -> Level {
        self.level
    }

    #[must_use]
    pub(crate) fn bytes(&self) -> usize {
        let values = match &self.values {
            Values::F32(values) | Values::Pairs(values) => values.len() * 4,
            Values::F16(values) => values.len() * 2,
            Values::Bf16(values) => values.len() * 2,
            Values::Integers(weights) => weights.bytes(),
            Values::Blocks(_, bytes, scales) => bytes.len() + scales.len() * 4,
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
        Panel {
            first_column,
            columns,
            vectors,
            start: index * width * self.steps_of_panel(),
            bias_start: index * width,
        }
    }

    pub(super) fn bias(&self) -> &[f32] {
        &self.bias
    }

    pub(super) fn is_in_pairs(&self) -> bool {
        self.in_pairs
    }

    /// Whether widening a panel's steps is work.
    pub(super) fn is_in_blocks(&self) -> bool {
        matches!(self.values, Values::Blocks(..))
    }

    /// Steps `first..first + count` of a panel as single precision (or as pairs): where they stand, or widened into
    /// `scratch`. Of blocks they must be whole ones.
    #[inline(always)]
    pub(super) fn steps<'a, S: Simd>(
        &'a self,
        panel: &Panel,
        first: usize,
        count: usize,
        scratch: &'a mut Aligned<f32>,
    ) -> &'a [f32] {
        let stride = panel.vectors * self.level.lanes();
        let range = panel.start + first * stride..panel.start + (first + count) * stride;
        match &self.values {
            Values::F32(values) | Values::Pairs(values) => &values[range],
            Values::F16(values) => {
                let scratch = scratch.sized(range.len());
                values[range].convert_to_f32_slice(scratch);
                scratch
            }
            Values::Bf16(values) => {
                let scratch = scratch.sized(range.len());
                for (wide, value) in scratch.iter_mut().zip(&values[range]) {
                    *wide = f32::from_bits(u32::from(value.to_bits()) << 16);
                }
                scratch
            }
            // They are multiplied as what they are: see `integer_groups`.
            Values::Integers(_) => &[],
            Values::Blocks(..) => {
                let scratch = scratch.sized(range.len());
                let each = if self.in_pairs { 2 } else { 1 };
                let blocks = self.blocks(panel, first * each, count * each);
                match blocks {
                    Some(blocks) if self.in_pairs => blocks.widen::<S, true>(scratch),
                    Some(blocks) => blocks.widen::<S, false>(scratch),
                    None => {}
                }
                scratch
            }
        }
    }

    /// Where steps `first..first + count` of a panel stand, as whatever; of blocks they must be whole ones.
    pub(super) fn stored(&self, panel: &Panel, first: usize, count: usize) -> Ahead {
        let stride = panel.vectors * self.level.lanes();
        let range = panel.start + first * stride..panel.start + (first + count) * stride;
        match &self.values {
            Values::F32(values) | Values::Pairs(values) => Ahead::of(&values[range]),
            Values::F16(values) => Ahead::of(&values[range]),
            Values::Bf16(values) => Ahead::of(&values[range]),
            Values::Integers(weights) => Ahead::of(weights.steps(panel.start, stride, first, count).numbers),
            Values::Blocks(..) => {
                let each = if self.in_pairs { 2 } else { 1 };
                self.blocks(panel, first * each, count * each).map_or(Ahead::NOTHING, |blocks| Ahead::of(blocks.bytes))
            }
        }
    }

    /// Steps `first..first + count` of a panel as they stand, where they stay quantised; whole blocks, at most to the end.
    pub(super) fn blocks(&self, panel: &Panel, first: usize, count: usize) -> Option<PanelBlocks<'_>> {
        let Values::Blocks(kind, bytes, scales) = &self.values else { return None };
        let stride = panel.vectors * self.level.lanes();
        let panel_start = panel.start / self.steps_of_panel() * kind.bytes_of(self.depth);
        let of = |step: usize| panel_start + kind.bytes_of(step) * stride;
        let scales = scales.get(panel.bias_start..).unwrap_or_default();
        let bytes = &bytes[of(first)..of((first + count).min(self.depth))];
        Some(PanelBlocks { kind: *kind, bytes, scales, stride, channels: self.channels_together })
    }

    /// The same where they were rounded to whole numbers.
    pub(super) fn integers(&self, panel: &Panel, first: usize, count: usize) -> Option<PanelNumbers<'_>> {
        let Values::Integers(weights) = &self.values else { return None };
        Some(weights.steps(panel.start, panel.vectors * self.level.lanes(), first, count))
    }

    fn rounded(&self, values: &[f32]) -> Values {
        Values::Integers(IntegerWeights::new(values, self.depth, self.level.panel_width()))
    }

    /// How its weights are multiplied as whole numbers, where they are.
    pub(super) fn integer_groups(&self) -> Option<Groups> {
        match &self.values {
            Values::Blocks(kind, ..) if self.channels_together.is_none() && self.level.has_integer_products() => {
                kind.groups()
            }
            Values::Integers(_) => Some(Groups::OF_BOTH),
            _ => None,
        }
    }
}
