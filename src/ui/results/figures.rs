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
        let running = self.all_running();
        let waiting = self.waiting_words();
        let rest = if waiting.is_empty() { self.seconds_left() } else { self.seconds_left_of_running() };
        let left = rest.map(|seconds| format!("{} left", duration(seconds))).unwrap_or_default();
        let figures = match running[..] {
            [] if self.is_busy() && is_paused => RunFigures { step: "paused".into(), ..RunFigures::default() },
            [] if self.is_busy() => {
                RunFigures { step: "starting".into(), fraction: Some(0.0), ..RunFigures::default() }
            }
            [] => return None,
            [one] => one.figures(),
            _ => of_several(&running),
        };
        Some(RunFigures { left, waiting, ..figures })
    }

    /// "5 waiting · 1 min", or, where only more of the same is to come, "picture 2 of 4 · 12 s".
    #[must_use]
    pub fn waiting_words(&self) -> String {
        // The last of those that are made at once.
        let running = self.running_rows().into_iter().max_by_key(|row| row.number);
        let words = match (self.rows().len(), running) {
            (0, Some(running)) if !self.waiting_of(running.picture.press).is_empty() => {
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

    /// What the rest of the running picture will take, of several the longest; `None` before there is a measure.
    #[must_use]
    pub fn seconds_left_of_running(&self) -> Option<f64> {
        let running = self.all_running().into_iter();
        running.filter_map(Candidate::seconds_left).filter(|seconds| *seconds > 0.0).max_by(f64::total_cmp)
    }

    /// What the rest of what is being made and everything behind it will take; `None` before there is a measure.
    #[must_use]
    pub fn seconds_left(&self) -> Option<f64> {
        let running = self.all_running();
        let mut devices: Vec<f64> = Vec::new();
        for candidate in &running {
            devices.push(candidate.seconds_left().or_else(|| self.whole_seconds(candidate))?);
        }
        devices.resize(devices.len().max(self.at_once).max(1), 0.0);
        // Each that waits goes to the device that is free first.
        for candidate in self.waiting() {
            let seconds = self.whole_seconds(candidate)?;
            if let Some(free) = devices.iter_mut().min_by(|one, other| one.total_cmp(other)) {
                *free += seconds;
            }
        }
        // Nothing is said of a decoder alone: it has no measure.
        devices.into_iter().max_by(f64::total_cmp).filter(|seconds| *seconds > 0.0)
    }

    /// One that is being made, once it has made a step.
    fn measured(&self) -> Option<(&Candidate, &Progress)> {
        self.all_running().into_iter().find_map(|candidate| Some((candidate, candidate.measure()?)))
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

impl Candidate {
    /// Once it has made a step.
    fn measure(&self) -> Option<&Progress> {
        match &self.stage {
            Stage::Running(progress) if progress.done > 0 => Some(progress),
            _ => None,
        }
    }

    /// What its remaining steps will take; `None` before there is a measure.
    #[must_use]
    pub fn seconds_left(&self) -> Option<f64> {
        self.measure().map(Progress::seconds_left)
    }

    /// Of it alone.
    #[must_use]
    pub fn figures(&self) -> RunFigures {
        let (step, fraction) = self.stage_words();
        let per_step = match &self.stage {
            Stage::Running(progress) if progress.done < progress.total => {
                format!("{} s/step", seconds(progress.seconds_per_step))
            }
            _ => String::new(),
        };
        RunFigures { step, fraction: Some(fraction), per_step, ..RunFigures::default() }
    }

    /// How far it is, in words, and from 0 to 1.
    fn stage_words(&self) -> (String, f32) {
        match &self.stage {
            Stage::Loading { part, fraction } => (format!("loading {}", part_name(*part)), *fraction),
            Stage::Running(progress) if progress.done == progress.total => ("decoding".into(), 1.0),
            Stage::Running(progress) => (format!("step {}/{}", progress.done, progress.total), progress.fraction()),
            Stage::Waiting => ("starting".into(), 0.0),
            Stage::Done(_) => (String::new(), 1.0),
        }
    }
}

/// Of pictures that are made at once: their steps together.
fn of_several(running: &[&Candidate]) -> RunFigures {
    let steps: Vec<(u32, u32)> = running
        .iter()
        .filter_map(|candidate| match &candidate.stage {
            Stage::Running(progress) => Some((progress.done, progress.total)),
            _ => None,
        })
        .collect();
    let (done, total) = steps.iter().fold((0, 0), |(done, total), step| (done + step.0, total + step.1));
    let at_once = running.len();
    let step = match running.first() {
        Some(first) if steps.is_empty() => first.stage_words().0,
        _ => format!("steps {done}/{total}"),
    };
    let fraction = running.iter().map(|candidate| candidate.stage_words().1).sum::<f32>() / at_once as f32;
    let each: Vec<f64> =
        running.iter().filter_map(|one| one.measure()).map(|progress| progress.seconds_per_step).collect();
    let per_step = if each.is_empty() {
        String::new()
    } else {
        format!("{} s/step", seconds(each.iter().sum::<f64>() / each.len() as f64))
    };
    RunFigures { step, fraction: Some(fraction), per_step, ..RunFigures::default() }
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
    fn two_at_once_share_what_waits_and_show_their_steps_together() {
        let at = |done| Stage::Running(Progress { done, total: 20, seconds_per_step: 0.5, preview: None });
        let mut candidates = Candidates { at_once: 2, begun: vec![JobId(1), JobId(2)], ..Candidates::default() };
        candidates.list.push(candidate(1, 20, at(10)));
        candidates.list.push(candidate(2, 20, at(4)));
        assert_eq!(candidates.seconds_left(), Some(8.0));
        let figures = candidates.figures(false).unwrap();
        assert_eq!((figures.step.as_str(), figures.per_step.as_str()), ("steps 14/40", "0.50 s/step"));
        assert!((figures.fraction.unwrap() - 0.35).abs() < 1e-6 && figures.left == "8.0 s left");
        candidates.list.push(candidate(3, 20, Stage::Waiting));
        candidates.list.push(candidate(4, 20, Stage::Waiting));
        // One is free after 5 s and works till 15 s, the other till 18 s.
        assert_eq!(candidates.seconds_left(), Some(18.0));
        // A second device that nothing runs on takes half of it.
        candidates.list.remove(1);
        candidates.begun.pop();
        assert_eq!(candidates.seconds_left(), Some(15.0));
    }

    #[test]
    fn nothing_is_promised_before_there_is_a_measure() {
        let mut candidates = Candidates::default();
        candidates.list.push(candidate(1, 20, Stage::Waiting));
        assert_eq!(candidates.seconds_left(), None);
    }
}
