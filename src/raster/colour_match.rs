//! Takes the colour shift of the decoder out of a repainted place.
//!
//! Beside the mask the network drew what the picture already shows. What differs there, locally and smoothly, is not
//! drawing but a shift of colour; spread into the mask and added, it lets the new part meet the old one without a seam.

use rayon::prelude::*;

use super::geometry::picture_of;
use super::spread::{Known, between_cells, spread};
use crate::mask::{MaskPlane, PAINTED};
use crate::raster::Picture;

/// What is made anew shows this far beyond its mask: the latents' cells are coarser than pixels.
pub const NEW_REACH_PX: u32 = 8;
/// Differences are averaged over cells of this size, so that texture does not count as colour.
const CELL_PX: usize = 8;
/// Where both differ by this much (of 255), the network drew something else, and its colour counts half.
const DRAWN_ANEW: f32 = 24.0;

/// `drawn`, with the colours that it has where `mask` is empty brought to those of `original`. All of one size.
#[must_use]
pub fn match_colours(drawn: &Picture, original: &Picture, mask: &MaskPlane) -> Picture {
    let [width, height] = drawn.size();
    let (cells_x, cells_y) = (width.div_ceil(CELL_PX), height.div_ceil(CELL_PX));
    let mut shift: Vec<Known> = (0..cells_x * cells_y)
        .into_par_iter()
        .map(|cell| {
            let (left, top) = (cell % cells_x * CELL_PX, cell / cells_x * CELL_PX);
            let (mut sums, mut count) = ([0_i32; 3], 0_i32);
            for y in top..(top + CELL_PX).min(height) {
                for x in left..(left + CELL_PX).min(width) {
                    let pixel = y * width + x;
                    if mask.values()[pixel] >= PAINTED || original.rgba()[pixel * 4 + 3] < 255 {
                        continue;
                    }
                    count += 1;
                    for (channel, sum) in sums.iter_mut().enumerate() {
                        let at = pixel * 4 + channel;
                        *sum += i32::from(original.rgba()[at]) - i32::from(drawn.rgba()[at]);
                    }
                }
            }
            if count == 0 {
                return [0.0; 4];
            }
            let mean = sums.map(|sum| sum as f32 / count as f32);
            let largest = mean.iter().fold(0.0_f32, |largest, value| largest.max(value.abs())) / DRAWN_ANEW;
            let trust = 1.0 / (1.0 + largest * largest);
            let share = count as f32 / (CELL_PX * CELL_PX) as f32;
            [mean[0] * trust, mean[1] * trust, mean[2] * trust, share]
        })
        .collect();
    spread(&mut shift, cells_x, cells_y);
    let mut rgba = drawn.rgba().to_vec();
    rgba.par_chunks_mut(width * 4).enumerate().for_each(|(y, row)| {
        for (x, pixel) in row.chunks_exact_mut(4).enumerate() {
            let added = between_cells(&shift, [cells_x, cells_y], CELL_PX, [x, y]);
            for (value, added) in pixel.iter_mut().zip(added) {
                *value = (f32::from(*value) + added).round().clamp(0.0, 255.0) as u8;
            }
        }
    });
    picture_of(drawn.width(), drawn.height(), rgba)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_even_shift_is_taken_out_of_the_mask_too() {
        let original = Picture::filled(64, 48, [100, 120, 90, 255]);
        let mut rgba = Picture::filled(64, 48, [108, 117, 90, 255]).into_rgba();
        let mut mask = MaskPlane::empty(64, 48);
        for y in 16..32 {
            mask.row_mut(y)[20..44].fill(255);
            for x in 20..44_usize {
                rgba[(y as usize * 64 + x) * 4] = 208;
            }
        }
        let drawn = Picture::from_rgba(64, 48, rgba).unwrap();
        let matched = match_colours(&drawn, &original, &mask);
        let at = |x: usize, y: usize| &matched.rgba()[(y * 64 + x) * 4..][..3];
        assert!(at(30, 24)[0].abs_diff(200) <= 2 && at(30, 24)[1].abs_diff(120) <= 1, "{:?}", at(30, 24));
        assert!(at(2, 2)[0].abs_diff(100) <= 2);
    }
}
