//! Puts what was made back into the photo: outside the mask and its feather, every byte stays.
//!
//! The rule of transparency, for each pixel by itself: what is painted is seen. The new part lies over the photo like a
//! coat of opaque paint, as thick as the mask's share: all of it is opaque, half of it lies half over what was there,
//! and where nothing was painted alpha and the colours under it stay as they were. An img2img without a mask paints
//! everything, so its picture is opaque; at strength 0 nothing is painted, and the photo keeps its transparency.

use rayon::prelude::*;

use super::geometry::picture_of;
use crate::mask::{MaskPlane, PixelRect};
use crate::raster::Picture;

/// `photo` with `made`, which is opaque, pasted at `place` as far as `share` says (255: wholly). `made` and `share` are
/// as large as `place`, which lies inside the photo.
#[must_use]
pub fn paste(photo: &Picture, made: &Picture, place: PixelRect, share: &MaskPlane) -> Picture {
    let mut rgba = photo.rgba().to_vec();
    let stride = photo.width() as usize * 4;
    let (left, width) = (place.left as usize * 4, place.width() as usize * 4);
    rgba.par_chunks_mut(stride)
        .skip(place.top as usize)
        .take(place.height() as usize)
        .zip(made.rgba().par_chunks(width))
        .zip(share.values().par_chunks(width / 4))
        .for_each(|((row, made), share)| {
            let pixels = row[left..][..width].chunks_exact_mut(4).zip(made.chunks_exact(4));
            for ((pixel, made), share) in pixels.zip(share).filter(|(_, share)| **share > 0) {
                lay_over(pixel, made, *share);
            }
        });
    picture_of(photo.width(), photo.height(), rgba)
}

/// Porter and Duff's "over" on straight alpha: what was visible of the old pixel counts for its colour.
fn lay_over(pixel: &mut [u8], made: &[u8], share: u8) {
    let new = u32::from(share) * 255;
    let old = u32::from(255 - share) * u32::from(pixel[3]);
    let whole = new + old;
    for channel in 0..3 {
        let mixed = u32::from(made[channel]) * new + u32::from(pixel[channel]) * old;
        pixel[channel] = ((mixed + whole / 2) / whole) as u8;
    }
    pixel[3] = ((whole + 127) / 255) as u8;
}

/// `made` with the transparency of `photo`, which is as large.
#[must_use]
pub fn with_alpha_of(photo: &Picture, made: Picture) -> Picture {
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
                assert!(now[3] >= before[3]);
                if (10..12).contains(&x) {
                    assert_eq!(now, [1, 2, 3, 255]);
                }
            } else {
                assert_eq!(now, before);
            }
        }
    }

    /// Holes of any share of the mask, of any transparency, each pixel by itself.
    #[test]
    fn what_is_painted_is_seen_and_what_is_not_keeps_its_hidden_colours() {
        let place = PixelRect::new(0, 0, 20, 20);
        let made = Picture::filled(20, 20, [9, 8, 7, 255]);
        for hole in [1, 7, 50, 150, 199] {
            for alpha in [0, 1, 100, 254] {
                let photo = noisy(20, 20, |i| if i * 7 % 400 < hole { alpha } else { 255 });
                let shares = (0..400).map(|i: u32| if i % 20 < 10 { 255 } else { 0 }).collect();
                let pasted = paste(&photo, &made, place, &MaskPlane::from_values(20, 20, shares).unwrap());
                let pixels = pasted.rgba().chunks_exact(4).zip(photo.rgba().chunks_exact(4)).enumerate();
                for (index, (now, before)) in pixels {
                    let wanted = if index % 20 < 10 { &[9, 8, 7, 255][..] } else { before };
                    assert_eq!(now, wanted, "{hole} of 400 at alpha {alpha}, pixel {index}");
                }
            }
        }
    }

    #[test]
    fn a_feather_over_nothing_has_the_new_colour_and_its_own_share() {
        for share in [1, 60, 128, 254] {
            let over = |colour: [u8; 4]| {
                let share = MaskPlane::from_values(1, 1, vec![share]).unwrap();
                let made = Picture::filled(1, 1, [200, 100, 50, 255]);
                paste(&Picture::filled(1, 1, colour), &made, PixelRect::new(0, 0, 1, 1), &share).into_rgba()
            };
            assert_eq!(over([1, 2, 3, 0]), [200, 100, 50, share]);
            assert_eq!(over([200, 100, 50, 255]), [200, 100, 50, 255]);
            assert!(over([0, 0, 0, 120])[3] >= 120.max(share));
        }
    }
}
