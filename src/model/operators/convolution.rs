//! Convolutions of pictures, in bands of rows where all at once would take too much: candle multiplies a matrix of
//! every pixel's surroundings, nine times the picture.

use candle_core::Shape;

use super::super::ModelError;
use super::super::dry_run::BufferStorage;
use super::fused::{DeviceEpilogue, Sizes};
use super::window::Window;
use super::{Array, Made, Operator};
use crate::job::Work;

impl Array {
    /// A convolution of the picture brought to `size` first, each pixel from the nearest, and what follows: `weight`
    /// `(outputs, inputs, side, side)`, `per_picture` `(batch, 1, outputs)`.
    ///
    /// # Errors
    /// When the picture is too small or the shapes do not go together, or the device is out of memory.
    pub(in super::super) fn convolve_with(
        &self,
        weight: &Self,
        window: Window,
        (height, width): (usize, usize),
        epilogue: DeviceEpilogue<Self>,
    ) -> Result<Self, ModelError> {
        let (Some(rows), Some(columns)) = (window.places(height), window.places(width)) else {
            return Err(ModelError::Misfit(format!("a convolution was given a picture of {width}×{height}")));
        };
        if let Some(fused) = self.fused() {
            let sizes = Sizes { seen: [height, width], answer: [rows, columns] };
            return self.fused_convolve(fused, weight, window, sizes, epilogue);
        }
        let mut out = self.resize_nearest((height, width))?.convolve(weight, window)?;
        if let Some(bias) = epilogue.bias {
            out = out.add(&bias.reshape(&[1, bias.count(), 1, 1])?)?;
        }
        if let Some(rows) = epilogue.per_picture {
            out = out.add(&rows.tokens_to_picture((1, 1))?)?;
        }
        let out = out.activate(epilogue.activation)?;
        epilogue.residual.map_or(Ok(out.clone()), |residual| residual.add(&out))
    }

    fn convolve(&self, weight: &Self, window: Window) -> Result<Self, ModelError> {
        let (batch, channels, height, width) = self.dims4()?;
        let (Some(rows), Some(columns)) = (window.places(height), window.places(width)) else {
            return Err(ModelError::Misfit(format!("a convolution was given a picture of {width}×{height}")));
        };
        let row_bytes = batch * columns * channels * window.side * window.side * self.dtype().size_in_bytes();
        let at_once = (self.on().context.scratch_bytes / row_bytes.max(1)).clamp(1, rows);
        if at_once >= rows && window.before == window.after {
            self.convolve_padded(weight, window, [rows, columns])
        } else {
            let mut bands = Vec::with_capacity(rows.div_ceil(at_once));
            for first in (0..rows).step_by(at_once) {
                let count = at_once.min(rows - first);
                let band = self.band(window, first, count)?;
                bands.push(band.convolve_padded(weight, Window { before: 0, after: 0, ..window }, [count, columns])?);
            }
            Self::concatenate(&bands, 2)
        }
    }

    /// What `count` rows of the answer see, with zeros around the picture.
    fn band(&self, window: Window, first: usize, count: usize) -> Result<Self, ModelError> {
        let (_, _, height, width) = self.dims4()?;
        // In rows of the picture with its zeros.
        let (start, end) = (first * window.stride, (first + count - 1) * window.stride + window.side);
        let above = window.before.saturating_sub(start);
        let (start, end) = (start.saturating_sub(window.before), (end - window.before));
        let below = end.saturating_sub(height);
        let wanted_columns = (self_columns(width, window) - 1) * window.stride + window.side;
        let right = wanted_columns.saturating_sub(window.before + width);
        let rows = self.narrow(2, start, end.min(height) - start)?.contiguous()?;
        rows.pad(2, above, below)?.pad(3, window.before, right)
    }

    /// In one go, with as many zeros on all sides.
    fn convolve_padded(&self, weight: &Self, window: Window, answer: [usize; 2]) -> Result<Self, ModelError> {
        self.with(weight)?;
        let batch = self.dims()[0];
        let (outputs, inputs) = (weight.dims()[0], weight.dims()[1]);
        let [rows, columns] = answer;
        let shape = Shape::from((batch, outputs, rows, columns));
        let seen = batch * rows * columns * inputs * window.side * window.side;
        let work = match window.side {
            1 => Work { product: 2.0 * (seen * outputs) as f64 / 1e9, ..Work::default() },
            _ => Work { convolution: 2.0 * (seen * outputs) as f64 / 1e9, ..Work::default() },
        };
        let size = self.dtype().size_in_bytes();
        // The surroundings, and the answer with its channels last.
        self.on().scratch(&[seen * size, shape.elem_count() * size]);
        let made = Made { shape, dtype: self.dtype(), place: BufferStorage::Shared, work };
        self.on().make(Operator::Conv2d, self.dtype(), made, || {
            self.real()?.conv2d(weight.real()?, window.before, window.stride, 1, 1)
        })
    }

    /// A picture of another size, each pixel from the nearest.
    ///
    /// # Errors
    /// When it is no picture, or the device is out of memory.
    fn resize_nearest(&self, (height, width): (usize, usize)) -> Result<Self, ModelError> {
        let (batch, channels, old_height, old_width) = self.dims4()?;
        if (height, width) == (old_height, old_width) {
            return Ok(self.clone());
        }
        let made = Made::passing(Shape::from((batch, channels, height, width)), self.dtype());
        self.on().make(Operator::UpsampleNearest, self.dtype(), made, || self.real()?.upsample_nearest2d(height, width))
    }
}

fn self_columns(width: usize, window: Window) -> usize {
    window.places(width).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device, Tensor};

    use super::super::Operators;
    use super::*;

    #[test]
    fn bands_give_what_the_whole_gives() {
        let random = |shape: &[usize]| Tensor::randn(0f32, 1.0, shape, &Device::Cpu).unwrap();
        for (side, stride, before, after) in [(3, 1, 1, 1), (3, 2, 1, 1), (3, 2, 0, 1), (1, 1, 0, 0)] {
            for (height, width) in [(9, 7), (8, 12)] {
                let (x, weight, bias) = (random(&[2, 3, height, width]), random(&[5, 3, side, side]), random(&[5]));
                let window = Window { side, stride, before, after };
                let run = |scratch_bytes: usize| {
                    let on = Operators::on(&Device::Cpu, DType::F32).with_scratch(scratch_bytes);
                    let up = |tensor: &Tensor| on.upload(tensor).unwrap();
                    let (weight, bias) = (up(&weight), up(&bias));
                    let epilogue = DeviceEpilogue { bias: Some(&bias), ..DeviceEpilogue::default() };
                    up(&x).convolve_with(&weight, window, (height, width), epilogue).unwrap().download().unwrap()
                };
                let padded = x.pad_with_zeros(2, before, after).unwrap().pad_with_zeros(3, before, after).unwrap();
                let wanted = padded.conv2d(&weight, 0, stride, 1, 1).unwrap();
                let wanted = wanted.broadcast_add(&bias.reshape((1, 5, 1, 1)).unwrap()).unwrap();
                for scratch_bytes in [1, 3000, 1 << 20] {
                    let found = run(scratch_bytes);
                    assert_eq!(found.dims(), wanted.dims());
                    let difference = (found - &wanted).unwrap().abs().unwrap().max_all().unwrap();
                    assert!(difference.to_scalar::<f32>().unwrap() < 1e-5, "{window:?} by {scratch_bytes}");
                }
            }
        }
    }
}
