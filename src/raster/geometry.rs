//! Crops and sizes of whole pictures.

use super::resample::{Filter, resample};
use crate::mask::PixelRect;
use crate::raster::Picture;

/// The part inside `rect`, which is cut to the picture first.
#[must_use]
pub fn crop(picture: &Picture, rect: PixelRect) -> Picture {
    let whole = PixelRect::new(0, 0, picture.width(), picture.height());
    let rect = rect.intersection(whole);
    if rect == whole {
        return picture.clone();
    }
    let (left, width, stride) = (rect.left as usize * 4, rect.width() as usize * 4, picture.width() as usize * 4);
    let rows = (rect.top..rect.bottom).flat_map(|y| &picture.rgba()[y as usize * stride + left..][..width]);
    picture_of(rect.width(), rect.height(), rows.copied().collect())
}

/// At another size, by Lanczos.
#[must_use]
pub fn resized(picture: &Picture, width: u32, height: u32) -> Picture {
    let bytes = resample::<4>(picture.rgba(), picture.size(), [width as usize, height as usize], Filter::Lanczos);
    picture_of(width, height, bytes)
}

/// The largest size of `shape`'s proportions inside `bounds`, at least one pixel.
#[must_use]
pub fn largest_inside(bounds: (u32, u32), shape: (u32, u32)) -> (u32, u32) {
    let (width, height) = (f64::from(bounds.0), f64::from(bounds.1));
    let aspect = f64::from(shape.0) / f64::from(shape.1.max(1));
    let (wide, tall) = if width / height > aspect { (height * aspect, height) } else { (width, width / aspect) };
    ((wide.round() as u32).clamp(1, bounds.0), (tall.round() as u32).clamp(1, bounds.1))
}

/// The middle part of a size that has another one's shape.
#[must_use]
pub fn middle_part(own: (u32, u32), shape: (u32, u32)) -> PixelRect {
    let (wide, tall) = largest_inside(own, shape);
    let (left, top) = ((own.0 - wide) / 2, (own.1 - tall) / 2);
    PixelRect::new(left, top, left + wide, top + tall)
}

/// Opaque: what is transparent shows white.
#[must_use]
pub fn over_white(picture: &Picture) -> Picture {
    if picture.rgba().chunks_exact(4).all(|pixel| pixel[3] == 255) {
        return picture.clone();
    }
    let blend = |value: u8, alpha: u8| {
        ((u32::from(value) * u32::from(alpha) + 255 * (255 - u32::from(alpha)) + 127) / 255) as u8
    };
    let pixels = picture.rgba().chunks_exact(4);
    let bytes = pixels.flat_map(|p| [blend(p[0], p[3]), blend(p[1], p[3]), blend(p[2], p[3]), 255]).collect();
    picture_of(picture.width(), picture.height(), bytes)
}

/// A picture of bytes that are known to be as many as it needs.
pub(super) fn picture_of(width: u32, height: u32, rgba: Vec<u8>) -> Picture {
    Picture::from_rgba(width, height, rgba).unwrap_or_else(|_| Picture::filled(width, height, [0; 4]))
}
