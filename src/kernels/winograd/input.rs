//! The input of a convolution by output tiles: where each stands, and its transform.

use std::marker::PhantomData;
use std::ops::Range;

use super::transform::Transform;
use crate::kernels::pixels::Pixels;
use crate::kernels::product::SharedPointer;
use crate::kernels::simd::{Kernel, Simd};

/// The output in output tiles.
#[derive(Clone, Copy)]
pub(super) struct OutputGrid {
    pub height: usize,
    pub width: usize,
    pub tiles_down: usize,
    pub tiles_across: usize,
}

impl OutputGrid {
    /// Picture, row and column of an output tile.
    pub(crate) fn place(&self, output_tile: usize) -> (usize, usize, usize) {
        let (picture, inside) =
            (output_tile / (self.tiles_down * self.tiles_across), output_tile % (self.tiles_down * self.tiles_across));
        (picture, inside / self.tiles_across, inside % self.tiles_across)
    }
}

/// Bᵀ·d·B for some output tiles.
pub(super) struct TransformInput<'a, W, const OUT: usize, const SIDE: usize> {
    pub pixels: &'a Pixels<'a>,
    pub grid: OutputGrid,
    /// The chunk's first output tile.
    pub first: usize,
    /// Within the chunk.
    pub output_tiles: Range<usize>,
    pub plane: usize,
    pub into: SharedPointer,
    pub by: PhantomData<W>,
}

impl<W: Transform<OUT, SIDE>, const OUT: usize, const SIDE: usize> Kernel for TransformInput<'_, W, OUT, SIDE> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let channels = self.pixels.channels();
        for output_tile in self.output_tiles {
            let (picture, row, column) = self.grid.place(self.first + output_tile);
            let at: [[*const f32; SIDE]; SIDE] = std::array::from_fn(|y| {
                std::array::from_fn(|x| self.pixels.at(picture, OUT * row + y, OUT * column + x))
            });
            for channel in (0..channels).step_by(S::LANES) {
                let count = (channels - channel).min(S::LANES);
                // SAFETY: every pixel has all channels, and the output tile's place in each plane is this task's alone.
                unsafe {
                    let mut half = [[S::splat(0.0); SIDE]; SIDE];
                    for x in 0..SIDE {
                        let line = std::array::from_fn(|y| S::load_some(at[y][x].add(channel), count));
                        for (y, value) in W::input::<S>(line).into_iter().enumerate() {
                            half[y][x] = value;
                        }
                    }
                    for (y, line) in half.into_iter().enumerate() {
                        for (x, value) in W::input::<S>(line).into_iter().enumerate() {
                            let place = (y * SIDE + x) * self.plane + output_tile * channels + channel;
                            S::store_some(self.into.at(place), value, count);
                        }
                    }
                }
            }
        }
    }
}
