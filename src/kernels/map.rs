//! A feature map in memory as the kernels want it: pixel after pixel, each with all its channels.

use std::sync::Arc;

use rayon::prelude::*;

use super::ShapeError;
use super::pool::Buffer;

/// `(batch, height, width, channels)` in this order; tokens are pixels, `(batch, tokens, channels)` the same memory.
#[derive(Clone)]
pub struct Map {
    pub batch: usize,
    pub height: usize,
    pub width: usize,
    pub channels: usize,
    data: Arc<Buffer>,
}

impl Map {
    /// Holds whatever was there before: the caller writes all of it.
    pub(super) fn unwritten(batch: usize, height: usize, width: usize, channels: usize) -> (Buffer, Shape) {
        (Buffer::take(batch * height * width * channels), Shape { batch, height, width, channels })
    }

    /// # Errors
    /// When there are not as many values as the shape says.
    pub fn from_vec(
        values: Vec<f32>,
        batch: usize,
        height: usize,
        width: usize,
        channels: usize,
    ) -> Result<Self, ShapeError> {
        let wanted = batch * height * width * channels;
        if values.len() != wanted {
            return Err(ShapeError(format!("{} values were given for a map of {wanted}", values.len())));
        }
        Ok(Shape { batch, height, width, channels }.filled(Buffer::from_vec(values)))
    }

    /// From planes: `(batch, channels, height, width)`.
    ///
    /// # Errors
    /// When there are not as many values as the shape says.
    pub fn from_planes(
        planes: &[f32],
        batch: usize,
        channels: usize,
        height: usize,
        width: usize,
    ) -> Result<Self, ShapeError> {
        let area = height * width;
        if planes.len() != batch * channels * area {
            return Err(ShapeError(format!(
                "{} values were given for a map of {}",
                planes.len(),
                batch * channels * area
            )));
        }
        let (mut out, shape) = Self::unwritten(batch, height, width, channels);
        if !out.is_empty() {
            out.par_chunks_mut(width * channels).enumerate().for_each(|(row, out)| {
                let (picture, y) = (row / height, row % height);
                for (x, pixel) in out.chunks_exact_mut(channels).enumerate() {
                    for (channel, value) in pixel.iter_mut().enumerate() {
                        *value = planes[(picture * channels + channel) * area + y * width + x];
                    }
                }
            });
        }
        Ok(shape.filled(out))
    }

    /// To planes: `(batch, channels, height, width)`.
    #[must_use]
    pub fn to_planes(&self) -> Vec<f32> {
        let area = self.height * self.width;
        let mut planes = vec![0f32; self.data.len()];
        if area > 0 {
            planes.par_chunks_mut(area).enumerate().for_each(|(plane, out)| {
                let (picture, channel) = (plane / self.channels, plane % self.channels);
                let pixels = &self.data[picture * area * self.channels..];
                for (pixel, value) in out.iter_mut().enumerate() {
                    *value = pixels[pixel * self.channels + channel];
                }
            });
        }
        planes
    }

    #[must_use]
    pub fn values(&self) -> &[f32] {
        &self.data
    }

    /// Pixels of all pictures of the batch.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.batch * self.height * self.width
    }

    #[must_use]
    pub fn shape(&self) -> Shape {
        Shape { batch: self.batch, height: self.height, width: self.width, channels: self.channels }
    }

    /// Its memory, to be written over, where nobody else holds it; else the map again.
    pub(super) fn into_own(self) -> Result<(Buffer, Shape), Self> {
        let shape = self.shape();
        Arc::try_unwrap(self.data).map(|data| (data, shape)).map_err(|data| shape.shared(data))
    }

    /// The same values as a map of another size.
    ///
    /// # Errors
    /// When the sizes differ in the number of pixels.
    pub fn resized(&self, height: usize, width: usize) -> Result<Self, ShapeError> {
        if height * width != self.height * self.width {
            return Err(ShapeError(format!(
                "{} pixels cannot be seen as {height} × {width}",
                self.height * self.width
            )));
        }
        Ok(Self { height, width, ..self.clone() })
    }

    /// The pixels of these rows and columns.
    #[must_use]
    pub fn cropped(&self, rows: std::ops::Range<usize>, columns: std::ops::Range<usize>) -> Self {
        let (mut out, shape) = Self::unwritten(self.batch, rows.len(), columns.len(), self.channels);
        let width = columns.len() * self.channels;
        if width > 0 {
            for (row, out) in out.chunks_exact_mut(width).enumerate() {
                let y = row / rows.len() * self.height + rows.start + row % rows.len();
                out.copy_from_slice(&self.data[(y * self.width + columns.start) * self.channels..][..width]);
            }
        }
        shape.filled(out)
    }

    pub(super) fn expect_channels(&self, wanted: usize, what: &str) -> Result<(), ShapeError> {
        if self.channels == wanted {
            return Ok(());
        }
        Err(ShapeError(format!("{what} of {wanted} channels was given {}", self.channels)))
    }
}

/// A map's sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    pub batch: usize,
    pub height: usize,
    pub width: usize,
    pub channels: usize,
}

impl Shape {
    pub(super) fn filled(self, data: Buffer) -> Map {
        debug_assert_eq!(data.len(), self.batch * self.height * self.width * self.channels);
        self.shared(Arc::new(data))
    }

    fn shared(self, data: Arc<Buffer>) -> Map {
        let Self { batch, height, width, channels } = self;
        Map { batch, height, width, channels, data }
    }
}
