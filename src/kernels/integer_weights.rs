//! Weights that are no whole numbers, rounded to some.

use rayon::prelude::*;

use super::aligned::Aligned;
use super::integer_panel::{GROUP, LARGEST_OF_BOTH, PanelNumbers};

/// A panel's weights, rounded.
pub(super) struct IntegerWeights {
    /// Two steps' numbers of each lane as one float's bits.
    numbers: Aligned<f32>,
    /// Of each group, lane after lane.
    scales: Aligned<f32>,
}

impl IntegerWeights {
    /// Whether rows of so many numbers are whole groups.
    pub(super) fn fits(depth: usize) -> bool {
        depth.is_multiple_of(GROUP)
    }

    /// What so many numbers take.
    pub(super) fn bytes_of(count: usize) -> usize {
        (count / 2 + count / GROUP) * size_of::<f32>()
    }

    pub(super) fn bytes(&self) -> usize {
        (self.numbers.len() + self.scales.len()) * size_of::<f32>()
    }

    /// Panels of `depth` steps, the last one of which may be narrower than `width`; all have whole vectors of `lanes`.
    pub(super) fn new(panels: &[f32], depth: usize, width: usize) -> Self {
        let (mut numbers, mut scales) = (Aligned::zeros(panels.len() / 2), Aligned::zeros(panels.len() / GROUP));
        let full = width * depth;
        let out = numbers.par_chunks_mut(full / 2).zip(scales.par_chunks_mut(full / GROUP));
        panels.par_chunks(full).zip(out).for_each(|(panel, (numbers, scales))| {
            let stride = panel.len() / depth;
            let out = numbers.chunks_exact_mut(GROUP / 2 * stride).zip(scales.chunks_exact_mut(stride));
            for (group, (numbers, scales)) in panel.chunks_exact(GROUP * stride).zip(out) {
                for (lane, scale) in scales.iter_mut().enumerate() {
                    let of_lane = || group[lane..].iter().step_by(stride);
                    let largest = of_lane().fold(0f32, |largest, value| largest.max(value.abs()));
                    // No number, where one of them is none.
                    *scale = largest / LARGEST_OF_BOTH + of_lane().map(|value| value * 0.0).sum::<f32>();
                    let inverse = if largest > 0.0 { LARGEST_OF_BOTH / largest } else { 0.0 };
                    let whole = |step: usize| (group[step * stride + lane] * inverse).round_ties_even() as i16;
                    for (pair, out) in numbers.chunks_exact_mut(stride).enumerate() {
                        let [first, second] = [whole(2 * pair), whole(2 * pair + 1)].map(i16::cast_unsigned);
                        out[lane] = f32::from_bits(u32::from(first) | (u32::from(second) << 16));
                    }
                }
            }
        });
        Self { numbers, scales }
    }

    /// Steps `first..first + count`, which are whole groups, of the panel of `stride` lanes whose values begin at `start`.
    pub(super) fn steps(&self, start: usize, stride: usize, first: usize, count: usize) -> PanelNumbers<'_> {
        let range = |each: usize| (start + first * stride) / each..(start + (first + count) * stride) / each;
        PanelNumbers { numbers: &self.numbers[range(2)], scales: &self.scales[range(GROUP)], offsets: &[] }
    }
}
