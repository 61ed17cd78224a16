//! Rectangles of whole pixels.

/// Half open: `left..right`, `top..bottom`. Empty when a side is not positive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct PixelRect {
    pub left: u32,
    pub top: u32,
    pub right: u32,
    pub bottom: u32,
}

impl PixelRect {
    #[must_use]
    pub fn new(left: u32, top: u32, right: u32, bottom: u32) -> Self {
        Self { left, top, right, bottom }
    }

    #[must_use]
    pub fn width(self) -> u32 {
        self.right.saturating_sub(self.left)
    }

    #[must_use]
    pub fn height(self) -> u32 {
        self.bottom.saturating_sub(self.top)
    }

    #[must_use]
    pub fn is_empty(self) -> bool {
        self.width() == 0 || self.height() == 0
    }

    /// The smallest rectangle around both; an empty one adds nothing.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        if self.is_empty() {
            return other;
        }
        if other.is_empty() {
            return self;
        }
        Self {
            left: self.left.min(other.left),
            top: self.top.min(other.top),
            right: self.right.max(other.right),
            bottom: self.bottom.max(other.bottom),
        }
    }

    /// What both have in common.
    #[must_use]
    pub fn intersection(self, other: Self) -> Self {
        Self {
            left: self.left.max(other.left),
            top: self.top.max(other.top),
            right: self.right.min(other.right),
            bottom: self.bottom.min(other.bottom),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_common_is_empty_and_nothing_is_added_by_an_empty_one() {
        let (left, right) = (PixelRect::new(0, 0, 2, 2), PixelRect::new(3, 0, 5, 2));
        assert!(left.intersection(right).is_empty());
        assert_eq!(left.union(right), PixelRect::new(0, 0, 5, 2));
        assert_eq!(left.union(PixelRect::default()), left);
    }
}
