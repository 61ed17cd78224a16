//! How a convolution goes over a picture.

/// How a convolution goes over a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    /// 3 or 1.
    pub side: usize,
    pub stride: usize,
    /// Zeros above and at the left, and below and at the right.
    pub before: usize,
    pub after: usize,
}

impl Window {
    /// A 1×1 convolution.
    pub(crate) const POINT: Self = Self { side: 1, stride: 1, before: 0, after: 0 };

    pub(super) fn places(&self, side: usize) -> Option<usize> {
        Some((side + self.before + self.after).checked_sub(self.side)? / self.stride + 1)
    }
}
