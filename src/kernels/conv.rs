//! 3×3 convolution: directly, each output pixel a row of nine segments of the input, or by Winograd's transform.

use super::blocks::BlockKind;
use super::epilogue::Epilogue;
use super::layer_form::{Multiplied, PanelLayout};
use super::map::Map;
use super::numbers::{Precision, WeightSlice};
use super::panel::PackedMatrix;
use super::pixels::{Pixels, Steps};
use super::product::product;
use super::rows::Rows;
use super::simd::Level;
use super::winograd::{OutputTile, Winograd};
use super::{ShapeError, TAPS};

/// Fewer channels than this are not worth a transform.
const WINOGRAD_CHANNELS: usize = 16;

/// A 3×3 convolution with bias.
pub struct Conv3x3 {
    form: Form,
    inputs: usize,
    outputs: usize,
    steps: Steps,
}

enum Form {
    Direct(PackedMatrix),
    Winograd(Winograd),
}

const LAYOUT: PanelLayout = PanelLayout { taps: true, gated: false };

/// What the layer's weights are kept transformed for, if they are.
fn output_tile((inputs, outputs): (usize, usize), steps: Steps, packing: Packing) -> Option<OutputTile> {
    let largest = packing.winograd.filter(|_| steps == Steps::SAME && inputs.min(outputs) >= WINOGRAD_CHANNELS)?;
    Some(largest.min(OutputTile::of(inputs, outputs)))
}

/// How a layer's weights are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packing {
    pub precision: Precision,
    /// The largest output tile that convolutions may keep transformed weights for, at 16/9 or 4 times their size; none
    /// keep them as they are.
    pub winograd: Option<OutputTile>,
    pub level: Level,
}

impl Conv3x3 {
    /// `weight` `(outputs, inputs, 3, 3)`, `bias` `(outputs)`.
    ///
    /// # Errors
    /// When weight or bias have other sizes.
    pub fn new(
        weight: WeightSlice,
        bias: &[f32],
        inputs: usize,
        steps: Steps,
        packing: Packing,
    ) -> Result<Self, ShapeError> {
        let outputs = bias.len();
        let form = if let Some(output_tile) = output_tile((inputs, outputs), steps, packing) {
            Form::Winograd(Winograd::new(output_tile, weight, bias, inputs, packing.level)?)
        } else {
            let depth = inputs * TAPS;
            Form::Direct(PackedMatrix::new(weight, Some(bias), depth, LAYOUT, packing.precision, packing.level)?)
        };
        Ok(Self { form, inputs, outputs, steps })
    }

    /// By output tiles of that size, however many the weights are.
    #[cfg(test)]
    pub(super) fn by_output_tile(
        output_tile: OutputTile,
        weight: &[f32],
        bias: &[f32],
        inputs: usize,
        level: Level,
    ) -> Self {
        let winograd = Winograd::new(output_tile, WeightSlice::F32(weight), bias, inputs, level).unwrap();
        Self { form: Form::Winograd(winograd), inputs, outputs: bias.len(), steps: Steps::SAME }
    }

    /// What such a layer will take.
    #[must_use]
    pub fn bytes_of(inputs: usize, outputs: usize, steps: Steps, packing: Packing) -> usize {
        if let Some(output_tile) = output_tile((inputs, outputs), steps, packing) {
            return Winograd::bytes_of(output_tile, (inputs, outputs), packing.level);
        }
        PackedMatrix::bytes_of(outputs, inputs * TAPS, LAYOUT, packing.precision, packing.level)
    }

    /// What a convolution multiplies that is not transformed; `kind` is that of weights that stay in blocks.
    #[must_use]
    pub fn multiplied(inputs: usize, kind: Option<BlockKind>, packing: Packing) -> Multiplied {
        Multiplied::of(inputs * TAPS, LAYOUT, packing.precision, kind, packing.level)
    }

    /// What it takes where its weights stay in blocks.
    #[must_use]
    pub fn bytes_of_blocks(inputs: usize, outputs: usize, kind: BlockKind, packing: Packing) -> usize {
        PackedMatrix::bytes_of_blocks(outputs, inputs * TAPS, LAYOUT, kind, packing.level)
    }

    /// Whether such a layer's weights stay in blocks of that kind, packed without a transform: some channels' taps are whole
    /// blocks, and output tiles of 4×4, which halve the time, are not to be had. Those of 2×2 save a fifth of it, and take
    /// six to twelve times the memory.
    #[must_use]
    pub fn keeps_blocks((inputs, outputs): (usize, usize), steps: Steps, kind: BlockKind, packing: Packing) -> bool {
        output_tile((inputs, outputs), steps, packing) != Some(OutputTile::FourByFour)
            && kind.channels_together(inputs).is_some()
    }

    /// Buffers that it takes for a picture of `batch` × `height` × `width`, besides what it gives.
    #[must_use]
    pub fn scratch_floats(
        (inputs, outputs): (usize, usize),
        steps: Steps,
        packing: Packing,
        (batch, height, width): (usize, usize, usize),
    ) -> usize {
        output_tile((inputs, outputs), steps, packing)
            .map_or(0, |output_tile| Winograd::scratch_floats(output_tile, inputs, (batch, height, width)))
    }

    /// Memory that the weights take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        match &self.form {
            Form::Direct(matrix) => matrix.bytes(),
            Form::Winograd(winograd) => winograd.bytes(),
        }
    }

    /// `x` seen as `(height, width)`, each pixel its nearest: of another size than the map's, it is up-sampled.
    ///
    /// # Errors
    /// When the channels are others, the kernel does not fit into the picture, or the epilogue is not the output's.
    pub fn forward(&self, x: &Map, (height, width): (usize, usize), epilogue: &Epilogue) -> Result<Map, ShapeError> {
        x.expect_channels(self.inputs, "a 3×3 convolution")?;
        let (Some(out_height), Some(out_width)) = (self.steps.places(height), self.steps.places(width)) else {
            return Err(ShapeError(format!("a 3×3 convolution was given a picture of {width}×{height}")));
        };
        let (mut out, shape) = Map::unwritten(x.batch, out_height, out_width, self.outputs);
        match &self.form {
            Form::Direct(matrix) => {
                let reach = |places: usize| (places - 1) * self.steps.stride + 3;
                let pixels = Pixels::new(x, height, width, self.steps, reach(out_height), reach(out_width));
                let rows = PixelRows {
                    pixels,
                    batch: x.batch,
                    out_height,
                    out_width,
                    stride: self.steps.stride,
                    channels: matrix.channels_together().unwrap_or(self.inputs),
                };
                product(&rows, matrix, epilogue, &mut out)?;
            }
            Form::Winograd(winograd) => winograd.forward(x, (height, width), epilogue, &mut out)?,
        }
        Ok(shape.filled(out))
    }
}

/// The rows of the direct product: for each output pixel, the nine pixels under the kernel, so many of their channels at a
/// time.
struct PixelRows<'a> {
    pixels: Pixels<'a>,
    batch: usize,
    out_height: usize,
    out_width: usize,
    stride: usize,
    channels: usize,
}

// SAFETY: a segment is some channels of a pixel, and `Pixels::at` gives such pixels alone; a packed matrix tells channels
// that go into those of its pixels without a rest.
unsafe impl Rows for PixelRows<'_> {
    fn count(&self) -> usize {
        self.batch * self.out_height * self.out_width
    }

    fn segments(&self) -> usize {
        self.pixels.channels() / self.channels * TAPS
    }

    fn segment_length(&self, _index: usize) -> usize {
        self.channels
    }

    fn start(&self, row: usize, segment: usize) -> *const f32 {
        let (picture, pixel) = (row / (self.out_height * self.out_width), row % (self.out_height * self.out_width));
        let (y, x) = (pixel / self.out_width, pixel % self.out_width);
        let (part, tap) = (segment / TAPS, segment % TAPS);
        let pixel = self.pixels.at(picture, y * self.stride + tap / 3, x * self.stride + tap % 3);
        pixel.wrapping_add(part * self.channels)
    }
}
