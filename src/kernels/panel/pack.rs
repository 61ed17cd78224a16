//! From a weight as its file has it to panels.

use rayon::prelude::*;

use super::super::TAPS;
use super::super::aligned::Aligned;
use super::super::layer_form::PanelLayout;
use super::super::pages::Element;
use super::super::simd::pair;
use super::{PackedMatrix, Panel};

/// So many values of a row at once, that what is written stays in the cache while the lanes are read one by one.
const PACKED_AT_ONCE: usize = 16 * TAPS;

impl PackedMatrix {
    /// `values`, packed one step after the other, with two steps of each lane together.
    pub(super) fn paired(&self, values: &[f32]) -> Aligned<f32> {
        let (width, lanes, steps) = (self.level.panel_width(), self.level.lanes(), self.steps_of_panel());
        let mut pairs = Aligned::<f32>::zeros(self.value_count(steps));
        pairs.par_chunks_mut(width * steps).enumerate().for_each(|(index, out)| {
            let stride = self.panel(index).vectors * lanes;
            let from = &values[index * width * self.depth..][..stride * self.depth];
            for (out, both) in out.chunks_exact_mut(stride).zip(from.chunks(2 * stride)) {
                for (lane, out) in out.iter_mut().enumerate() {
                    *out = pair(both[lane], both.get(stride + lane).copied().unwrap_or(0.0));
                }
            }
        });
        pairs
    }

    /// The weight's row that stands in a panel's lane, if any does.
    pub(super) fn row_of(&self, panel: &Panel, lane: usize) -> Option<usize> {
        let half = panel.vectors * self.level.lanes() / 2;
        let (offset, base) = if self.gated && lane >= half { (lane - half, self.columns) } else { (lane, 0) };
        (offset < panel.columns).then_some(base + panel.first_column + offset)
    }

    /// A number for each row of the weight, in the panels' order; zeros where there is no column.
    pub(super) fn by_lane(&self, of_row: impl Fn(usize) -> f32) -> Vec<f32> {
        let lanes = self.level.lanes();
        let mut packed = vec![0.0; self.bias_count()];
        for index in 0..self.panel_count() {
            let panel = self.panel(index);
            for lane in 0..panel.vectors * lanes {
                if let Some(row) = self.row_of(&panel, lane) {
                    packed[panel.bias_start + lane] = of_row(row);
                }
            }
        }
        packed
    }

    /// `convert` gives a part of a row in the panels' format, in the buffer that it is given or as it is.
    pub(super) fn pack<F: Copy + Sync, T: Element>(
        &self,
        from: &[F],
        layout: PanelLayout,
        convert: impl for<'a> Fn(&'a [F], &'a mut [T]) -> &'a [T] + Sync,
    ) -> Aligned<T> {
        self.pack_rows(from, self.depth, layout, convert)
    }

    /// The same of rows of `length` pieces each.
    pub(super) fn pack_rows<F: Copy + Sync, T: Element>(
        &self,
        from: &[F],
        length: usize,
        layout: PanelLayout,
        convert: impl for<'a> Fn(&'a [F], &'a mut [T]) -> &'a [T] + Sync,
    ) -> Aligned<T> {
        let lanes = self.level.lanes();
        let mut values = Aligned::<T>::zeros(self.value_count(length));
        let full_panel = self.level.panel_width() * length;
        // A channel's taps stand together in the file and apart from each other in the panel.
        let taps = if layout.taps { TAPS } else { 1 };
        let channels = length / taps;
        values.par_chunks_mut(full_panel).enumerate().for_each(|(index, out)| {
            let panel = self.panel(index);
            let stride = panel.vectors * lanes;
            let mut converted = [T::default(); PACKED_AT_ONCE];
            let at_once = PACKED_AT_ONCE / taps;
            for first in (0..channels).step_by(at_once) {
                let count = at_once.min(channels - first);
                for lane in 0..stride {
                    let Some(row) = self.row_of(&panel, lane) else { continue };
                    let start = row * length + first * taps;
                    let part = convert(&from[start..start + count * taps], &mut converted[..count * taps]);
                    for tap in 0..taps {
                        let out = &mut out[(tap * channels + first) * stride..][..count * stride];
                        let column = out.chunks_exact_mut(stride);
                        if layout.taps {
                            for (out, channel) in column.zip(part.chunks_exact(TAPS)) {
                                out[lane] = channel[tap];
                            }
                        } else {
                            for (out, value) in column.zip(part.iter()) {
                                out[lane] = *value;
                            }
                        }
                    }
                }
            }
        });
        values
    }
}
