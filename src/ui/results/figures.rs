//! How far the run is, in short words for the status line.

use super::candidate::{Candidate, Candidates, Kind, Progress, Stage};
use crate::job::ModelPart;
use crate::ui::numbers::{duration, seconds};

/// Empty where there is nothing to show.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunFigures {
    pub step: String,
    /// Of the picture that is being made, 0 to 1.
    pub fraction: Option<f32>,
    pub per_step: String,
    /// Of the picture that is being made where others wait, else of all there is.
    pub left: String,
    /// How many rows wait, and what everything takes, where some do.
    pub waiting: String,
}

impl Candidates {
    /// `None` while nothing runs or waits.
    #[must_use]
    pub fn figures(&self, is_paused: bool) -> Option<RunFigures> {
        let running = self.running();
        let waiting = self.waiting_words();
        let rest = if waiting.is_empty() { self.seconds_left() } else { self.seconds_left_of_running() };
        let left = rest.map(|seconds| format!("{} left", duration(seconds))).unwrap_or_default();
        let begun = |step: String, fraction| RunFigures { step, fraction: Some(fraction), ..RunFigures::default() };
        let figures = match running.map(|candidate| &candidate.stage) {
            Some(Stage::Loading { part, fraction }) => begun(format!("loading {}", part_name(*part)), *fraction),
            Some(Stage::Running(progress)) if progress.done == progress.total => begun("decoding".into(), 1.0),
            Some(Stage::Running(progress)) => RunFigures {
                per_step: format!("{} s/step", seconds(progress.seconds_per_step)),
                ..begun(format!("step {}/{}", progress.done, progress.total), progress.fraction())
            },
            None if self.is_busy() && is_paused => RunFigures { step: "paused".into(), ..RunFigures::default() },
            Some(Stage::Waiting | Stage::Done(_)) | None if self.is_busy() => begun("starting".into(), 0.0),
            Some(Stage::Waiting | Stage::Done(_)) | None => return None,
        };
        Some(RunFigures { left, waiting, ..figures })
    }

    /// "5 waiting · 1 min", or, where only more of the same is to come, "picture 2 of 4 · 12 s".
    #[must_use]
    pub fn waiting_words(&self) -> String {
        let words = match (self.rows().len(), self.running_row()) {
            (0, Some(running)) if !running.rest.is_empty() => {
                format!("picture {} of {}", running.number, running.count)
            }
            (0, _) => return String::new(),
            (rows, _) => format!("{rows} waiting"),
        };
        match self.seconds_left() {
            Some(seconds) => format!("{words} · {}", duration(seconds)),
            None => words,
        }
    }

    /// What the rest of the running picture will take; `None` before there is a measure.
    #[must_use]
    pub fn seconds_left_of_running(&self) -> Option<f64> {
        match self.running().map(|candidate| &candidate.stage) {
            Some(Stage::Running(progress)) if progress.done > 0 => Some(progress.seconds_left()),
            _ => None,
        }
        .filter(|seconds| *seconds > 0.0)
    }

    /// What the rest of the running picture and everything behind it will take; `None` before there is a measure.
    #[must_use]
    pub fn seconds_left(&self) -> Option<f64> {
        let behind: Option<f64> = self.waiting().map(|candidate| self.whole_seconds(candidate)).sum();
        let current = match (self.running(), self.measured()) {
            (_, Some((_, progress))) => progress.seconds_left(),
            (Some(candidate), None) => self.whole_seconds(candidate)?,
            (None, None) => 0.0,
        };
        // Nothing is said of a decoder alone: it has no measure.
        Some(current + behind?).filter(|seconds| *seconds > 0.0)
    }

    /// The one that is being made, once it has made a step.
    fn measured(&self) -> Option<(&Candidate, &Progress)> {
        let candidate = self.running()?;
        match &candidate.stage {
            Stage::Running(progress) if progress.done > 0 => Some((candidate, progress)),
            _ => None,
        }
    }

    /// A whole picture, as one like it took, or by the steps of the one that runs.
    pub(in crate::ui) fn whole_seconds(&self, candidate: &Candidate) -> Option<f64> {
        let request = &candidate.request;
        let enlarges = |one: &Candidate| matches!(one.kind, Kind::Upscale(_));
        let is_alike = |other: &Candidate| {
            enlarges(other) == enlarges(candidate)
                && other.request.model == request.model
                && other.request.steps == request.steps
                && other.request.mask.is_some() == request.mask.is_some()
                && other.size_px() == candidate.size_px()
        };
        let measured = |other: &&Candidate| other.made().is_some_and(|made| made.seconds > 0.0) && is_alike(other);
        let made = self.list.iter().rev().find(measured).and_then(Candidate::made);
        made.map(|made| made.seconds).or_else(|| {
            let (other, progress) = self.measured().filter(|(other, _)| !enlarges(other) && !enlarges(candidate))?;
            let share = f64::from(request.steps) / f64::from(other.request.steps.max(1));
            Some(progress.seconds_per_step * f64::from(progress.total) * share)
        })
    }
}

fn part_name(part: ModelPart) -> &'static str {
    match part {
        ModelPart::Tokenizer => "words",
        ModelPart::TextEncoder => "text",
        ModelPart::Unet => "UNet",
        ModelPart::Vae => "VAE",
        ModelPart::Upscaler => "upscaler",
        ModelPart::Control => "control",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::{JobId, Request};

    fn candidate(job: u64, steps: u32, stage: Stage) -> Candidate {
        let request = Request { steps, ..Request::default() };
        Candidate {
            job: JobId(job),
            press: job,
            kind: Kind::Drawn,
            request,
            frame: None,
            estimated_seconds: None,
            stage,
        }
    }

    #[test]
    fn the_time_left_is_the_whole_queues() {
        let progress = Progress { done: 10, total: 20, seconds_per_step: 0.5, preview: None };
        let mut candidates = Candidates::default();
        candidates.list.push(candidate(1, 20, Stage::Running(progress)));
        assert_eq!(candidates.seconds_left(), Some(5.0));
        candidates.list.push(candidate(2, 20, Stage::Waiting));
        candidates.list.push(candidate(3, 40, Stage::Waiting));
        assert_eq!(candidates.seconds_left(), Some(5.0 + 10.0 + 20.0));
        let figures = candidates.figures(false).unwrap();
        assert_eq!((figures.left.as_str(), figures.waiting.as_str()), ("5.0 s left", "2 waiting · 35 s"));
    }

    #[test]
    fn nothing_is_promised_before_there_is_a_measure() {
        let mut candidates = Candidates::default();
        candidates.list.push(candidate(1, 20, Stage::Waiting));
        assert_eq!(candidates.seconds_left(), None);
    }
}
