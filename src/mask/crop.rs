//! Which part of a picture the network is shown when only the masked area is worked on.

use super::PixelRect;

impl PixelRect {
    /// With so many pixels more on each side, as far as `within` goes.
    #[must_use]
    pub fn padded(self, padding_px: u32, within: Self) -> Self {
        Self::new(
            self.left.saturating_sub(padding_px).max(within.left),
            self.top.saturating_sub(padding_px).max(within.top),
            self.right.saturating_add(padding_px).min(within.right),
            self.bottom.saturating_add(padding_px).min(within.bottom),
        )
    }

    /// Grown evenly, never shrunk, to at least `least` and to the shape of `size`, both width and height. What would
    /// lie beyond `within` is gained on the other side; where `within` itself is too small, the rectangle ends with it.
    #[must_use]
    pub fn grown_to_shape(self, least: (u32, u32), size: (u32, u32), within: Self) -> Self {
        let (width, height) = (self.width().max(least.0), self.height().max(least.1));
        let (share_x, share_y) = (u64::from(size.0.max(1)), u64::from(size.1.max(1)));
        let width_wanted = (u64::from(height) * share_x).div_ceil(share_y) as u32;
        let height_wanted = (u64::from(width) * share_y).div_ceil(share_x) as u32;
        let (left, right) = grown_span((self.left, self.right), width.max(width_wanted), (within.left, within.right));
        let (top, bottom) = grown_span((self.top, self.bottom), height.max(height_wanted), (within.top, within.bottom));
        Self::new(left, top, right, bottom)
    }
}

/// A span grown to `wanted` around its middle, moved to lie within the limits, or the limits themselves.
fn grown_span((begin, end): (u32, u32), wanted: u32, (least, most): (u32, u32)) -> (u32, u32) {
    let wanted = wanted.max(end - begin);
    if wanted >= most - least {
        return (least, most);
    }
    let before = (wanted - (end - begin)) / 2;
    let begin = begin.saturating_sub(before).max(least).min(most - wanted);
    (begin, begin + wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crop_holds_the_mask_has_the_aspect_and_lies_within_the_picture() {
        let within = PixelRect::new(0, 0, 6000, 4000);
        for (left, top, width, height) in
            [(0, 0, 10, 10), (5990, 3990, 10, 10), (2000, 100, 300, 40), (7, 900, 50, 1200)]
        {
            let bounds = PixelRect::new(left, top, left + width, top + height);
            for aspect in [(1, 1), (512, 768), (768, 512)] {
                let crop = bounds.padded(32, within).grown_to_shape((128, 128), aspect, within);
                assert_eq!(crop.union(bounds), crop);
                assert_eq!(crop.intersection(within), crop);
                assert!(crop.width() >= 128 && crop.height() >= 128);
                let found = f64::from(crop.width()) / f64::from(crop.height());
                assert!((found / (f64::from(aspect.0) / f64::from(aspect.1)) - 1.0).abs() < 0.01, "{crop:?}");
            }
        }
    }

    #[test]
    fn a_small_picture_is_taken_whole() {
        let within = PixelRect::new(0, 0, 100, 50);
        assert_eq!(
            PixelRect::new(40, 10, 60, 20).padded(32, within).grown_to_shape((512, 512), (1, 1), within),
            within
        );
    }
}
