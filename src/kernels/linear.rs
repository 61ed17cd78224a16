//! A linear layer: rows times packed weights.

use std::sync::OnceLock;
use std::time::Instant;

use super::ShapeError;
use super::blocks::BlockKind;
use super::conv::Packing;
use super::epilogue::Epilogue;
use super::layer_form::{Multiplied, PanelLayout};
use super::map::Map;
use super::numbers::{Precision, WeightSlice};
use super::panel::PackedMatrix;
use super::product::product;
use super::rows::DenseRows;
use super::simd::Level;

/// Whether products of bfloat16 are faster here than products of single precision, measured once in a few thousandths
/// of a second: some processors have the instruction and take longer over it than over two multiply-adds.
#[must_use]
pub fn bf16_products_pay(level: Level) -> bool {
    static PAY: OnceLock<bool> = OnceLock::new();
    level.has_bf16_products()
        && *PAY.get_or_init(|| {
            let seconds = |precision| fastest_product(Packing { precision, winograd: None, level });
            match (seconds(Precision::Bf16Products), seconds(Precision::F32)) {
                (Some(of_pairs), Some(of_singles)) => of_pairs < WORTH_ROUNDING * of_singles,
                _ => false,
            }
        })
}

/// Numbers are rounded only if it saves so much.
const WORTH_ROUNDING: f64 = 0.85;

/// Seconds of a small layer's product, the fastest of a few.
fn fastest_product(packing: Packing) -> Option<f64> {
    const SIDE: usize = 384;
    const RUNS: usize = 5;
    let x = Map::from_vec(vec![0.5; SIDE * SIDE], 1, 1, SIDE, SIDE).ok()?;
    let layer = Linear::new(WeightSlice::F32(&vec![0.5; SIDE * SIDE]), None, SIDE, packing).ok()?;
    let run = || {
        let started = Instant::now();
        layer.forward(&x, &Epilogue::default()).ok().map(|_| started.elapsed().as_secs_f64())
    };
    (0..RUNS).filter_map(|_| run()).min_by(f64::total_cmp)
}

/// A linear layer or, what is the same on pixels, a 1×1 convolution.
pub struct Linear {
    matrix: PackedMatrix,
}

impl Linear {
    /// `weight` `(outputs, inputs)`.
    ///
    /// # Errors
    /// When weight or bias have other sizes.
    pub fn new(weight: WeightSlice, bias: Option<&[f32]>, inputs: usize, packing: Packing) -> Result<Self, ShapeError> {
        let matrix = PackedMatrix::new(weight, bias, inputs, PanelLayout::default(), packing.precision, packing.level)?;
        Ok(Self { matrix })
    }

    /// GEGLU: `weight` `(2 · outputs, inputs)`, the second half of whose rows are the gates of the first, which are
    /// multiplied with the exact GELU of those.
    ///
    /// # Errors
    /// When weight or bias have other sizes.
    pub fn gated(weight: WeightSlice, bias: &[f32], inputs: usize, packing: Packing) -> Result<Self, ShapeError> {
        let layout = PanelLayout { gated: true, taps: false };
        let matrix = PackedMatrix::new(weight, Some(bias), inputs, layout, packing.precision, packing.level)?;
        Ok(Self { matrix })
    }

    /// What such a layer will take; `outputs` are those of the weight, gates included.
    #[must_use]
    pub fn bytes_of(inputs: usize, outputs: usize, gated: bool, packing: Packing) -> usize {
        PackedMatrix::bytes_of(outputs, inputs, PanelLayout { gated, taps: false }, packing.precision, packing.level)
    }

    /// The same of one whose weights stay in blocks.
    #[must_use]
    pub fn bytes_of_blocks(inputs: usize, outputs: usize, gated: bool, kind: BlockKind, packing: Packing) -> usize {
        PackedMatrix::bytes_of_blocks(outputs, inputs, PanelLayout { gated, taps: false }, kind, packing.level)
    }

    /// What such a layer's product multiplies; `kind` is that of weights that stay in blocks.
    #[must_use]
    pub fn multiplied(inputs: usize, kind: Option<BlockKind>, packing: Packing) -> Multiplied {
        Multiplied::of(inputs, PanelLayout::default(), packing.precision, kind, packing.level)
    }

    /// Memory that the weights take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.matrix.bytes()
    }

    /// # Errors
    /// When the map has other channels, or the epilogue is not the output's.
    pub fn forward(&self, x: &Map, epilogue: &Epilogue) -> Result<Map, ShapeError> {
        x.expect_channels(self.matrix.depth(), "a linear layer")?;
        let (mut out, shape) = Map::unwritten(x.batch, x.height, x.width, self.matrix.columns());
        let rows = DenseRows { values: x.values(), depth: x.channels, at_once: self.matrix.steps_at_once() };
        product(&rows, &self.matrix, epilogue, &mut out)?;
        Ok(shape.filled(out))
    }
}
