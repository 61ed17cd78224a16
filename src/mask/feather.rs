//! Soft edges: a blur whose reach is known to the pixel, and a feather that leaves the painted part whole.

use rayon::prelude::*;

use super::MaskPlane;

/// Fixed-point steps of one grey value, so that three passes do not round three times.
const SCALE: u32 = 256;

impl MaskPlane {
    /// Blurs evenly to both sides of every edge. A pixel is changed only by what lies within `reach_px` of it, across
    /// and down; beyond the picture's edge the outermost pixels go on.
    #[must_use]
    pub fn blurred(&self, reach_px: u32) -> Self {
        if reach_px == 0 || self.is_empty() {
            return self.clone();
        }
        let (width, height) = (self.width() as usize, self.height() as usize);
        let mut values: Vec<u16> = self.values().iter().map(|value| u16::from(*value) * SCALE as u16).collect();
        blur_rows(&mut values, width, reach_px as usize);
        let mut turned = transposed(&values, width, height);
        blur_rows(&mut turned, height, reach_px as usize);
        let values = transposed(&turned, height, width);
        let bytes = values.iter().map(|value| ((u32::from(*value) + SCALE / 2) / SCALE) as u8).collect();
        Self::from_values(self.width(), self.height(), bytes).unwrap_or_else(|| self.clone())
    }

    /// A soft rim around the mask: what is painted stays as it is, and a ramp falls to nothing within twice
    /// `reach_px` outside (a square's corner apart).
    #[must_use]
    pub fn feathered(&self, reach_px: u32) -> Self {
        if reach_px == 0 {
            return self.clone();
        }
        // A disc that holds the blur's square window keeps every painted pixel whole.
        let disc = (f64::from(reach_px) * std::f64::consts::SQRT_2).ceil() as u32;
        let mut soft = self.grown(disc).blurred(reach_px);
        soft.add(self);
        soft
    }
}

/// Three running means along every row; together they look `reach` pixels to each side.
fn blur_rows(values: &mut [u16], width: usize, reach: usize) {
    let radii = [reach / 3, (reach + 1) / 3, reach.div_ceil(3)];
    values.par_chunks_mut(width).for_each_init(
        || vec![0_u16; width],
        |copy, row| {
            for radius in radii.into_iter().filter(|radius| *radius > 0) {
                copy.copy_from_slice(row);
                running_mean(copy, row, radius);
            }
        },
    );
}

fn running_mean(from: &[u16], to: &mut [u16], radius: usize) {
    let last = from.len() - 1;
    let at = |place: usize| u64::from(from[place.min(last)]);
    let count = 2 * radius as u64 + 1;
    let mut sum = at(0) * (radius as u64 + 1) + (1..=radius).map(at).sum::<u64>();
    for (place, target) in to.iter_mut().enumerate() {
        *target = ((sum + count / 2) / count) as u16;
        sum += at(place + radius + 1);
        sum -= at(place.saturating_sub(radius));
    }
}

fn transposed(values: &[u16], width: usize, height: usize) -> Vec<u16> {
    const TILE: usize = 32;
    let mut turned = vec![0; values.len()];
    turned.par_chunks_mut(height * TILE).enumerate().for_each(|(band, rows)| {
        let first = band * TILE;
        for top in (0..height).step_by(TILE) {
            for (offset, row) in rows.chunks_mut(height).enumerate() {
                for y in top..(top + TILE).min(height) {
                    row[y] = values[y * width + first + offset];
                }
            }
        }
    });
    turned
}

#[cfg(test)]
mod tests {
    use super::super::test_masks::random_mask;
    use super::*;

    #[test]
    fn blur_keeps_even_areas_and_reaches_no_further_than_it_says() {
        let full = MaskPlane::from_values(30, 20, vec![255; 600]).unwrap();
        assert_eq!(full.blurred(7), full);
        for reach in [1, 2, 4, 9] {
            let mut dot = MaskPlane::empty(41, 41);
            dot.row_mut(20)[20] = 255;
            let dot = dot.grown(2);
            let blurred = dot.blurred(reach);
            let bounds = blurred.bounds().unwrap();
            assert!(bounds.left >= 18 - reach && bounds.right <= 23 + reach, "{reach}: {bounds:?}");
            assert_ne!(blurred, dot);
            let mut sideways = blurred.clone();
            for y in 0..41 {
                for x in 0..41 {
                    sideways.row_mut(y)[x as usize] = blurred.row(x)[y as usize];
                }
            }
            assert_eq!(sideways, blurred);
        }
    }

    #[test]
    fn a_feather_leaves_the_painted_part_whole_and_ends() {
        for seed in 0..10 {
            let mask = random_mask(seed).hardened();
            let reach = 1 + seed as u32 % 5;
            let feathered = mask.feathered(reach);
            assert!(feathered.values().iter().zip(mask.values()).all(|(soft, hard)| soft >= hard));
            let farthest = mask.grown((f64::from(reach) * 2.0 * std::f64::consts::SQRT_2).ceil() as u32 + 1);
            assert!(feathered.values().iter().zip(farthest.values()).all(|(soft, far)| *soft == 0 || *far > 0));
        }
    }
}
