//! What a masked place may hold before the first step: its surroundings, spread into it, or one colour.

use rayon::prelude::*;

use super::geometry::picture_of;
use super::spread::{Known, spread};
use crate::mask::{MaskPlane, PAINTED};
use crate::raster::Picture;

/// The masked place holds the colours of its border, smoothly spread; the rest is as it was. A mask over everything
/// leaves the picture's mean colour.
#[must_use]
pub fn filled_from_border(picture: &Picture, mask: &MaskPlane) -> Picture {
    let [width, height] = picture.size();
    let mut known: Vec<Known> = picture
        .rgba()
        .par_chunks_exact(4)
        .zip(mask.values())
        .map(|(pixel, masked)| {
            let share = if *masked >= PAINTED { 0.0 } else { f32::from(pixel[3]) / 255.0 };
            [f32::from(pixel[0]), f32::from(pixel[1]), f32::from(pixel[2]), share]
        })
        .collect();
    if known.iter().all(|pixel| pixel[3] == 0.0) {
        return filled_with(picture, mask, mean_colour(picture));
    }
    spread(&mut known, width, height);
    replaced(picture, mask, |index| {
        let [red, green, blue, _] = known[index];
        [red, green, blue].map(|value| value.round().clamp(0.0, 255.0) as u8)
    })
}

/// The masked place holds one colour.
#[must_use]
pub fn filled_with(picture: &Picture, mask: &MaskPlane, colour: [u8; 3]) -> Picture {
    replaced(picture, mask, |_| colour)
}

fn replaced(picture: &Picture, mask: &MaskPlane, colour: impl Fn(usize) -> [u8; 3]) -> Picture {
    let mut rgba = picture.rgba().to_vec();
    let pixels = rgba.chunks_exact_mut(4).zip(mask.values()).enumerate();
    for (index, (pixel, _)) in pixels.filter(|(_, (_, masked))| **masked >= PAINTED) {
        let [red, green, blue] = colour(index);
        pixel.copy_from_slice(&[red, green, blue, 255]);
    }
    picture_of(picture.width(), picture.height(), rgba)
}

fn mean_colour(picture: &Picture) -> [u8; 3] {
    let mut sums = [0_u64; 3];
    for pixel in picture.rgba().chunks_exact(4) {
        for (sum, value) in sums.iter_mut().zip(pixel) {
            *sum += u64::from(*value);
        }
    }
    let count = (picture.rgba().len() / 4).max(1) as u64;
    sums.map(|sum| (sum / count) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fill_takes_its_border_and_nothing_of_what_was_there() {
        let mut rgba = Vec::new();
        for _ in 0..40 {
            for x in 0..40 {
                let colour = if x < 20 { [10, 200, 30, 255] } else { [200, 20, 30, 255] };
                rgba.extend(if (8..14).contains(&x) { [255, 0, 255, 255] } else { colour });
            }
        }
        let picture = Picture::from_rgba(40, 40, rgba).unwrap();
        let mut mask = MaskPlane::empty(40, 40);
        for y in 0..40 {
            mask.row_mut(y)[8..14].fill(255);
        }
        let filled = filled_from_border(&picture, &mask);
        for pixel in filled.rgba().chunks_exact(4).skip(40 * 20).take(16) {
            assert!(pixel[0] < 30 && pixel[1] > 180, "{pixel:?}");
        }
        assert_eq!(filled_with(&picture, &mask, [1, 2, 3]).rgba()[8 * 4..9 * 4], [1, 2, 3, 255]);
        let all = MaskPlane::from_values(40, 40, vec![255; 1600]).unwrap();
        let even = filled_from_border(&picture, &all);
        assert!(even.rgba().chunks_exact(4).all(|pixel| pixel == &even.rgba()[..4]));
    }
}
