//! Puts what was made back into the photo: outside the mask and its feather, every byte stays.

use rayon::prelude::*;

use super::geometry::picture_of;
use crate::mask::{MaskPlane, PAINTED, PixelRect};
use crate::raster::Picture;

/// `photo` with `made` pasted at `place` as far as `share` says (255: wholly). `made` and `share` are as large as
/// `place`, which lies inside the photo.
///
/// Transparency is kept; only a masked place of which more than half shows nothing at all becomes visible.
#[must_use]
pub(crate) fn paste(photo: &Picture, made: &Picture, place: PixelRect, share: &MaskPlane) -> Picture {
    let mut rgba = photo.rgba().to_vec();
    let stride = photo.width() as usize * 4;
    let (left, width) = (place.left as usize * 4, place.width() as usize * 4);
    let shows_itself = mostly_invisible(photo, place, share);
    rgba.par_chunks_mut(stride)
        .skip(place.top as usize)
        .take(place.height() as usize)
        .zip(made.rgba().par_chunks(width))
        .zip(share.values().par_chunks(width / 4))
        .for_each(|((row, made), share)| {
            let pixels = row[left..][..width].chunks_exact_mut(4).zip(made.chunks_exact(4));
            for ((pixel, made), share) in pixels.zip(share).filter(|(_, share)| **share > 0) {
                lay_over(pixel, made, *share, shows_itself);
            }
        });
    picture_of(photo.width(), photo.height(), rgba)
}

fn lay_over(pixel: &mut [u8], made: &[u8], share: u8, shows_itself: bool) {
    let alpha = u32::from(pixel[3]);
    let new = u32::from(share);
    // Where nothing was visible, there is no old colour to mix in.
    let old = if shows_itself || alpha == 0 { (255 - new) * alpha / 255 } else { 255 - new };
    let whole = new + old;
    for channel in 0..3 {
        let mixed = u32::from(made[channel]) * new + u32::from(pixel[channel]) * old;
        pixel[channel] = ((mixed + whole / 2) / whole) as u8;
    }
    if shows_itself {
        pixel[3] = (alpha + (255 - alpha) * new / 255) as u8;
    }
}

fn mostly_invisible(photo: &Picture, place: PixelRect, share: &MaskPlane) -> bool {
    let (mut masked, mut invisible) = (0_usize, 0_usize);
    for y in place.top..place.bottom {
        let start = (y as usize * photo.width() as usize + place.left as usize) * 4;
        let row = &photo.rgba()[start..][..place.width() as usize * 4];
        for (pixel, share) in row.chunks_exact(4).zip(share.row(y - place.top)) {
            masked += usize::from(*share >= PAINTED);
            invisible += usize::from(*share >= PAINTED && pixel[3] == 0);
        }
    }
    invisible * 2 > masked
}

/// `made` with the transparency of `photo`, which is as large.
#[must_use]
pub(crate) fn with_alpha_of(photo: &Picture, made: Picture) -> Picture {
    let (width, height) = (made.width(), made.height());
    let mut rgba = made.into_rgba();
    for (made, photo) in rgba.chunks_exact_mut(4).zip(photo.rgba().chunks_exact(4)) {
        made[3] = photo[3];
    }
    picture_of(width, height, rgba)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noisy(width: u32, height: u32, alpha: impl Fn(u32) -> u8) -> Picture {
        let bytes = (0..width * height).flat_map(|i| [(i * 37) as u8, (i * 11) as u8, (i * 5) as u8, alpha(i)]);
        Picture::from_rgba(width, height, bytes.collect()).unwrap()
    }

    #[test]
    fn outside_the_share_every_byte_stays_and_inside_the_new_picture_shows() {
        let photo = noisy(40, 30, |i| (i * 3) as u8 | 1);
        let place = PixelRect::new(5, 4, 35, 24);
        let made = Picture::filled(30, 20, [1, 2, 3, 255]);
        let mut share = MaskPlane::empty(30, 20);
        share.row_mut(7)[3..9].copy_from_slice(&[1, 40, 255, 255, 128, 2]);
        let pasted = paste(&photo, &made, place, &share);
        for (index, (now, before)) in pasted.rgba().chunks_exact(4).zip(photo.rgba().chunks_exact(4)).enumerate() {
            let (x, y) = (index % 40, index / 40);
            if y == 11 && (8..14).contains(&x) {
                assert_eq!(now[3], before[3]);
                if (10..12).contains(&x) {
                    assert_eq!(now[..3], [1, 2, 3]);
                }
            } else {
                assert_eq!(now, before);
            }
        }
    }

    #[test]
    fn a_hole_that_is_filled_becomes_visible() {
        let photo = noisy(10, 10, |i| if i % 10 < 6 { 0 } else { 255 });
        let share = MaskPlane::from_values(10, 10, vec![255; 100]).unwrap();
        let pasted = paste(&photo, &Picture::filled(10, 10, [9, 8, 7, 255]), PixelRect::new(0, 0, 10, 10), &share);
        assert!(pasted.rgba().chunks_exact(4).all(|pixel| pixel == [9, 8, 7, 255]));
    }
}
