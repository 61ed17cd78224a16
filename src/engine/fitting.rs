//! What of a request its model cannot do: refused before the job is taken, or brought to the nearest that it can. By the
//! model's small files alone; one that cannot be read is refused when it is loaded.

use super::candle::{files_of, work_grid};
use crate::job::{Request, SizeStep, WorkGrid};
use crate::pipeline::{Abilities, work_grid_of};
use crate::sampling::SamplingError;

/// Whether a size that is asked for is one that the model draws. A photo is brought to such a one by itself.
///
/// # Errors
/// Names the side, with the nearest that would do.
pub(crate) fn check_size(request: &Request) -> Result<(), SizeStep> {
    if request.init.is_some() || (request.width, request.height) == (None, None) {
        return Ok(());
    }
    let Some(grid) = work_grid(&request.model) else { return Ok(()) };
    let (width, height) = grid.size_of(request);
    grid.check(width, height)
}

/// Changes what the model cannot do to what is nearest to it; a sentence for each change.
pub(crate) fn fit(request: &mut Request) -> Vec<String> {
    let Ok(files) = files_of(&request.model) else { return Vec::new() };
    let mut said = Vec::new();
    if let Ok(grid) = work_grid_of(&files) {
        fit_size(request, grid, &mut said);
    }
    if let Ok(abilities) = Abilities::read(&files) {
        fit_sampling(request, &abilities, &mut said);
        if let (Some(skip), Some(most)) = (request.clip_skip, abilities.most_clip_skip())
            && skip > most
        {
            request.clip_skip = Some(most);
            said.push(format!("clip skip {skip} was taken as {most}, the most that this model has"));
        }
    }
    said
}

fn fit_size(request: &mut Request, grid: WorkGrid, said: &mut Vec<String>) {
    let cell = grid.cell_px;
    for (name, side) in [("width", &mut request.width), ("height", &mut request.height)] {
        if let Some(found) = *side
            && !found.is_multiple_of(cell)
        {
            let taken = (found / cell * cell).max(cell);
            said.push(format!("{name} {found} was taken as {taken}, a multiple of {cell}, as this model needs it"));
            *side = Some(taken);
        }
    }
}

/// First the number of steps gives way, then the sigmas, then the scheduler.
fn fit_sampling(request: &mut Request, abilities: &Abilities, said: &mut Vec<String>) {
    if let Some(SamplingError::Steps { scheduler, min, max, .. }) = abilities.sampling_error(request) {
        let found = request.steps;
        let taken = if (found as usize) < min { min } else { max } as u32;
        request.steps = taken;
        said.push(format!("{found} steps were taken as {taken}: {} takes from {min} to {max}", scheduler.label()));
    }
    if abilities.sampling_error(request).is_none() {
        return;
    }
    let whose = request.scheduler.map_or("the model's own scheduler", |scheduler| scheduler.label());
    if let Some(sigmas) = request.sigmas.take() {
        if abilities.sampling_error(request).is_none() {
            said.push(format!("the schedule {} is left out: {whose} does not take it with this model", sigmas.id()));
            return;
        }
        request.sigmas = Some(sigmas);
    }
    let Some(scheduler) = request.scheduler.take() else { return };
    let label = scheduler.label();
    said.push(format!("the sampler {label} cannot be used with this model; the model's own is taken instead"));
    if let Some(sigmas) = request.sigmas.filter(|_| abilities.sampling_error(request).is_some()) {
        request.sigmas = None;
        said.push(format!("the schedule {} is left out with its sampler", sigmas.id()));
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::job::ModelRef;
    use crate::sampling::{SchedulerName, SigmaChoice};

    fn model(name: &str) -> ModelRef {
        ModelRef::Folder(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/data").join(name).join("model"))
    }

    #[test]
    fn what_a_model_cannot_do_comes_to_the_nearest_and_is_said() {
        use SchedulerName::{EulerAncestral, Lcm};
        let steps = Request::DEFAULT_STEPS;
        for (name, scheduler, sigmas, asked, wanted, said) in [
            ("sd1", None, Some(SigmaChoice::Karras), steps, (None, None, steps), 1),
            ("sd1", Some(Lcm), None, 60, (Some(Lcm), None, 50), 1),
            ("sd1", Some(EulerAncestral), None, steps, (Some(EulerAncestral), None, steps), 0),
            ("z-image", Some(EulerAncestral), None, steps, (None, None, steps), 1),
            ("z-image", None, Some(SigmaChoice::Karras), steps, (None, Some(SigmaChoice::Karras), steps), 0),
        ] {
            let mut request = Request { model: model(name), scheduler, sigmas, steps: asked, ..Request::default() };
            let notices = fit(&mut request);
            assert_eq!((request.scheduler, request.sigmas, request.steps), wanted, "{name} {scheduler:?}: {notices:?}");
            assert_eq!(notices.len(), said, "{name}: {notices:?}");
        }
    }

    #[test]
    fn sides_and_clip_skip_are_those_that_the_model_has() {
        let mut request = Request { model: model("sd1"), width: Some(67), clip_skip: Some(12), ..Request::default() };
        assert!(check_size(&request).unwrap_err().to_string().contains("width must be a multiple of"));
        let said = fit(&mut request).join("\n");
        assert!(check_size(&request).is_ok() && request.width < Some(67), "{said}");
        assert!(said.contains("width 67 was taken as") && said.contains("clip skip 12 was taken as"), "{said}");
        assert!(fit(&mut request).is_empty(), "what fits stays as it is");
    }
}
