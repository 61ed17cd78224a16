//! Takes the step of tone out of the place where a new part meets the old one.
//!
//! A network may draw a whole new side a little lighter than the picture beside it. Where both sides of the mask's edge are
//! nearly alike, what is missing is added inside, most at the edge and nothing further in. Where they differ more, something
//! else was drawn there, and it stays.

use rayon::prelude::*;

use super::geometry::picture_of;
use super::spread::{Known, between_cells, spread};
use crate::mask::{MaskPlane, PAINTED};
use crate::raster::Picture;

const CELL_PX: usize = 8;
/// From this difference on (of 255) the two sides are taken for two things.
const TWO_THINGS: f32 = 12.0;
/// So many cells inside nothing is added any more.
const REACH_CELLS: usize = 8;
/// The decoder goes from one tone to the other over so many pixels on both sides of the edge.
const TRANSITION_PX: u32 = 6;
/// The edge's own cells are passed over: there the network's cells hold some of both.
const EDGE_CELLS: usize = 1;

/// `drawn` with its part inside `mask` brought to `original` at the mask's edge. All of one size.
#[must_use]
pub fn bridge_tones(drawn: &Picture, original: &Picture, mask: &MaskPlane) -> Picture {
    let [width, _] = drawn.size();
    let grid = Grid::new(drawn, original, mask);
    let Some(mut added) = grid.steps() else { return drawn.clone() };
    spread(&mut added, grid.across, grid.down);
    let soft = mask.blurred(TRANSITION_PX);
    let mut rgba = drawn.rgba().to_vec();
    rgba.par_chunks_mut(width * 4).enumerate().for_each(|(y, row)| {
        for (x, pixel) in row.chunks_exact_mut(4).enumerate() {
            let share = f32::from(soft.values()[y * width + x]) / 255.0;
            if share == 0.0 {
                continue;
            }
            let tone = between_cells(&added, [grid.across, grid.down], CELL_PX, [x, y]);
            for (value, added) in pixel.iter_mut().zip(tone) {
                *value = (f32::from(*value) + added * share).round().clamp(0.0, 255.0) as u8;
            }
        }
    });
    picture_of(drawn.width(), drawn.height(), rgba)
}

/// Both pictures by cells.
struct Grid {
    across: usize,
    down: usize,
    /// The mean colour: drawn where all is masked, else the original's.
    colours: Vec<[f32; 3]>,
    /// 0 outside the mask; inside, how many cells the edge is away.
    depth: Vec<usize>,
}

impl Grid {
    fn new(drawn: &Picture, original: &Picture, mask: &MaskPlane) -> Self {
        let [width, height] = drawn.size();
        let (across, down) = (width.div_ceil(CELL_PX), height.div_ceil(CELL_PX));
        let cells: Vec<([f32; 3], bool)> = (0..across * down)
            .into_par_iter()
            .map(|cell| {
                let (left, top) = (cell % across * CELL_PX, cell / across * CELL_PX);
                let places = (top..(top + CELL_PX).min(height))
                    .flat_map(|y| (left..(left + CELL_PX).min(width)).map(move |x| y * width + x));
                let inside = places.clone().any(|place| mask.values()[place] >= PAINTED);
                let picture = if inside { drawn } else { original };
                let (mut sums, mut count) = ([0_u32; 3], 0_u32);
                for place in places {
                    count += 1;
                    for (channel, sum) in sums.iter_mut().enumerate() {
                        *sum += u32::from(picture.rgba()[place * 4 + channel]);
                    }
                }
                (sums.map(|sum| sum as f32 / count.max(1) as f32), inside)
            })
            .collect();
        let mut depth: Vec<usize> = cells.iter().map(|(_, inside)| if *inside { usize::MAX } else { 0 }).collect();
        for step in 1..=REACH_CELLS {
            let reached: Vec<usize> = (0..depth.len())
                .filter(|cell| {
                    depth[*cell] == usize::MAX && neighbours(*cell, across, down).any(|other| depth[other] == step - 1)
                })
                .collect();
            for cell in reached {
                depth[cell] = step;
            }
        }
        Self { across, down, colours: cells.into_iter().map(|(colour, _)| colour).collect(), depth }
    }

    /// What is missing at the edge, and nothing deep inside. `None` where nothing lies on both sides.
    fn steps(&self) -> Option<Vec<Known>> {
        let mut found = false;
        let steps = (0..self.depth.len()).map(|cell| {
            let (x, y) = (cell % self.across, cell / self.across);
            match self.depth[cell] {
                // Straight out of the mask and straight into it, beyond the edge's own cells.
                1 => {
                    let pairs = [(1, 0), (-1, 0), (0, 1), (0, -1)].map(|way| {
                        let outside = self.at(x, y, way, 1 + EDGE_CELLS)?;
                        let inside = self.at(x, y, (-way.0, -way.1), EDGE_CELLS)?;
                        (self.depth[outside] == 0 && self.depth[inside] > 1).then(|| {
                            [0, 1, 2].map(|channel| self.colours[outside][channel] - self.colours[inside][channel])
                        })
                    });
                    let pairs: Vec<[f32; 3]> = pairs.into_iter().flatten().collect();
                    if pairs.is_empty() {
                        return [0.0; 4];
                    }
                    found = true;
                    let mean = [0, 1, 2]
                        .map(|channel| pairs.iter().map(|pair| pair[channel]).sum::<f32>() / pairs.len() as f32);
                    let largest = mean.iter().fold(0.0_f32, |largest, value| largest.max(value.abs())) / TWO_THINGS;
                    let trust = 1.0 / (1.0 + largest.powi(4));
                    [mean[0] * trust, mean[1] * trust, mean[2] * trust, 1.0]
                }
                depth if depth >= REACH_CELLS => [0.0, 0.0, 0.0, 1.0],
                _ => [0.0; 4],
            }
        });
        let steps: Vec<Known> = steps.collect();
        found.then_some(steps)
    }

    fn at(&self, x: usize, y: usize, (dx, dy): (isize, isize), count: usize) -> Option<usize> {
        let count = isize::try_from(count).ok()?;
        let x = x.checked_add_signed(dx * count).filter(|x| *x < self.across)?;
        let y = y.checked_add_signed(dy * count).filter(|y| *y < self.down)?;
        Some(y * self.across + x)
    }
}

fn neighbours(cell: usize, across: usize, down: usize) -> impl Iterator<Item = usize> {
    let (x, y) = (cell % across, cell / across);
    let left = (x > 0).then(|| cell - 1);
    let right = (x + 1 < across).then_some(cell + 1);
    let above = (y > 0).then(|| cell - across);
    let below = (y + 1 < down).then_some(cell + across);
    [left, right, above, below].into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 200 wide, the right half masked and drawn in another tone; the decoder goes from one to the other over 8 pixels.
    fn bridged(left: [u8; 3], right: [u8; 3]) -> Picture {
        let (width, height) = (200, 64);
        let pixel = |[red, green, blue]: [u8; 3]| [red, green, blue, 255];
        let between = |left: [u8; 3], right: [u8; 3], x: u32| {
            let share = ((x as f32 - 95.5) / 8.0).clamp(0.0, 1.0);
            [0, 1, 2].map(|at| (f32::from(left[at]) * (1.0 - share) + f32::from(right[at]) * share).round() as u8)
        };
        let original = Picture::filled(width, height, pixel(left));
        let drawn: Vec<u8> = (0..width * height).flat_map(|place| pixel(between(left, right, place % width))).collect();
        let drawn = Picture::from_rgba(width, height, drawn).unwrap();
        let mut mask = MaskPlane::empty(width, height);
        for y in 0..height {
            mask.row_mut(y)[100..].fill(255);
        }
        bridge_tones(&drawn, &original, &mask)
    }

    #[test]
    fn a_step_of_tone_becomes_a_slope_and_ends() {
        let picture = bridged([108, 187, 250], [100, 184, 254]);
        let at = |x: usize| &picture.rgba()[(32 * 200 + x) * 4..][..3];
        for x in 80..112 {
            assert!(at(x)[0].abs_diff(108) <= 2 && at(x)[2].abs_diff(250) <= 2, "{x}: {:?}", at(x));
        }
        assert!((80..190).all(|x| at(x)[0].abs_diff(at(x + 1)[0]) <= 1), "no new step");
        assert_eq!(at(190), [100, 184, 254]);
        assert_eq!(at(50), [108, 187, 250]);
    }

    #[test]
    fn another_thing_keeps_its_colour() {
        let picture = bridged([108, 187, 250], [60, 160, 40]);
        assert!(picture.rgba()[(32 * 200 + 108) * 4].abs_diff(60) <= 1);
        assert!(picture.rgba()[(32 * 200 + 108) * 4 + 2].abs_diff(40) <= 2);
    }
}
