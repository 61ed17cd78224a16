//! 3×3 convolution on a CPU: the picture's rows are copied into columns (long copies, no scatter), and one product with
//! the weights gives the output in place. candle's own walks every pixel with strides and packs its weights each time.

use candle_core::{Device, Module, Result, Storage, Tensor};
use candle_nn::{Conv2d, Conv2dConfig};
use rayon::prelude::*;

const KERNEL: usize = 3;
const TAPS: usize = KERNEL * KERNEL;

/// Columns are made for so many floats at once: large enough for the product, small enough for the cache's sake.
const CHUNK_FLOATS: usize = 4 << 20;

/// A 3×3 convolution with bias.
pub struct Conv3x3 {
    /// `(outputs, inputs · 9)`
    matrix: Tensor,
    /// `(outputs, 1)`
    bias: Tensor,
    stride: usize,
    padding: usize,
    /// For tensors that are not ours.
    plain: Conv2d,
}

impl Conv3x3 {
    /// `weight` `(outputs, inputs, 3, 3)`, `bias` `(outputs)`.
    ///
    /// # Errors
    /// When the weight has another shape.
    pub fn new(weight: Tensor, bias: Tensor, stride: usize, padding: usize) -> Result<Self> {
        let outputs = weight.dim(0)?;
        let config = Conv2dConfig { stride, padding, ..Conv2dConfig::default() };
        Ok(Self {
            matrix: weight.reshape((outputs, ()))?,
            bias: bias.reshape((outputs, 1))?,
            stride,
            padding,
            plain: Conv2d::new(weight, Some(bias), config),
        })
    }

    /// `x` `(batch, inputs, height, width)`.
    ///
    /// # Errors
    /// When the shape is wrong.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        if !super::is_ours(x) {
            return self.plain.forward(x);
        }
        let (batch, channels, height, width) = x.dims4()?;
        if height.min(width) + 2 * self.padding < KERNEL {
            candle_core::bail!("a 3×3 convolution was given a picture of {width}×{height}");
        }
        let out = |side: usize| (side + 2 * self.padding - KERNEL) / self.stride + 1;
        let shape = Geometry {
            channels,
            height,
            width,
            out_height: out(height),
            out_width: out(width),
            stride: self.stride,
            padding: self.padding,
        };
        let x = x.contiguous()?;
        let mut pictures = Vec::with_capacity(batch);
        for index in 0..batch {
            pictures.push(self.one(&x, index, &shape)?);
        }
        let outputs = self.matrix.dim(0)?;
        Tensor::cat(&pictures, 0)?.reshape((batch, outputs, shape.out_height, shape.out_width))
    }

    /// One picture of the batch: `(outputs, out_height · out_width)`.
    fn one(&self, x: &Tensor, index: usize, shape: &Geometry) -> Result<Tensor> {
        let row_floats = shape.channels * TAPS * shape.out_width;
        let rows_at_once = (CHUNK_FLOATS / row_floats).clamp(1, shape.out_height);
        let mut parts = Vec::new();
        let mut first_row = 0;
        while first_row < shape.out_height {
            let rows = rows_at_once.min(shape.out_height - first_row);
            let columns = columns_of(x, index, shape, first_row, rows)?;
            parts.push(self.matrix.matmul(&columns)?.broadcast_add(&self.bias)?);
            first_row += rows;
        }
        if parts.len() == 1 { Ok(parts.remove(0)) } else { Tensor::cat(&parts, 1) }
    }
}

struct Geometry {
    channels: usize,
    height: usize,
    width: usize,
    out_height: usize,
    out_width: usize,
    stride: usize,
    padding: usize,
}

/// `(inputs · 9, rows · out_width)`: row `(channel, ky, kx)` holds what that tap of the kernel sees.
fn columns_of(x: &Tensor, index: usize, shape: &Geometry, first_row: usize, rows: usize) -> Result<Tensor> {
    let (storage, layout) = x.storage_and_layout();
    let Storage::Cpu(storage) = &*storage else { candle_core::bail!("the columns are made on a CPU") };
    let area = shape.height * shape.width;
    let picture =
        &storage.as_slice::<f32>()?[layout.start_offset() + index * shape.channels * area..][..shape.channels * area];
    let pixels = rows * shape.out_width;
    let mut columns = vec![0f32; shape.channels * TAPS * pixels];
    columns.par_chunks_mut(pixels * TAPS).zip(picture.par_chunks(area)).for_each(|(taps, plane)| {
        for (tap, column) in taps.chunks_mut(pixels).enumerate() {
            let (ky, kx) = (tap / KERNEL, tap % KERNEL);
            for (row, out) in column.chunks_mut(shape.out_width).enumerate() {
                let y = ((first_row + row) * shape.stride + ky).wrapping_sub(shape.padding);
                if y < shape.height {
                    copy_row(out, &plane[y * shape.width..(y + 1) * shape.width], kx, shape);
                }
            }
        }
    });
    Tensor::from_vec(columns, (shape.channels * TAPS, pixels), &Device::Cpu)
}

/// What tap `kx` sees of a row; outside the picture it stays zero.
fn copy_row(out: &mut [f32], row: &[f32], kx: usize, shape: &Geometry) {
    if shape.stride == 1 {
        // out[i] = row[i + kx - padding]
        let skipped = shape.padding.saturating_sub(kx);
        let first = kx.saturating_sub(shape.padding);
        let count = row.len().saturating_sub(first).min(out.len().saturating_sub(skipped));
        out[skipped..skipped + count].copy_from_slice(&row[first..first + count]);
        return;
    }
    for (index, out) in out.iter_mut().enumerate() {
        let x = (index * shape.stride + kx).wrapping_sub(shape.padding);
        if let Some(value) = row.get(x) {
            *out = *value;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equals_candles_own() {
        let device = Device::Cpu;
        let sizes = [(1, 4, 8, 8), (2, 3, 5, 9), (1, 1, 3, 3), (2, 16, 33, 17), (1, 64, 90, 90)];
        for (stride, padding) in [(1, 1), (2, 1), (2, 0), (1, 0)] {
            for shape in sizes {
                let x = Tensor::randn(0f32, 1.0, shape, &device).unwrap();
                let weight = Tensor::randn(0f32, 0.2, (6, shape.1, 3, 3), &device).unwrap();
                let bias = Tensor::randn(0f32, 1.0, 6, &device).unwrap();
                let convolution = Conv3x3::new(weight, bias, stride, padding).unwrap();
                let (found, wanted) = (convolution.forward(&x).unwrap(), convolution.plain.forward(&x).unwrap());
                assert_eq!(found.dims(), wanted.dims());
                let difference =
                    (found - wanted).unwrap().abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap();
                assert!(difference < 2e-5, "{shape:?} {stride} {padding}: {difference}");
            }
        }
    }
}
