//! The live preview of a masked run: only what is masked is new, so only that is shown, over the canvas's picture.

use crate::job::Request;
use crate::mask::PixelRect;
use crate::raster::Picture;

/// Looks into each of the preview's pixels so many times across and down.
const SAMPLES: u32 = 4;

/// The preview, clear where the mask keeps the picture. `crop` is the part of the picture that the preview shows.
#[must_use]
pub(crate) fn masked(preview: &Picture, request: &Request, crop: PixelRect) -> Option<Picture> {
    let mask = &request.mask.as_ref()?.plane;
    let (width, height) = (preview.width(), preview.height());
    let mut rgba = preview.rgba().to_vec();
    let place = |start: u32, side: u32, at: u32, of: u32| {
        start + (u64::from(side) * u64::from(at) / u64::from(of.max(1))) as u32
    };
    for (index, pixel) in rgba.chunks_exact_mut(4).enumerate() {
        let (x, y) = (index as u32 % width, index as u32 / width);
        let value = |sample: u32| {
            let across = place(crop.left, crop.width(), x * SAMPLES + sample % SAMPLES, width * SAMPLES);
            let down = place(crop.top, crop.height(), y * SAMPLES + sample / SAMPLES, height * SAMPLES);
            if across < mask.width() && down < mask.height() { mask.row(down)[across as usize] } else { 0 }
        };
        let most = (0..SAMPLES * SAMPLES).map(value).max().unwrap_or(0);
        pixel[3] = if request.inpaint.invert { 255 - most } else { most };
    }
    Picture::from_rgba(width, height, rgba).ok()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::job::InpaintMask;
    use crate::mask::MaskPlane;

    #[test]
    fn a_preview_shows_where_the_crop_is_masked() {
        let mut plane = MaskPlane::empty(100, 50);
        for y in 10..30 {
            plane.row_mut(y)[40..60].fill(255);
        }
        let request = Request { mask: Some(InpaintMask { plane: Arc::new(plane) }), ..Request::default() };
        let preview = Picture::filled(4, 4, [9, 9, 9, 255]);
        let shown = masked(&preview, &request, PixelRect::new(20, 0, 60, 40)).unwrap();
        let alpha = |x: usize, y: usize| shown.rgba()[(y * 4 + x) * 4 + 3];
        assert_eq!((alpha(0, 1), alpha(2, 1), alpha(3, 2), alpha(3, 3)), (0, 255, 255, 0));
        assert!(masked(&preview, &Request::default(), PixelRect::new(0, 0, 9, 9)).is_none());
    }
}
