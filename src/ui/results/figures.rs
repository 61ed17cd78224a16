//! How far the run is, in short words for the status line.

use super::candidate::{Candidates, Stage};
use crate::job::ModelPart;
use crate::ui::numbers::{duration, seconds};

/// Empty where there is nothing to show.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunFigures {
    pub step: String,
    /// Of the run, 0 to 1.
    pub fraction: Option<f32>,
    pub per_step: String,
    pub left: String,
}

impl Candidates {
    /// `None` while nothing runs or waits.
    #[must_use]
    pub fn figures(&self) -> Option<RunFigures> {
        let begun = |step: String, fraction| RunFigures { step, fraction: Some(fraction), ..RunFigures::default() };
        Some(match self.running().map(|candidate| &candidate.stage) {
            Some(Stage::Loading { part, fraction }) => begun(format!("loading {}", part_name(*part)), *fraction),
            Some(Stage::Running(progress)) if progress.done == progress.total => begun("decoding".into(), 1.0),
            Some(Stage::Running(progress)) => RunFigures {
                step: format!("step {}/{}", progress.done, progress.total),
                fraction: Some(progress.fraction()),
                per_step: format!("{} s/step", seconds(progress.seconds_per_step)),
                left: format!("{} left", duration(progress.seconds_left())),
            },
            Some(Stage::Waiting | Stage::Done(_)) | None if self.is_busy() => begun("starting".into(), 0.0),
            Some(Stage::Waiting | Stage::Done(_)) | None => return None,
        })
    }
}

fn part_name(part: ModelPart) -> &'static str {
    match part {
        ModelPart::Tokenizer => "words",
        ModelPart::TextEncoder => "text",
        ModelPart::Unet => "UNet",
        ModelPart::Vae => "VAE",
    }
}
