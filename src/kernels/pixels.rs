//! What a 3×3 kernel sees: pixels by place, zeros outside, and a picture that only seems larger than it is.

use super::map::Map;

/// How a convolution steps over a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Steps {
    pub stride: usize,
    /// Zeros above and to the left.
    pub before: usize,
    /// Zeros below and to the right.
    pub after: usize,
}

impl Steps {
    /// Keeps the size.
    pub const SAME: Self = Self { stride: 1, before: 1, after: 1 };

    /// How many places a kernel of 3 has along `side`; `None` where it does not fit.
    #[must_use]
    pub fn places(&self, side: usize) -> Option<usize> {
        (side + self.before + self.after).checked_sub(3).map(|span| span / self.stride + 1)
    }
}

const OUTSIDE: usize = usize::MAX;

/// A map's pixels by their place in the seen picture, the zeros around it counted.
pub(super) struct Pixels<'a> {
    map: &'a Map,
    /// The map's row for each row that is seen.
    ys: Vec<usize>,
    xs: Vec<usize>,
    zeros: Vec<f32>,
}

impl<'a> Pixels<'a> {
    /// The map seen as `height` × `width` (each pixel its nearest), with zeros before and any number after.
    pub(crate) fn new(map: &'a Map, height: usize, width: usize, steps: Steps, rows: usize, columns: usize) -> Self {
        let sources = |count: usize, seen: usize, side: usize| {
            let source = |place: usize| match place.checked_sub(steps.before) {
                Some(place) if place < seen => place * side / seen,
                _ => OUTSIDE,
            };
            (0..count).map(source).collect()
        };
        Self {
            map,
            ys: sources(rows, height, map.height),
            xs: sources(columns, width, map.width),
            zeros: vec![0.0; map.channels],
        }
    }

    /// A pixel's first channel: valid for reads of all its channels.
    #[inline]
    pub(crate) fn at(&self, picture: usize, y: usize, x: usize) -> *const f32 {
        let (y, x) = (self.ys[y], self.xs[x]);
        if y == OUTSIDE || x == OUTSIDE {
            return self.zeros.as_ptr();
        }
        let pixel = (picture * self.map.height + y) * self.map.width + x;
        self.map.values()[pixel * self.map.channels..][..self.map.channels].as_ptr()
    }

    pub(crate) fn channels(&self) -> usize {
        self.map.channels
    }
}
