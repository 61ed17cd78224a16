//! Classifier-free guidance: how the passes with and without the prompt become one prediction.

use super::prompt_plan::is_undivided;
use crate::job::Request;

/// Ho and Salimans (2022), arXiv 2207.12598, with the rescaling of Lin et al. (2023), arXiv 2305.08891, section 3.4.
#[derive(Clone, Copy, Debug)]
pub(super) struct Guidance {
    /// 1 is none.
    pub scale: f32,
    /// How far the deviation is brought back to the conditional prediction's, 0 to 1.
    pub rescale: f32,
    /// The share of the schedule after which the conditional pass goes on alone.
    until: f64,
}

impl Guidance {
    pub(crate) fn new(scale: f64, request: &Request) -> Self {
        Self { scale: scale as f32, rescale: request.guidance_rescale as f32, until: request.guidance_until }
    }

    /// Whether model call `index` of `calls` is still guided.
    pub(crate) fn is_on(&self, index: usize, calls: usize) -> bool {
        self.until >= 1.0 || (index as f64) < self.until * calls as f64
    }

    /// One prediction of two.
    pub(crate) fn combined(&self, against: &[f32], towards: &[f32]) -> Vec<f32> {
        let guided: Vec<f32> =
            against.iter().zip(towards).map(|(against, towards)| against + self.scale * (towards - against)).collect();
        self.rescaled(guided, towards)
    }

    /// One prediction of one without the prompt and of the prompt's parts, `towards` one after the other, each by its
    /// weight (Liu et al., 2022, arXiv 2206.01714).
    pub(crate) fn composed(&self, against: &[f32], towards: &[f32], weights: &[f32]) -> Vec<f32> {
        self.combined(against, &composed(against, towards, weights))
    }

    /// `guided` with its deviation brought back to that of `towards`.
    pub(crate) fn rescaled(&self, mut guided: Vec<f32>, towards: &[f32]) -> Vec<f32> {
        if self.rescale > 0.0 {
            let factor = deviation(towards) / deviation(&guided);
            let factor = (f64::from(self.rescale) * factor + 1.0 - f64::from(self.rescale)) as f32;
            for value in &mut guided {
                *value *= factor;
            }
        }
        guided
    }
}

/// The parts without guidance; without a prediction against them, the first one is what the others differ from, as in
/// AUTOMATIC1111 where it leaves that pass out.
pub(super) fn parts_alone(parts: &[f32], weights: &[f32]) -> Vec<f32> {
    let first = &parts[..parts.len() / weights.len().max(1)];
    if weights.len() < 2 { first.to_vec() } else { composed(first, parts, weights) }
}

/// `from`, and what each part differs from it times its weight; a single part is as it is.
pub(super) fn composed(from: &[f32], parts: &[f32], weights: &[f32]) -> Vec<f32> {
    if is_undivided(weights) {
        return parts.to_vec();
    }
    let mut sum = from.to_vec();
    for (part, weight) in parts.chunks_exact(from.len().max(1)).zip(weights) {
        for ((sum, part), from) in sum.iter_mut().zip(part).zip(from) {
            *sum += weight * (part - from);
        }
    }
    sum
}

/// Unbiased, as `torch.std`.
fn deviation(values: &[f32]) -> f64 {
    let count = values.len() as f64;
    let mean = values.iter().copied().map(f64::from).sum::<f64>() / count;
    let sum: f64 = values.iter().map(|value| (f64::from(*value) - mean).powi(2)).sum();
    (sum / (count - 1.0)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guidance(rescale: f64, until: f64) -> Guidance {
        Guidance::new(3.0, &Request { guidance_rescale: rescale, guidance_until: until, ..Request::default() })
    }

    #[test]
    fn a_full_rescale_keeps_the_conditional_deviation() {
        let (against, towards) = ([0.0, 0.5, -1.0], [1.0, -1.0, 2.0]);
        assert_eq!(guidance(0.0, 1.0).combined(&against, &towards), [3.0, -4.0, 8.0]);
        let rescaled = guidance(1.0, 1.0).combined(&against, &towards);
        assert!((deviation(&rescaled) - deviation(&towards)).abs() < 1e-6, "{rescaled:?}");
        assert!((rescaled[0] / rescaled[1] + 0.75).abs() < 1e-6, "the direction stays: {rescaled:?}");
    }

    #[test]
    fn parts_count_by_their_weights() {
        let guidance = guidance(0.0, 1.0);
        let (against, parts) = ([0.0, 1.0], [1.0, 3.0, -2.0, 1.0]);
        assert_eq!(guidance.composed(&against, &parts[..2], &[1.0]), guidance.combined(&against, &parts[..2]));
        assert_eq!(guidance.composed(&against, &parts[..2], &[0.5]), [1.5, 4.0]);
        // 3 · (0.5 · (1, 2) - 1 · (-2, 0))
        assert_eq!(guidance.composed(&against, &parts, &[0.5, -1.0]), [7.5, 4.0]);
        assert_eq!(parts_alone(&parts, &[1.0, 0.5]), [-0.5, 2.0]);
        assert_eq!(parts_alone(&parts[..2], &[0.5]), [1.0, 3.0]);
    }

    #[test]
    fn guidance_ends_where_it_is_told() {
        let guided = |until: f64| (0..10).filter(|index| guidance(0.0, until).is_on(*index, 10)).count();
        assert_eq!([guided(1.0), guided(0.7), guided(0.0)], [10, 7, 0]);
    }
}
