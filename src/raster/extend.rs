//! Border added around a picture, holding what its border suggests.

use rayon::prelude::*;

use super::geometry::{picture_of, resized};
use super::spread::{Known, spread};
use crate::mask::MaskPlane;
use crate::raster::Picture;

/// Pixels added on each side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extension {
    pub left: u32,
    pub top: u32,
    pub right: u32,
    pub bottom: u32,
}

/// The new border is computed at no more than this many pixels a side: it is smooth anyway.
const WORK_SIDE_PX: u32 = 512;

impl Extension {
    #[must_use]
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }

    /// The size of a picture of `width × height` with this around it; `None` where that is more than a number holds.
    #[must_use]
    pub fn around(self, width: u32, height: u32) -> Option<(u32, u32)> {
        let add = |side: u32, more: [u32; 2]| side.checked_add(more[0])?.checked_add(more[1]);
        Some((add(width, [self.left, self.right])?, add(height, [self.top, self.bottom])?))
    }
}

/// The picture with nothing around it: black and transparent.
#[must_use]
pub fn padded(picture: &Picture, by: Extension) -> Picture {
    let Some((width, height)) = by.around(picture.width(), picture.height()) else { return picture.clone() };
    let mut rgba = vec![0; width as usize * height as usize * 4];
    lay_inside(&mut rgba, width, picture, by);
    picture_of(width, height, rgba)
}

/// Writes the picture's rows into those of a larger one.
fn lay_inside(rgba: &mut [u8], width: u32, picture: &Picture, by: Extension) {
    let (stride, row_bytes) = (width as usize * 4, picture.width() as usize * 4);
    for (y, row) in picture.rgba().chunks_exact(row_bytes.max(1)).enumerate() {
        let start = (y + by.top as usize) * stride + by.left as usize * 4;
        rgba[start..][..row_bytes].copy_from_slice(row);
    }
}

/// The picture with a new border that goes on smoothly from its edges. The picture itself keeps every byte; the new
/// border is opaque.
#[must_use]
pub fn extended(picture: &Picture, by: Extension) -> Picture {
    let Some((width, height)) = by.around(picture.width(), picture.height()) else { return picture.clone() };
    if by.is_empty() {
        return picture.clone();
    }
    let border = new_border(picture, by, (width, height));
    let mut rgba = border.into_rgba();
    lay_inside(&mut rgba, width, picture, by);
    picture_of(width, height, rgba)
}

/// The mask of a picture that was extended: all of the new border, and what was masked before.
#[must_use]
pub fn extended_mask(mask: Option<&MaskPlane>, width: u32, height: u32, by: Extension) -> MaskPlane {
    let Some((wide, tall)) = by.around(width, height) else { return MaskPlane::empty(width, height) };
    let mut all = MaskPlane::empty(wide, tall);
    all.invert();
    for y in 0..height {
        let old = &mut all.row_mut(y + by.top)[by.left as usize..][..width as usize];
        match mask.filter(|mask| (mask.width(), mask.height()) == (width, height)) {
            Some(mask) => old.copy_from_slice(mask.row(y)),
            None => old.fill(0),
        }
    }
    all
}

fn new_border(picture: &Picture, by: Extension, (width, height): (u32, u32)) -> Picture {
    let scale = (f64::from(WORK_SIDE_PX) / f64::from(width.max(height))).min(1.0);
    let small_side = |side: u32| (f64::from(side) * scale).round().max(1.0) as u32;
    let (small_width, small_height) = (small_side(width), small_side(height));
    let place = |at: u32| (f64::from(at) * scale).round() as u32;
    let (left, top) = (place(by.left).min(small_width - 1), place(by.top).min(small_height - 1));
    let right = place(by.left + picture.width()).clamp(left + 1, small_width);
    let bottom = place(by.top + picture.height()).clamp(top + 1, small_height);
    let small = resized(picture, right - left, bottom - top);
    let mut known: Vec<Known> = vec![[0.0; 4]; small_width as usize * small_height as usize];
    for (y, row) in small.rgba().chunks_exact(small.width() as usize * 4).enumerate() {
        let start = (y + top as usize) * small_width as usize + left as usize;
        for (target, pixel) in known[start..].iter_mut().zip(row.chunks_exact(4)) {
            *target = [f32::from(pixel[0]), f32::from(pixel[1]), f32::from(pixel[2]), f32::from(pixel[3]) / 255.0];
        }
    }
    if known.iter().all(|pixel| pixel[3] == 0.0) {
        return Picture::filled(width, height, [255; 4]);
    }
    spread(&mut known, small_width as usize, small_height as usize);
    let bytes: Vec<u8> = known
        .par_iter()
        .flat_map_iter(|pixel| {
            let byte = |value: f32| value.round().clamp(0.0, 255.0) as u8;
            [byte(pixel[0]), byte(pixel[1]), byte(pixel[2]), 255]
        })
        .collect();
    resized(&picture_of(small_width, small_height, bytes), width, height)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_keeps_its_bytes_and_the_room_its_colours() {
        let bytes = (0..60_u32 * 40).flat_map(|i| [if i % 60 < 30 { 20 } else { 220 }, (i % 7) as u8, 50, 255]);
        let picture = Picture::from_rgba(60, 40, bytes.collect()).unwrap();
        for by in [
            Extension { left: 33, ..Extension::default() },
            Extension { right: 700, ..Extension::default() },
            Extension { left: 1, top: 2, right: 3, bottom: 50 },
        ] {
            let wide = extended(&picture, by);
            assert_eq!(Some((wide.width(), wide.height())), by.around(60, 40));
            for y in 0..40_usize {
                let start = ((y + by.top as usize) * wide.width() as usize + by.left as usize) * 4;
                assert_eq!(wide.rgba()[start..][..240], picture.rgba()[y * 240..][..240]);
            }
            let new = extended_mask(None, 60, 40, by);
            let masked = new.values().iter().filter(|value| **value > 0).count();
            assert_eq!(masked, wide.rgba().len() / 4 - 60 * 40);
            assert!(wide.rgba().chunks_exact(4).all(|pixel| pixel[3] == 255 && pixel[2].abs_diff(50) < 3));
        }
        let left = extended(&picture, Extension { left: 20, ..Extension::default() });
        assert!(left.rgba()[(20 * 80 + 2) * 4] < 80, "the left border is dark");
    }
}
