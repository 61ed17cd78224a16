//! The input of a convolution by squares: where each stands, and its transform.

use std::marker::PhantomData;
use std::ops::Range;

use super::transform::Transform;
use crate::kernels::pixels::Pixels;
use crate::kernels::product::Shared;
use crate::kernels::simd::{Kernel, Simd};

/// The output in squares.
#[derive(Clone, Copy)]
pub(super) struct Grid {
    pub height: usize,
    pub width: usize,
    pub high: usize,
    pub wide: usize,
}

impl Grid {
    /// Picture, row and column of a square.
    pub fn place(&self, square: usize) -> (usize, usize, usize) {
        let (picture, inside) = (square / (self.high * self.wide), square % (self.high * self.wide));
        (picture, inside / self.wide, inside % self.wide)
    }
}

/// Bᵀ·d·B for some squares.
pub(super) struct TransformInput<'a, W, const OUT: usize, const SIDE: usize> {
    pub pixels: &'a Pixels<'a>,
    pub grid: Grid,
    /// The chunk's first square.
    pub first: usize,
    /// Within the chunk.
    pub squares: Range<usize>,
    pub plane: usize,
    pub into: Shared,
    pub by: PhantomData<W>,
}

impl<W: Transform<OUT, SIDE>, const OUT: usize, const SIDE: usize> Kernel for TransformInput<'_, W, OUT, SIDE> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let channels = self.pixels.channels();
        for square in self.squares {
            let (picture, row, column) = self.grid.place(self.first + square);
            let at: [[*const f32; SIDE]; SIDE] = std::array::from_fn(|y| {
                std::array::from_fn(|x| self.pixels.at(picture, OUT * row + y, OUT * column + x))
            });
            for channel in (0..channels).step_by(S::LANES) {
                let count = (channels - channel).min(S::LANES);
                // SAFETY: every pixel has all channels, and the square's place in each plane is this task's alone.
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
                            let place = (y * SIDE + x) * self.plane + square * channels + channel;
                            S::store_some(self.into.at(place), value, count);
                        }
                    }
                }
            }
        }
    }
}
