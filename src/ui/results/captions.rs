//! The words under the strip's tiles: the prompt, and where several have the same one, what sets them apart.

use std::borrow::Cow;
use std::collections::HashMap;

use super::candidate::Candidate;
use crate::job::{ModelRef, Request};

/// Of a long number, so many figures at its end are shown.
const FIGURES: usize = 6;

/// A caption for each.
pub(super) fn of(candidates: &[Candidate]) -> Vec<Cow<'_, str>> {
    let mut by_prompt: HashMap<&str, Vec<&Request>> = HashMap::new();
    for candidate in candidates {
        by_prompt.entry(&candidate.request.prompt).or_default().push(&candidate.request);
    }
    let caption = |candidate: &'_ Candidate| {
        let request = &candidate.request;
        let same = by_prompt.get(request.prompt.as_str()).map_or(&[][..], Vec::as_slice);
        difference(request, same)
    };
    candidates
        .iter()
        .map(|candidate| match caption(candidate) {
            Some(words) => Cow::Owned(words),
            None => Cow::Borrowed(first_line(&candidate.request.prompt)),
        })
        .collect()
}

fn first_line(prompt: &str) -> &str {
    let line = prompt.lines().next().unwrap_or_default();
    if line.trim().is_empty() { "no words" } else { line }
}

/// The first thing in which they are not all alike. What is left to the model is known when the picture is there: until then
/// it tells nothing apart.
fn difference(request: &Request, same: &[&Request]) -> Option<String> {
    let differs = |is_alike: &dyn Fn(&Request) -> bool| same.iter().any(|other| !is_alike(other));
    let strength = |request: &Request| request.init.as_ref().map(|init| init.strength.to_bits());
    if differs(&|other| other.model == request.model) {
        return Some(model_name(&request.model));
    }
    if let Some(scheduler) = request.scheduler
        && differs(&|other| other.scheduler.is_none_or(|other| other == scheduler))
    {
        return Some(scheduler.label().to_owned());
    }
    if differs(&|other| other.steps == request.steps) {
        return Some(format!("{} steps", request.steps));
    }
    if let Some(guidance) = request.guidance
        && differs(&|other| other.guidance.is_none_or(|other| other.to_bits() == guidance.to_bits()))
    {
        return Some(format!("CFG {guidance}"));
    }
    // A part that was filled has a size of its own, and its picture the canvas's.
    if let Some(size) = request.width.zip(request.height).filter(|_| request.mask.is_none())
        && differs(&|other| other.width.zip(other.height).is_none_or(|other| other == size))
    {
        return Some(format!("{}×{}", size.0, size.1));
    }
    if differs(&|other| strength(other) == strength(request)) {
        return Some(request.init.as_ref().map_or("new".to_owned(), |init| format!("denoise {:.2}", init.strength)));
    }
    if differs(&|other| other.seed == request.seed) {
        return Some(short(request.seed));
    }
    None
}

fn model_name(model: &ModelRef) -> String {
    let stem = model.path().map(|path| path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned());
    stem.unwrap_or_else(|| model.built_in_name().unwrap_or_default().to_owned())
}

/// "41", or "…654321".
fn short(seed: u64) -> String {
    let figures = seed.to_string();
    match figures.len().checked_sub(FIGURES) {
        None | Some(0) => format!("seed {figures}"),
        Some(surplus) => format!("…{}", &figures[surplus..]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::JobId;
    use crate::sampling::SchedulerName;
    use crate::ui::results::candidate::{Kind, Stage};

    fn candidates(requests: Vec<Request>) -> Vec<Candidate> {
        let one = |(number, request)| Candidate {
            job: JobId(number),
            press: number,
            kind: Kind::Drawn,
            request,
            frame: None,
            estimated_seconds: None,
            stage: Stage::Waiting,
        };
        (0..).zip(requests).map(one).collect()
    }

    #[test]
    fn equal_words_are_named_by_what_differs() {
        let castle = |seed, steps| Request { prompt: "a castle at night".into(), seed, steps, ..Request::default() };
        let fox = Request { prompt: "a fox\nin snow".into(), ..Request::default() };
        assert_eq!(of(&candidates(vec![castle(41, 20), fox.clone()])), ["a castle at night", "a fox"]);
        let seeds = candidates(vec![castle(41, 20), castle(1_234_567_890, 20), fox]);
        assert_eq!(of(&seeds), ["seed 41", "…567890", "a fox"]);
        assert_eq!(of(&candidates(vec![castle(41, 20), castle(41, 30)])), ["20 steps", "30 steps"]);
    }

    #[test]
    fn what_a_model_chooses_by_itself_sets_no_picture_apart_before_it_is_known() {
        let fox = |seed, scheduler, guidance| Request {
            prompt: "a fox".into(),
            seed,
            scheduler,
            guidance,
            ..Request::default()
        };
        let (ddim, euler) = (Some(SchedulerName::Ddim), Some(SchedulerName::Euler));
        let made_and_waiting = candidates(vec![fox(1, ddim, Some(7.5)), fox(2, ddim, Some(7.5)), fox(3, None, None)]);
        assert_eq!(of(&made_and_waiting), ["seed 1", "seed 2", "seed 3"]);
        let two = candidates(vec![fox(1, ddim, None), fox(2, euler, None), fox(3, None, None)]);
        assert_eq!(of(&two), ["DDIM", "Euler", "seed 3"]);
    }
}
