//! Crops and sizes of whole pictures.

use super::resample::{Filter, resample};
use crate::mask::PixelRect;
use crate::raster::{Picture, ResizeMode};

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

/// What the network is given: at this size in this way. `Fit` is the caller's: it chooses a size of the same shape.
#[must_use]
pub fn fitted(picture: &Picture, width: u32, height: u32, mode: ResizeMode) -> Picture {
    let (own_width, own_height) = (picture.width(), picture.height());
    match mode {
        ResizeMode::Stretch | ResizeMode::Fit => resized(picture, width, height),
        ResizeMode::Crop => {
            let (wide, tall) = largest_inside((own_width, own_height), (width, height));
            let (left, top) = ((own_width - wide) / 2, (own_height - tall) / 2);
            resized(&crop(picture, PixelRect::new(left, top, left + wide, top + tall)), width, height)
        }
        ResizeMode::Pad => {
            let (wide, tall) = largest_inside((width, height), (own_width, own_height));
            let small = resized(picture, wide, tall);
            let (left, top) = ((width - wide) / 2, (height - tall) / 2);
            let around = super::Extension { left, top, right: width - wide - left, bottom: height - tall - top };
            super::extended(&small, around)
        }
    }
}

/// The largest size of `shape`'s proportions inside `room`, at least one pixel.
#[must_use]
pub fn largest_inside(room: (u32, u32), shape: (u32, u32)) -> (u32, u32) {
    let (width, height) = (f64::from(room.0), f64::from(room.1));
    let aspect = f64::from(shape.0) / f64::from(shape.1.max(1));
    let (wide, tall) = if width / height > aspect { (height * aspect, height) } else { (width, width / aspect) };
    ((wide.round() as u32).clamp(1, room.0), (tall.round() as u32).clamp(1, room.1))
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Red grows from left to right, green from top to bottom.
    fn ramp(width: u32, height: u32) -> Picture {
        let bytes = (0..height).flat_map(|y| (0..width).flat_map(move |x| [(x * 2) as u8, (y * 2) as u8, 9, 255]));
        picture_of(width, height, bytes.collect())
    }

    #[test]
    fn every_mode_gives_the_size_and_keeps_what_it_says() {
        let picture = ramp(100, 50);
        let at = |picture: &Picture, x: usize, y: usize| picture.rgba()[(y * 60 + x) * 4..][..2].to_vec();
        let stretched = fitted(&picture, 60, 60, ResizeMode::Stretch);
        assert!(at(&stretched, 1, 30)[0] < 10 && at(&stretched, 58, 30)[0] > 190);
        // The middle 50 of 100 columns.
        let cropped = fitted(&picture, 60, 60, ResizeMode::Crop);
        assert!((48..56).contains(&at(&cropped, 1, 30)[0]) && (140..150).contains(&at(&cropped, 58, 30)[0]));
        // 60×30 in the middle, its edges going on above and below.
        let padded = fitted(&picture, 60, 60, ResizeMode::Pad);
        assert!(at(&padded, 30, 16)[1] < 10 && at(&padded, 30, 43)[1] > 90);
        assert!(at(&padded, 30, 2)[1] < 40 && at(&padded, 30, 57)[1] > 60);
        assert!([&stretched, &cropped, &padded].iter().all(|picture| picture.size() == [60, 60]));
    }
}
