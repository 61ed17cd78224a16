//! How a layer's weight lies in its file, how it is kept, and what its product then multiplies, on which its speed depends.

use super::blocks::BlockKind;
use super::integer_weights::IntegerWeights;
use super::numbers::Precision;
use super::simd::Level;

/// How a layer's weight is laid out in its file, and what its product is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct PanelLayout {
    /// The first half of the columns are values, the second their gates: each panel holds some of both.
    pub gated: bool,
    /// A 3×3 convolution: in the file the taps of a channel stand together, here the channels of a tap.
    pub taps: bool,
}

/// How a layer is kept where others are kept as `precision`.
pub(super) fn precision_of(precision: Precision, layout: PanelLayout, depth: usize) -> Precision {
    let is_in_groups = !layout.taps && IntegerWeights::fits(depth);
    if precision == Precision::Integers && !is_in_groups { Precision::Bf16 } else { precision }
}

/// The numbers that a product multiplies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Multiplied {
    /// Of single precision, whatever the weights are kept in.
    Singles,
    /// Pairs of bfloat16.
    Bf16,
    /// Whole numbers of 16 bits.
    Integers,
}

impl Multiplied {
    /// Of a layer of `depth` inputs where others are kept as `precision`; `kind` is that of weights that stay in blocks.
    #[must_use]
    pub(super) fn of(
        depth: usize,
        layout: PanelLayout,
        precision: Precision,
        kind: Option<BlockKind>,
        level: Level,
    ) -> Self {
        let is_whole = match kind {
            // A convolution's rows would have to be brought into the order of its blocks.
            Some(kind) => !layout.taps && level.has_integer_products() && kind.groups().is_some(),
            None => precision_of(precision, layout, depth) == Precision::Integers,
        };
        match precision {
            _ if is_whole => Self::Integers,
            Precision::Bf16Products => Self::Bf16,
            _ => Self::Singles,
        }
    }
}
