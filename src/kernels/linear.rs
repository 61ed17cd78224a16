//! A linear layer: rows times packed weights.

use super::ShapeError;
use super::conv::Packing;
use super::map::Map;
use super::numbers::Source;
use super::panel::{Layout, PackedMatrix};
use super::product::{DenseRows, Finish, product};

/// A linear layer or, what is the same on pixels, a 1×1 convolution.
pub struct Linear {
    matrix: PackedMatrix,
}

impl Linear {
    /// `weight` `(outputs, inputs)`.
    ///
    /// # Errors
    /// When weight or bias have other sizes.
    pub fn new(weight: Source, bias: Option<&[f32]>, inputs: usize, packing: Packing) -> Result<Self, ShapeError> {
        let matrix = PackedMatrix::new(weight, bias, inputs, Layout::default(), packing.precision, packing.level)?;
        Ok(Self { matrix })
    }

    /// GEGLU: `weight` `(2 · outputs, inputs)`, the second half of whose rows are the gates of the first, which are
    /// multiplied with the exact GELU of those.
    ///
    /// # Errors
    /// When weight or bias have other sizes.
    pub fn gated(weight: Source, bias: &[f32], inputs: usize, packing: Packing) -> Result<Self, ShapeError> {
        let layout = Layout { gated: true, taps: false };
        let matrix = PackedMatrix::new(weight, Some(bias), inputs, layout, packing.precision, packing.level)?;
        Ok(Self { matrix })
    }

    /// What such a layer will take; `outputs` are those of the weight, gates included.
    #[must_use]
    pub fn bytes_of(inputs: usize, outputs: usize, gated: bool, packing: Packing) -> usize {
        PackedMatrix::bytes_of(outputs, inputs, Layout { gated, taps: false }, packing.precision, packing.level)
    }

    /// Memory that the weights take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.matrix.bytes()
    }

    /// # Errors
    /// When the map has other channels.
    pub fn forward(&self, x: &Map, finish: &Finish) -> Result<Map, ShapeError> {
        x.expect_channels(self.matrix.depth(), "a linear layer")?;
        let (mut out, shape) = Map::unwritten(x.batch, x.height, x.width, self.matrix.columns());
        let rows = DenseRows { values: x.values(), depth: x.channels, whole: self.matrix.is_gated() };
        product(&rows, x.rows(), &self.matrix, finish, &mut out);
        Ok(shape.filled(out))
    }
}
