//! How often the reading of a model is reported: it has hundreds of parts, and nobody sees more than some steps of a bar.

use std::cell::Cell;

use crate::job::ModelPart;

/// Of the whole model.
const STEPS: f32 = 50.0;

/// What was reported last.
#[derive(Default)]
pub(crate) struct LoadingSteps(Cell<Option<(ModelPart, u32)>>);

impl LoadingSteps {
    /// Whether `fraction` of the model, 0 to 1, is another step than the last one that was asked about.
    pub(crate) fn is_new(&self, part: ModelPart, fraction: f32) -> bool {
        let step = Some((part, (fraction * STEPS) as u32));
        self.0.replace(step) != step
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_of_many_parts_is_reported_in_some_steps_and_to_its_end() {
        let steps = LoadingSteps::default();
        let parts = [(ModelPart::TextEncoder, 0..150), (ModelPart::Unet, 150..900), (ModelPart::Vae, 900..1001)];
        let all =
            parts.into_iter().flat_map(|(part, numbers)| numbers.map(move |number| (part, number as f32 / 1000.0)));
        let seen: Vec<_> = all.filter(|(part, fraction)| steps.is_new(*part, *fraction)).collect();
        assert!((50..=54).contains(&seen.len()), "{}", seen.len());
        assert!(seen.windows(2).all(|pair| pair[1].1 - pair[0].1 < 0.03), "{seen:?}");
        assert_eq!(seen.last(), Some(&(ModelPart::Vae, 1.0)));
    }
}
