//! What is done to the predicted clean latents before they are used.

use super::{SchedulerConfig, SchedulerName};

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Bound {
    None,
    /// To `[-range, range]`.
    Clip {
        range: f32,
    },
    /// Dynamic thresholding, section 2.3 of Saharia et al. (2022), arXiv 2205.11487.
    Threshold {
        ratio: f32,
        max: f32,
    },
}

impl Bound {
    /// What `config` means to a scheduler that reads these keys at all; `clips` and `thresholds` name them.
    pub(crate) fn new(name: SchedulerName, config: &SchedulerConfig, clips: Option<bool>, thresholds: bool) -> Self {
        if thresholds && config.thresholding.unwrap_or(false) {
            Self::Threshold {
                ratio: config.dynamic_thresholding_ratio.unwrap_or(0.995),
                max: config.sample_max_value.unwrap_or(1.0),
            }
        } else if clips.is_some_and(|default| config.clips_sample_for(name, default)) {
            Self::Clip { range: config.clip_sample_range.unwrap_or(1.0).abs() }
        } else {
            Self::None
        }
    }

    pub(crate) fn apply(self, values: &mut [f32]) {
        match self {
            Self::None => {}
            Self::Clip { range } => values.iter_mut().for_each(|value| *value = value.clamp(-range, range)),
            Self::Threshold { ratio, max } => threshold(values, ratio, max),
        }
    }
}

/// What lies beyond the `ratio` quantile of the absolute values is cut, the rest is scaled by it.
fn threshold(values: &mut [f32], ratio: f32, max: f32) {
    let mut sorted: Vec<f32> = values.iter().map(|value| value.abs()).collect();
    sorted.sort_by(f32::total_cmp);
    let Some(last) = sorted.len().checked_sub(1) else { return };
    let rank = ratio.clamp(0.0, 1.0) * last as f32;
    let (low, high) = (rank.floor() as usize, (rank.ceil() as usize).min(last));
    let quantile = sorted[low] + (sorted[high] - sorted[low]) * (rank - rank.floor());
    let limit = quantile.max(1.0).min(max);
    for value in values {
        *value = value.max(-limit).min(limit) / limit;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholding_cuts_the_outliers_and_scales_the_rest() {
        // torch.quantile([1, 2, 4], 0.75) is 3.
        let mut values = [-1.0, 2.0, 4.0];
        threshold(&mut values, 0.75, 10.0);
        let wanted = [-1.0 / 3.0, 2.0 / 3.0, 1.0];
        assert!(values.iter().zip(wanted).all(|(found, wanted)| (found - wanted).abs() < 1e-6), "{values:?}");
    }
}
